//! Event files: found, opened, decompressed, taken apart into events.
//!
//! Whatever an input holds, reading it takes bounded memory, and what is wrong *in* it (an event too long, bytes that are no
//! UTF-8, a record of an event log that is damaged) is counted and never ends it. Only what is wrong *with* it (it cannot be
//! opened, it is cut off in the middle of compressed data, it grows beyond its limits) is an error, and it comes after the
//! events before it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use caltrop_core::config::Input as Written;

use crate::decode::Decoded;
use crate::error::{FileError, Place};
use crate::events::{Events, More};
use crate::live::Live;
use crate::rendered::{Rendered, Tally};
use crate::walk::{end_of, files_below};

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// What one input may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputLimits {
    /// Longer events are cut to so many bytes, and counted. 1 MiB by default.
    pub max_event_bytes: usize,
    /// A compressed input that grows beyond so many times what was read of it is given up. 10,000 by default: real logs reach
    /// a few hundred. The first 64 MiB are free.
    pub max_expansion: u64,
    /// A compressed input that grows beyond so many bytes is given up. No limit by default.
    pub max_decompressed_bytes: u64,
}

impl Default for InputLimits {
    fn default() -> Self {
        Self { max_event_bytes: 1 << 20, max_expansion: 10_000, max_decompressed_bytes: u64::MAX }
    }
}

/// What was met while an input was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputCounters {
    /// Decompressed bytes, line ends included.
    pub bytes: u64,
    /// Events given out.
    pub events: u64,
    /// Events that were cut to `max_event_bytes`.
    pub truncated: u64,
    /// Events that are not UTF-8; they are given out as they are. Of UTF-16, those that hold half a character: U+FFFD stands for it.
    pub invalid_utf8: u64,
    /// Records of a Windows event log that are damaged; they are left out.
    pub bad_records: u64,
    /// Where the first event was cut.
    pub first_truncated: Option<Place>,
    /// Where the first byte stands that is not UTF-8.
    pub first_invalid_utf8: Option<Place>,
    /// What is wrong with the first record that is damaged.
    pub first_bad_record: Option<String>,
}

impl InputCounters {
    /// The one message that an input's reader owes its user; `None` when all was well.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let parts = [
            (self.truncated, self.first_truncated, "cut at max_event_bytes"),
            (self.invalid_utf8, self.first_invalid_utf8, "not UTF-8"),
        ];
        let mut parts: Vec<String> = parts
            .iter()
            .filter_map(|(count, first, what)| Some((count, first.as_ref()?, what)))
            .map(|(count, first, what)| {
                format!("{count} of {} events {what} (first at {first})", self.events)
            })
            .collect();
        parts.extend(self.first_bad_record.as_ref().map(|reason| {
            format!("{} damaged records left out (first: {reason})", self.bad_records)
        }));
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl InputCounters {
    /// Takes note of the event found last. A character that the cut has halved is no fault of it.
    pub(crate) fn note(&mut self, events: &Events, has_replacements: bool) {
        self.events += 1;
        let (event, line) = (events.event(), events.event_line());
        if events.is_cut() {
            self.truncated += 1;
            self.first_truncated.get_or_insert(Place { line, column: 1 });
        }
        if let Some(valid) = invalid_from(event, events.is_cut(), has_replacements) {
            self.invalid_utf8 += 1;
            self.first_invalid_utf8.get_or_insert_with(|| {
                let place = end_of(valid, event);
                Place { line: line + place.line - 1, ..place }
            });
        }
    }
}

/// Where `event` stops being text.
fn invalid_from(event: &[u8], is_cut: bool, has_replacements: bool) -> Option<usize> {
    if has_replacements {
        return memchr::memmem::find(event, "\u{fffd}".as_bytes());
    }
    // PERF: 12 GB/s on mostly ASCII events, so each is checked (one run, one core, 68 MB of Windows XML).
    let error = std::str::from_utf8(event).err()?;
    let is_halved = is_cut && error.error_len().is_none();
    (!is_halved).then_some(error.valid_up_to())
}

