//! `--state`: a stream that is stopped goes on where it was.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use caltrop_core::{
    compiled::RuleSet,
    config::Options,
    engine::{Engine, Restored},
};
use caltrop_host::{FileError, Occasion, Positions, Saved, StateFile};
use jiff::Timestamp;

use crate::output::{counted, note};

/// No state is larger in its file, whatever `--max-state` says, in bytes.
const MAX_STATE_FILE_BYTES: u64 = 4 << 30;

/// Where the state of a stream is saved, and how often.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    file: StateFile,
    every_s: f64,
    saved_s: f64,
    source: Source,
}

/// What a stream is read from, which decides what a program that was killed has lost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// Files that are followed, each from where the state left it.
    Followed,
    /// Whatever is given to the program this time.
    Given,
}

impl Checkpoints {
    /// Saves to `path`, at most every `every_s` seconds.
    pub(crate) fn new(path: &Path, every_s: f64, source: Source) -> Self {
        let file = StateFile::new(path, MAX_STATE_FILE_BYTES);
        Self { file, every_s, saved_s: f64::NEG_INFINITY, source }
    }

    /// The engine and the positions that were saved; new ones where nothing was. Says of when they are, and what is not among
    /// them.
    ///
    /// # Errors
    /// When there is a file that is no state, or that cannot be read.
    pub(crate) fn resume(
        &self,
        rules: Arc<RuleSet>,
        options: Options,
        path: &Path,
    ) -> Result<(Engine, Positions)> {
        let Some(bytes) = self.file.load()? else {
            return Ok((Engine::new(rules, options), Positions::default()));
        };
        let help = || format!("{}: remove the file to start anew", path.display());
        let saved = Saved::from_bytes(&bytes).with_context(help)?;
        let (engine, restored) = Engine::load(rules, options, &saved.engine).with_context(help)?;
        note(format_args!(
            "{}: going on with {}, as of {:.3}",
            path.display(),
            counted(restored.windows, "open window"),
            Timestamp::from_nanosecond(saved.at_ns.into()).expect("64 bits are in its range"),
        ));
        if saved.occasion == Occasion::Checkpoint {
            note(format_args!("  the program did not end in order: {}", self.source.loss()));
        }
        note_left_out(&restored);
        Ok((engine, saved.positions))
    }

    /// Whether it is time to save.
    pub(crate) fn is_due(&self, now_s: f64) -> bool {
        now_s - self.saved_s >= self.every_s
    }

    /// Saves the state of this moment.
    ///
    /// # Errors
    /// When the file cannot be written; what was saved before is still there.
    pub(crate) fn save(&mut self, saved: &Saved, now_s: f64) -> Result<(), FileError> {
        self.saved_s = now_s;
        self.file.save(&saved.to_bytes())
    }
}

impl Source {
    /// What has become of the events that came between a checkpoint and the end of a program that was killed.
    fn loss(self) -> &'static str {
        match self {
            Self::Followed => {
                "what followed files have got since then is read again, and its alerts come again with the same keys"
            }
            Self::Given => {
                "open windows lack the events that it took after that, unless they are among the inputs again"
            }
        }
    }
}

fn note_left_out(restored: &Restored) {
    for left in &restored.left_out {
        let windows = counted(left.windows, "open window");
        let retained = counted(left.retained, "closed one");
        note(format_args!("  {windows} and {retained} of {} left out: {}", left.path, left.reason));
    }
}
