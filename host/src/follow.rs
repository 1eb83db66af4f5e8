//! Files that grow, followed through rotation.
//!
//! A file is known by its device, its inode and its first bytes, never by its name alone. So one that is renamed is read to
//! its end before the one that takes its name, one that is emptied in place is read from its start again, and after a restart
//! each is found again where [`Positions`] left it, also under another name.
//!
//! Nothing here waits or reads a clock: the caller asks again and again, and says what time it is. It is not good at files
//! that a tool truncates between two looks after it has copied them: what was written in between is in the copy only.

use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use caltrop_core::config::Input as Written;

use crate::error::{FileError, Kind};
use crate::events::{Events, More};
use crate::inputs::{InputCounters, InputLimits};
use crate::positions::{HEAD_BYTES, Identity, Position, Positions};
use crate::{evtx, utf16, walk};

/// An event that may be complete waits so long for what may belong to it, in seconds.
const HOLD_S: f64 = 5.0;

/// A file whose name another has taken is read so much longer, in seconds: its writer may not know yet.
const GRACE_S: f64 = 2.0;

/// A set of files that are followed.
#[derive(Debug)]
pub struct Follow {
    tails: Vec<Tail>,
    /// The file that is read first at the next look: each has its turn.
    turn: usize,
    errors: Vec<FileError>,
    written: Written,
    limits: InputLimits,
}

/// One event of a followed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed<'a> {
    /// The number of the file among those that are followed.
    pub file: usize,
    /// The event, without its line end. It is never empty.
    pub event: &'a [u8],
    /// How many bytes have been read under the file's path before the event, also in files that have lost their name to another
    /// and in runs before this one: orders the events of one path.
    pub position: u64,
}

/// One path, and the files that are read under it: the front is read, those behind it wait.
#[derive(Debug)]
struct Tail {
    path: PathBuf,
    files: VecDeque<Source>,
    counters: InputCounters,
    /// The bytes of the files that were read to their end.
    passed: u64,
    /// Whether the reason why it cannot be read has been told.
    is_told: bool,
}

/// A file that is open.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    file: File,
    identity: Identity,
    head: Vec<u8>,
    modified_ns: u64,
    events: Events,
    /// Where `events` began to read, and how far the file was read.
    start: u64,
    read: u64,
    /// When it last grew; `None` before it was looked at.
    grown_s: Option<f64>,
    /// Whether the last look found nothing new.
    is_at_end: bool,
}

impl Follow {
    /// Follows `paths` from where `positions` left them, those that it does not know from their start. A file that is not there
    /// yet is awaited.
    #[must_use]
    pub fn open(
        paths: &[PathBuf],
        written: Written,
        limits: InputLimits,
        positions: &Positions,
    ) -> Self {
        let mut follow = Self { tails: Vec::new(), turn: 0, errors: Vec::new(), written, limits };
        for path in paths {
            let mut tail = Tail::new(path);
            if let Some(position) = positions.of(&path.to_string_lossy())
                && let Err(error) = tail.resume(position, written, limits)
            {
                follow.errors.push(error);
            }
            follow.tails.push(tail);
        }
        follow
    }

    /// The next event of any of the files; `None` if there is none now: ask again after a while. `now_s` are the seconds of a
    /// clock that never goes back.
    pub fn next_event(&mut self, now_s: f64) -> Option<Followed<'_>> {
        let count = self.tails.len();
        let turns = (0..count).map(|offset| (self.turn + offset) % count);
        let found = turns.into_iter().find(|&number| {
            let tail = &mut self.tails[number];
            match tail.find_next(now_s, self.written, self.limits) {
                Ok(is_found) => is_found,
                Err(error) => {
                    self.errors
                        .extend((!std::mem::replace(&mut tail.is_told, true)).then_some(error));
                    false
                }
            }
        })?;
        self.turn = found;
        let tail = &self.tails[found];
        let source = tail.files.front()?;
        let in_file = source.start + source.events.event_position();
        let position = tail.passed.saturating_add(in_file);
        Some(Followed { file: found, event: source.events.event(), position })
    }

    /// Lets the next file be asked first: for callers that have taken many events of one.
    pub fn take_turns(&mut self) {
        self.turn = (self.turn + 1) % self.tails.len().max(1);
    }

    /// What has gone wrong since this was last asked: each trouble of a file once, until the file can be read again.
    pub fn take_errors(&mut self) -> Vec<FileError> {
        std::mem::take(&mut self.errors)
    }

    /// How far the files have been read, up to the events that were given out.
    #[must_use]
    pub fn positions(&self) -> Positions {
        Positions { files: self.tails.iter().filter_map(Tail::position).collect() }
    }

    /// The path of a file, and what was met in it so far.
    #[must_use]
    pub fn counters(&self, file: usize) -> (&Path, InputCounters) {
        let tail = &self.tails[file];
        (&tail.path, tail.counters.clone())
    }

    /// How many files are followed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tails.len()
    }

    /// Whether no file is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }
}

