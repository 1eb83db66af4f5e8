//! Any bytes as the text that is searched: UTF-16 as UTF-8, the binary event logs of Windows as XML, all else as it is.

use std::io::{self, Chain, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::decode::Decoded;
use crate::evtx::{self, Evtx};
use crate::utf16::{self, Utf16};

/// What was met while bytes were rendered. The reader may be on another thread.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Bytes of the input, compressed as they are.
    pub(crate) consumed: AtomicU64,
    /// Halves of characters that had no other half: U+FFFD stands for each.
    pub(crate) replaced: AtomicU64,
    /// Records of an event log that could not be rendered.
    pub(crate) bad_records: AtomicU64,
    /// Why the first of them could not.
    pub(crate) first_bad_record: OnceLock<String>,
}

impl Tally {
    /// Takes note of a record that is left out.
    #[cfg_attr(not(feature = "evtx"), expect(dead_code, reason = "only event logs have records"))]
    pub(crate) fn note_bad_record(&self, reason: impl FnOnce() -> String) {
        self.bad_records.fetch_add(1, Ordering::Relaxed);
        self.first_bad_record.get_or_init(reason);
    }
}

/// The text of `R`.
pub(crate) struct Rendered<R: Read> {
    form: Form<Headed<R>>,
    tally: Arc<Tally>,
}

/// A reader whose first bytes were read already.
type Headed<R> = Chain<Cursor<Vec<u8>>, Decoded<R>>;

enum Form<R> {
    Utf8(R),
    Utf16(Utf16<R>),
    Evtx(Evtx<R>),
}

/// So many bytes tell what a file is.
const HEAD_BYTES: u64 = 8;

impl<R: Read> Rendered<R> {
    /// Reads the first bytes to see what they are.
    pub(crate) fn new(mut decoded: Decoded<R>, tally: Arc<Tally>) -> io::Result<Self> {
        let mut head = Vec::new();
        decoded.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        let (order, is_event_log) = (utf16::order(&head), evtx::is_event_log(&head));
        let headed = Cursor::new(head).chain(decoded);
        let form = match order {
            _ if is_event_log => Form::Evtx(Evtx::new(headed, Arc::clone(&tally))?),
            Some(order) => Form::Utf16(Utf16::new(headed, order, Arc::clone(&tally))),
            None => Form::Utf8(headed),
        };
        Ok(Self { form, tally })
    }

    fn decoded(&self) -> &Decoded<R> {
        let headed = match &self.form {
            Form::Utf8(reader) => reader,
            Form::Utf16(reader) => reader.reader(),
            Form::Evtx(reader) => reader.reader(),
        };
        headed.get_ref().1
    }
}

impl<R: Read> Read for Rendered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.form {
            Form::Utf8(reader) => reader.read(out),
            Form::Utf16(reader) => reader.read(out),
            Form::Evtx(reader) => reader.read(out),
        };
        self.tally.consumed.store(self.decoded().consumed(), Ordering::Relaxed);
        count
    }
}
