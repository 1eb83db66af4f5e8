//! What Lua holds: one box behind one userdata, with everything that outlives a call.
//!
//! A panic in the engine ends there. From then on events pass unseen, and are counted; the host lives.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
};

use caltrop_shipper::detector::{Level, on_large_stack};

use crate::{
    event::{Keys, Read},
    fields::Fields,
    options::Options,
    outgoing,
    stream::{Stream, log},
};

/// An engine as Lua sees it.
#[derive(Default)]
pub struct Handle {
    /// The options, while they are read.
    pub options: Options,
    /// Where events hold what.
    pub keys: Keys,
    /// The fields of the event that is read.
    pub fields: Fields,
    /// Events that are no logs.
    pub foreign: u64,
    /// `None` before it starts, and after it was closed.
    stream: Option<Stream>,
    /// What is to be raised as an error.
    error: Vec<u8>,
    metrics: VecDeque<Box<[u8]>>,
    unseen: u64,
    panics: u64,
}

impl Handle {
    /// Starts what the options say; false, and an error to raise, where it cannot be.
    pub fn start(&mut self) -> bool {
        match guarded(|| started(&self.options)) {
            Ok(Ok((keys, stream))) => {
                (self.keys, self.stream) = (keys, Some(stream));
                true
            }
            Ok(Err(errors)) => {
                self.error = errors.join("\n").into();
                false
            }
            Err(text) => {
                self.error = format!("a mistake in caltrop, please report it: {text}").into();
                false
            }
        }
    }

    /// Does `work` with the stream; `None` where it has ended, or where it panics now or has done so before.
    pub fn enter<T>(&mut self, work: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        enter(&mut self.stream, &mut self.panics, work)
    }

    /// Shows the event that `read` reads to the engine.
    pub fn push(&mut self, read: impl for<'k> FnOnce(&'k Keys, &mut Fields) -> Read<'k>) {
        let Self { keys, fields, stream, panics, .. } = self;
        let event = read(keys, fields);
        let is_seen = enter(stream, panics, |stream| stream.push(&event, fields)).is_some();
        self.unseen += u64::from(!is_seen);
    }

    /// The oldest alert that waits.
    pub fn take(&mut self) -> Option<Box<[u8]>> {
        self.stream.as_mut()?.take()
    }

    /// What is to be raised as an error.
    #[must_use]
    pub fn error(&self) -> &[u8] {
        &self.error
    }

    /// How many alerts wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.stream.as_ref().map_or(0, Stream::pending)
    }

    /// Every counter, by its name.
    #[must_use]
    pub fn figures(&self) -> Vec<(&'static str, u64)> {
        let stream = self.stream.as_ref();
        let mut figures =
            stream.map(|stream| stream.figures(self.fields.lost())).unwrap_or_default();
        figures.extend([
            ("foreign_events", self.foreign),
            ("unseen_events", self.unseen),
            ("panics", self.panics),
        ]);
        figures
    }

    /// Makes metric events of every counter, and of the alerts of each rule that has sent any.
    pub fn measure(&mut self) {
        let figures = self.figures();
        let all = figures.iter().map(|(name, number)| outgoing::metric(name, *number, None));
        let alerts = self.stream.iter().flat_map(Stream::alerts);
        let by_rule =
            alerts.map(|(rule, number)| outgoing::metric("rule_alerts", *number, Some(rule)));
        self.metrics = all.chain(by_rule).collect();
    }

    /// The next of the metric events.
    pub fn take_metric(&mut self) -> Option<Box<[u8]>> {
        self.metrics.pop_front()
    }

    /// Looks at the rule files now; false, and an error to tell, where the old rules stay.
    pub fn reload(&mut self) -> bool {
        match self.enter(Stream::reload) {
            Some(Ok(_)) => return true,
            Some(Err(errors)) => self.error = errors.join("\n").into(),
            None => self.error = b"the engine has ended".to_vec(),
        }
        false
    }

    /// Ends the stream and lets it go.
    pub fn close(&mut self) {
        self.enter(Stream::end);
        // What has panicked may do so again when it is dropped. Its memory is the lesser loss.
        let stream = self.stream.take();
        if self.panics > 0 {
            std::mem::forget(stream);
        } else {
            let _ = guarded(|| drop(stream));
        }
    }
}

fn enter<T>(
    stream: &mut Option<Stream>,
    panics: &mut u64,
    work: impl FnOnce(&mut Stream) -> T,
) -> Option<T> {
    let stream = stream.as_mut().filter(|stream| *panics == 0 && !stream.is_ended())?;
    match guarded(|| work(stream)) {
        Ok(done) => Some(done),
        Err(text) => {
            *panics += 1;
            let end = "events pass unseen from now on";
            log(Level::Error, &format!("a mistake in caltrop, please report it: {text}; {end}"));
            None
        }
    }
}

fn started(options: &Options) -> Result<(Keys, Stream), Vec<String>> {
    let setup = options.setup()?;
    let keys = Keys::new(&setup)
        .map_err(|error| vec![format!("a key of an event has no zero byte: {error}")])?;
    let stream = on_large_stack(|| Stream::start(setup));
    let stream = stream.map_err(|error| vec![format!("no thread to compile rules: {error}")])??;
    Ok((keys, stream))
}

/// Does `work`; the message of a panic where there is one.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(panic_text)
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = format!("panic: {}", text.unwrap_or("without a message"));
    // What a panic carries may itself panic when it is dropped. A few bytes are the lesser loss.
    std::mem::forget(payload);
    text
}