/// One open input.
pub struct Input {
    name: PathBuf,
    reader: Box<dyn Read + Send>,
    events: Events,
    more: More,
    has_failed: bool,
    tally: Arc<Tally>,
    /// What is counted here; the rest is asked of `events` and `tally`.
    counters: InputCounters,
}

/// What an input has to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// An event, without its line end. It is never empty.
    Event(&'a [u8]),
    /// None for now. Only of an input that was opened with [`Input::open_live`].
    Quiet,
    /// None any more.
    End,
}

impl Input {
    /// Opens a file, or standard input when `path` is `-`. What it holds is known by its first bytes, whatever its name: gzip and
    /// zstd, UTF-16, the event logs of Windows. `written` says how events are written, so where they end.
    ///
    /// # Errors
    /// When it cannot be opened or its first bytes cannot be read.
    pub fn open(path: &Path, written: Written, limits: InputLimits) -> Result<Self, FileError> {
        let file = open_file(path).map_err(|error| FileError::new(path, error))?;
        Self::from_reader(path, file, written, limits)
    }

    /// The same, read on a thread of its own: where no byte comes for `wait`, [`Input::poll_event`] says so. It cannot fail before the
    /// first read.
    #[must_use]
    pub fn open_live(path: &Path, written: Written, limits: InputLimits, wait: Duration) -> Self {
        let tally = Arc::new(Tally::default());
        let (file, of_thread) = (path.to_owned(), Arc::clone(&tally));
        let open = move || Rendered::new(Decoded::new(open_file(&file)?, limits)?, of_thread);
        Self::new(path, Box::new(Live::start(open, wait)), tally, written, limits)
    }

    /// An input of anything that reads; `name` is what errors call it.
    ///
    /// # Errors
    /// When its first bytes cannot be read.
    pub fn from_reader(
        name: &Path,
        reader: Box<dyn Read + Send>,
        written: Written,
        limits: InputLimits,
    ) -> Result<Self, FileError> {
        let tally = Arc::new(Tally::default());
        let rendered = Decoded::new(reader, limits)
            .and_then(|decoded| Rendered::new(decoded, Arc::clone(&tally)))
            .map_err(|error| FileError::new(name, error))?;
        Ok(Self::new(name, Box::new(rendered), tally, written, limits))
    }

    fn new(
        name: &Path,
        reader: Box<dyn Read + Send>,
        tally: Arc<Tally>,
        written: Written,
        limits: InputLimits,
    ) -> Self {
        let events = Events::new(written, limits.max_event_bytes);
        let (name, counters) = (name.to_owned(), InputCounters::default());
        Self { name, reader, events, more: More::MayCome, has_failed: false, tally, counters }
    }

    /// The next event; `None` at the end. An input that was opened with [`Input::open_live`] is waited for.
    ///
    /// # Errors
    /// When reading fails, or a limit of decompression is passed. The events that were read before it come first; the input is
    /// then at its end for good.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>, FileError> {
        while !self.find_next()? {
            if self.more == More::Ended {
                return Ok(None);
            }
        }
        Ok(Some(self.events.event()))
    }

    /// The next event, if there is one now.
    ///
    /// # Errors
    /// Those of [`Input::next_event`].
    pub fn poll_event(&mut self) -> Result<Next<'_>, FileError> {
        Ok(match self.find_next()? {
            true => Next::Event(self.events.event()),
            false if self.more == More::Ended => Next::End,
            false => Next::Quiet,
        })
    }

    /// Does not wait any longer for what may belong to an event that may be complete. Half a line, and what opens a bracket or
    /// an element and has not closed it yet, are held all the same.
    pub fn flush(&mut self) {
        if self.more == More::MayCome {
            self.more = More::Quiet;
        }
    }

    /// Whether there is another event; if not, none has come for now, or the input has ended.
    fn find_next(&mut self) -> Result<bool, FileError> {
        while !self.has_failed {
            if self.events.find_next(self.more) {
                let has_replacements = self.tally.replaced.load(Ordering::Relaxed) > 0;
                self.counters.note(&self.events, has_replacements);
                return Ok(true);
            }
            if self.more == More::Ended {
                return Ok(false);
            }
            self.more = More::MayCome;
            match self.events.fill(&mut self.reader) {
                Ok(0) => self.more = More::Ended,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => {
                    (self.more, self.has_failed) = (More::Ended, true);
                    return Err(FileError::new(&self.name, error));
                }
            }
        }
        Ok(false)
    }

    /// The event that was found last.
    #[must_use]
    pub fn last_event(&self) -> &[u8] {
        self.events.event()
    }

    /// What errors and messages call it.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The byte at which the last event starts, of the text that was rendered: orders events of one input.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.events.event_position()
    }

    /// The line in which the last event starts, from 1; empty lines count.
    #[must_use]
    pub fn line_number(&self) -> u64 {
        self.events.event_line()
    }

    /// How many bytes of the file were read, compressed as they are: for progress.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.tally.consumed.load(Ordering::Relaxed)
    }

    /// What was met so far.
    #[must_use]
    pub fn counters(&self) -> InputCounters {
        InputCounters {
            bytes: self.events.position(),
            bad_records: self.tally.bad_records.load(Ordering::Relaxed),
            first_bad_record: self.tally.first_bad_record.get().cloned(),
            ..self.counters.clone()
        }
    }
}