impl Tail {
    fn new(path: &Path) -> Self {
        let (files, counters) = (VecDeque::new(), InputCounters::default());
        Self { path: path.to_owned(), files, counters, passed: 0, is_told: false }
    }

    /// Finds the file of `position` again, wherever it is now, and what has come after it.
    fn resume(
        &mut self,
        position: &Position,
        written: Written,
        limits: InputLimits,
    ) -> Result<(), FileError> {
        self.passed = position.passed;
        let mut candidates = vec![self.path.clone()];
        candidates.extend(self.rotated());
        let found = candidates.into_iter().find_map(|path| {
            let source = Source::open(&path, position.offset, written, limits).ok()?;
            source.continues(position).then_some(source)
        });
        let Some(source) = found else {
            return Err(FileError::new(&self.path, Kind::Lost { offset: position.offset }));
        };
        let (is_current, modified_ns) = (source.path == self.path, position.modified_ns);
        let identity = source.identity;
        self.files.push_back(source);
        if !is_current {
            self.add_successors(identity, modified_ns, written, limits);
        }
        Ok(())
    }

    /// Whether there is another event, which is the front file's then.
    fn find_next(
        &mut self,
        now_s: f64,
        written: Written,
        limits: InputLimits,
    ) -> Result<bool, FileError> {
        if self.files.is_empty() && !self.open_path(written, limits)? {
            return Ok(false);
        }
        self.is_told = false;
        while let Some(source) = self.files.front_mut() {
            if source.find_next(now_s).map_err(|error| FileError::new(&self.path, error))? {
                self.counters.note(&source.events, false);
                return Ok(true);
            }
            if !self.is_over(now_s) {
                return Ok(false);
            }
            if self.files.front_mut().is_some_and(Source::find_last) {
                let source = &self.files[0];
                self.counters.note(&source.events, false);
                return Ok(true);
            }
            self.go_on(written, limits)?;
        }
        Ok(false)
    }

    /// Opens what stands at the path; false if nothing does yet.
    fn open_path(&mut self, written: Written, limits: InputLimits) -> Result<bool, FileError> {
        match Source::open(&self.path, 0, written, limits) {
            Ok(source) => {
                self.files.push_back(source);
                Ok(true)
            }
            Err(Kind::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(kind) => Err(FileError::new(&self.path, kind)),
        }
    }

    /// Whether nothing more will come to the front file: another waits behind it or has taken its name, or it was emptied.
    fn is_over(&self, now_s: f64) -> bool {
        let Some(source) = self.files.front() else { return false };
        if self.files.len() > 1 || source.is_emptied() {
            return true;
        }
        let is_quiet = source.grown_s.is_some_and(|grown_s| now_s - grown_s >= GRACE_S);
        let at_path = self.path.metadata().ok().map(|metadata| identity(&metadata));
        is_quiet && at_path.is_some_and(|found| found != source.identity)
    }

    /// Leaves the front file for the next.
    fn go_on(&mut self, written: Written, limits: InputLimits) -> Result<(), FileError> {
        let Some(mut source) = self.files.pop_front() else { return Ok(()) };
        self.passed = self.passed.saturating_add(source.read);
        if source.is_emptied() {
            source.restart(written, limits).map_err(|error| FileError::new(&self.path, error))?;
            self.files.push_front(source);
        } else if self.files.is_empty() {
            self.add_successors(source.identity, source.modified_ns, written, limits);
        }
        Ok(())
    }

    /// Opens the files that were written after the one of `identity`, the oldest first: those that were rotated in the meantime,
    /// then the one at the path.
    fn add_successors(
        &mut self,
        identity: Identity,
        modified_ns: u64,
        written: Written,
        limits: InputLimits,
    ) {
        let open = |path: &PathBuf| Source::open(path, 0, written, limits).ok();
        let mut rotated: Vec<Source> = self.rotated().iter().filter_map(open).collect();
        let current = open(&self.path);
        let at_path = current.as_ref().map(|source| source.identity);
        rotated.retain(|source| {
            source.modified_ns > modified_ns
                && source.identity != identity
                && Some(source.identity) != at_path
        });
        rotated.sort_by_key(|source| source.modified_ns);
        self.files.extend(rotated);
        self.files.extend(current.filter(|source| source.identity != identity));
    }

    /// The files beside the path whose names go on behind its name, as those of rotated files do.
    fn rotated(&self) -> Vec<PathBuf> {
        let Some(name) = self.path.file_name() else { return Vec::new() };
        let folder = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let entries = walk::visible_entries(folder.unwrap_or(Path::new("."))).unwrap_or_default();
        let is_rotated = |entry: &fs::DirEntry| {
            let found = entry.file_name();
            let rest = found.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
            rest.is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-' | b'_')))
        };
        entries.iter().filter(|entry| is_rotated(entry)).map(fs::DirEntry::path).collect()
    }

    fn position(&self) -> Option<Position> {
        let source = self.files.front()?;
        Some(Position {
            path: self.path.to_string_lossy().into_owned(),
            offset: source.start + source.events.resume_position(),
            passed: self.passed,
            identity: source.identity,
            modified_ns: source.modified_ns,
            head: source.head.clone(),
        })
    }
}

impl Source {
    fn open(path: &Path, offset: u64, written: Written, limits: InputLimits) -> Result<Self, Kind> {
        let mut file = regular_file(path)?;
        let head = head(&mut file)?;
        if let Some(what) = not_followed(&head) {
            return Err(Kind::NotFollowed { what });
        }
        file.seek(SeekFrom::Start(offset))?;
        let metadata = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&metadata),
            modified_ns: modified_ns(&metadata),
            file,
            head,
            events: Events::new(written, limits.max_event_bytes),
            start: offset,
            read: offset,
            grown_s: None,
            is_at_end: true,
        })
    }

    /// Whether this is the file that `position` was in: by its first bytes, and by its inode unless they are enough.
    fn continues(&self, position: &Position) -> bool {
        let is_long = self.file.metadata().is_ok_and(|found| found.len() >= position.offset);
        let is_known = self.identity == position.identity || position.head.len() == HEAD_BYTES;
        is_long && is_known && self.head.starts_with(&position.head)
    }

    /// Whether there is another event in what the file holds now.
    fn find_next(&mut self, now_s: f64) -> io::Result<bool> {
        let grown_s = *self.grown_s.get_or_insert(now_s);
        loop {
            if self.events.find_next(More::MayCome) {
                return Ok(true);
            }
            if self.is_at_end && self.is_emptied() {
                return Ok(false);
            }
            let count = self.events.fill(&mut self.file)?;
            self.is_at_end = count == 0;
            if count == 0 {
                return Ok(now_s - grown_s >= HOLD_S && self.events.find_next(More::Quiet));
            }
            self.read += crate::buffer::as_u64(count);
            self.grown_s = Some(now_s);
            self.note_growth();
        }
    }

    /// Whether there is another event in a file that is over.
    fn find_last(&mut self) -> bool {
        self.events.find_next(More::Ended)
    }

    fn note_growth(&mut self) {
        if self.head.len() < HEAD_BYTES
            && let Ok(head) = head_at(&self.file)
        {
            self.head = head;
        }
        if let Ok(metadata) = self.file.metadata() {
            self.modified_ns = modified_ns(&metadata);
        }
    }

    /// Whether the file was cut short, or starts with other bytes than before.
    fn is_emptied(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.len() < self.read)
            || head_at(&self.file).is_ok_and(|head| !head.starts_with(&self.head))
    }

    /// Reads the file from its start again.
    fn restart(&mut self, written: Written, limits: InputLimits) -> io::Result<()> {
        self.head = head(&mut self.file)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.events = Events::new(written, limits.max_event_bytes);
        (self.start, self.read, self.grown_s, self.is_at_end) = (0, 0, None, true);
        Ok(())
    }
}

fn regular_file(path: &Path) -> Result<File, Kind> {
    if !path.metadata()?.is_file() {
        return Err(Kind::NotFollowed { what: "what is no regular file" });
    }
    Ok(File::open(path)?)
}

/// What a file is that is not followed.
fn not_followed(head: &[u8]) -> Option<&'static str> {
    if crate::decode::is_compressed(head) {
        Some("a compressed file")
    } else if evtx::is_event_log(head) {
        Some("an event log of Windows")
    } else {
        utf16::order(head).map(|_| "UTF-16")
    }
}

/// The first bytes of a file, which is then read on behind them.
fn head(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut head = Vec::new();
    file.take(crate::buffer::as_u64(HEAD_BYTES)).read_to_end(&mut head)?;
    Ok(head)
}

/// The first bytes of a file that is read on where it was.
#[cfg(unix)]
fn head_at(file: &File) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut head = vec![0; HEAD_BYTES];
    let count = file.read_at(&mut head, 0)?;
    head.truncate(count);
    Ok(head)
}

#[cfg(not(unix))]
fn head_at(file: &File) -> io::Result<Vec<u8>> {
    let mut file = file;
    let place = file.stream_position()?;
    let mut head = Vec::new();
    file.rewind()?;
    file.take(crate::buffer::as_u64(HEAD_BYTES)).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(place))?;
    Ok(head)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Identity { device: metadata.dev(), inode: metadata.ino() }
}

/// Without inodes a file is known by when it was made.
#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    let created = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let created_ns = created.and_then(|since| u64::try_from(since.as_nanos()).ok());
    Identity { device: 0, inode: created_ns.unwrap_or_default() }
}

fn modified_ns(metadata: &Metadata) -> u64 {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