fn open_file(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    Ok(if path == Path::new(STANDARD_INPUT) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    })
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The files that `paths` name, in their order: a folder stands for the files below it, by name, without hidden ones.
///
/// Nothing is opened: a file that is not there is found out by [`Input::open`]. A folder that cannot be listed is an error here.
#[must_use]
pub fn input_files<P: AsRef<Path>>(paths: &[P]) -> (Vec<PathBuf>, Vec<FileError>) {
    let mut errors = Vec::new();
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if path.is_dir() && path != Path::new(STANDARD_INPUT) {
            files.extend(files_below(path, &mut errors));
        } else {
            files.push(path.to_owned());
        }
    }
    (files, errors)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const TEXT: &[u8] = b"first\r\nsecond\nthird";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    /// Gives one byte a read.
    struct Drip(io::Cursor<Vec<u8>>);

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let end = out.len().min(1);
            self.0.read(&mut out[..end])
        }
    }

    fn input(bytes: Vec<u8>, limits: InputLimits) -> Input {
        let reader = Box::new(io::Cursor::new(bytes));
        Input::from_reader(Path::new("events"), reader, Written::Auto, limits).unwrap()
    }

    /// The events up to the end or the first error, and that error.
    fn events(input: &mut Input) -> (Vec<Vec<u8>>, Option<String>) {
        let mut events = Vec::new();
        loop {
            match input.next_event() {
                Ok(Some(event)) => events.push(event.to_vec()),
                Ok(None) => return (events, None),
                Err(error) => return (events, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn every_compression_gives_the_same_events_even_byte_by_byte() {
        let two_members = [gzip(b"first\r\nsec"), gzip(b"ond\nthird")].concat();
        let two_frames = [zstd(b"first\r\nsec"), zstd(b"ond\nthird")].concat();
        for bytes in [TEXT.to_vec(), gzip(TEXT), zstd(TEXT), two_members, two_frames] {
            let drip = Box::new(Drip(io::Cursor::new(bytes.clone())));
            let limits = InputLimits::default();
            let dripping = Input::from_reader(Path::new("events"), drip, Written::Auto, limits);
            for mut input in [input(bytes, InputLimits::default()), dripping.unwrap()] {
                let (events, error) = events(&mut input);
                assert_eq!(events, [b"first".to_vec(), b"second".to_vec(), b"third".to_vec()]);
                assert_eq!(error, None);
                let counters = InputCounters { bytes: 19, events: 3, ..InputCounters::default() };
                assert_eq!((input.counters(), input.position()), (counters, 14));
            }
        }
    }

    #[test]
    fn inputs_shorter_than_a_magic_number_are_plain() {
        for bytes in [&b""[..], b"a", b"\x1f", b"\x28\xb5\x2f"] {
            let (events, error) = events(&mut input(bytes.to_vec(), InputLimits::default()));
            assert_eq!((events.concat(), error), (bytes.to_vec(), None));
        }
    }

    #[test]
    fn data_that_is_cut_off_is_an_error_after_the_events_before_it() {
        let text: String =
            (0..50_000_u64).map(|n| format!("{:x}\n", n * 0x9e37_79b9_7f4a)).collect();
        for whole in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
            let half = whole[..whole.len() / 2].to_vec();
            let mut input = input(half, InputLimits::default());
            let (events, error) = events(&mut input);
            assert!(events.len() > 1_000 && events.len() < 50_000, "{}", events.len());
            assert!(error.is_some_and(|error| error.starts_with("events: ")));
            assert!(input.next_event().unwrap().is_none(), "an input ends at its first error");
        }
    }

    #[test]
    fn data_that_grows_too_much_is_given_up_with_the_name_of_the_limit() {
        let small = InputLimits { max_decompressed_bytes: 1_000, ..InputLimits::default() };
        let flat = InputLimits { max_expansion: 10, ..InputLimits::default() };
        let bomb = vec![b'x'; 100 << 20];
        for (limits, name) in [(small, "(max_decompressed_bytes)"), (flat, "(max_expansion)")] {
            for bytes in [gzip(&bomb), zstd(&bomb)] {
                let mut input = input(bytes, limits);
                let (events, error) = events(&mut input);
                assert!(error.as_ref().is_some_and(|error| error.ends_with(name)), "{error:?}");
                assert!(events.len() < 2 && input.counters().bytes < 80 << 20);
            }
        }
    }

    #[test]
    fn plain_data_has_no_limit_of_growth() {
        let limits =
            InputLimits { max_decompressed_bytes: 1, max_expansion: 0, ..InputLimits::default() };
        assert_eq!(events(&mut input(TEXT.to_vec(), limits)).1, None);
    }

    #[test]
    fn long_events_and_events_that_are_not_utf8_are_counted_and_given_out() {
        let limits = InputLimits { max_event_bytes: 4, ..InputLimits::default() };
        let bytes = b"abcdef\na\xc3\xa9\n\nabc\xc3\xa9\na\xff\nok\n".to_vec();
        let mut input = input(bytes, limits);
        let (events, _) = events(&mut input);
        assert_eq!(events, [&b"abcd"[..], "a\u{e9}".as_bytes(), b"abc\xc3", b"a\xff", b"ok"]);
        let counters = input.counters();
        assert_eq!((counters.truncated, counters.invalid_utf8, counters.events), (2, 1, 5));
        let expected = "2 of 5 events cut at max_event_bytes (first at 1:1); \
             1 of 5 events not UTF-8 (first at 5:2)";
        assert_eq!(counters.complaint().as_deref(), Some(expected));
        let fine = InputCounters { events: 5, ..InputCounters::default() };
        assert_eq!(fine.complaint(), None);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_event() {
        let bytes = b"\xef\xbb\xbffirst\nsecond\n".to_vec();
        let (events, _) = events(&mut input(bytes, InputLimits::default()));
        assert_eq!(events, [&b"first"[..], b"second"]);
    }

    #[test]
    fn a_folder_stands_for_its_visible_files_by_name() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("b")).unwrap();
        for name in ["c.log", "a.xml.gz", "b/x", ".hidden"] {
            fs::write(root.path().join(name), gzip(TEXT)).unwrap();
        }
        let (files, errors) = input_files(&[root.path(), Path::new("-"), Path::new("absent")]);
        assert!(errors.is_empty(), "{errors:?}");
        let expected = ["a.xml.gz", "b/x", "c.log"].map(|name| root.path().join(name));
        assert_eq!(files[..3], expected);
        assert_eq!(files[3..], [PathBuf::from("-"), PathBuf::from("absent")]);
        let mut input = Input::open(&files[1], Written::Auto, InputLimits::default()).unwrap();
        assert_eq!(events(&mut input).0.len(), 3, "known by its bytes, not by its name");
    }

    #[test]
    fn an_input_that_is_not_there_names_itself() {
        let error = Input::open(Path::new("no/such.xml"), Written::Auto, InputLimits::default())
            .unwrap_err();
        assert!(error.to_string().starts_with("no/such.xml: "), "{error}");
        assert!(error.is_io());
    }
}
