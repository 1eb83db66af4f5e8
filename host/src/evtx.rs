//! The binary event logs of Windows as lines of XML, one a record, as Splunk's `XmlWinEventLog` indexes them.
//!
//! A log is read from front to back, chunk by chunk, so it may come from a pipe or be compressed, and takes the memory of one
//! chunk and of its text. A log that Windows has begun to overwrite starts with its newest records.

#[cfg(feature = "evtx")]
pub(crate) use with::Evtx;
#[cfg(not(feature = "evtx"))]
pub(crate) use without::Evtx;

const MAGIC: &[u8] = b"ElfFile\0";

/// Whether `head` starts an event log.
pub(crate) fn is_event_log(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

#[cfg(feature = "evtx")]
mod with {
    use std::io::{self, Read};
    use std::sync::Arc;

    use evtx::{EvtxChunkData, ParserSettings};
    use memchr::memmem;

    use crate::rendered::Tally;

    const HEADER_BYTES: u64 = 4096;
    const CHUNK_BYTES: u64 = 64 << 10;

    /// The lines of a log.
    pub(crate) struct Evtx<R> {
        reader: R,
        settings: Arc<ParserSettings>,
        chunk_number: u64,
        lines: Vec<u8>,
        given: usize,
        tally: Arc<Tally>,
    }

    impl<R: Read> Evtx<R> {
        /// A log whose first bytes are the next of `reader`.
        pub(crate) fn new(mut reader: R, tally: Arc<Tally>) -> io::Result<Self> {
            let header = io::copy(&mut reader.by_ref().take(HEADER_BYTES), &mut io::sink())?;
            if header < HEADER_BYTES {
                tally.note_bad_record(|| "the log is cut off in its header".to_owned());
            }
            let settings = Arc::new(ParserSettings::new().indent(false));
            Ok(Self { reader, settings, chunk_number: 0, lines: Vec::new(), given: 0, tally })
        }

        pub(crate) fn reader(&self) -> &R {
            &self.reader
        }

        /// Renders the next chunk; false at the end.
        fn refill(&mut self) -> io::Result<bool> {
            self.lines.clear();
            self.given = 0;
            let mut bytes = Vec::new();
            let length = self.reader.by_ref().take(CHUNK_BYTES).read_to_end(&mut bytes)?;
            self.chunk_number += 1;
            if length > 0 && u64::try_from(length).is_ok_and(|length| length < CHUNK_BYTES) {
                let number = self.chunk_number;
                self.tally.note_bad_record(|| format!("chunk {number} is cut off"));
            }
            // Windows makes room for chunks before it fills them.
            if bytes.iter().any(|byte| *byte != 0) {
                self.render(bytes);
            }
            Ok(length > 0)
        }

        fn render(&mut self, bytes: Vec<u8>) {
            let number = self.chunk_number;
            let outcome = EvtxChunkData::new(bytes, false).and_then(|mut data| {
                for record in data.parse(Arc::clone(&self.settings))?.iter() {
                    match record.and_then(|record| record.into_xml_bytes()) {
                        Ok(record) => write_line(&record.data, &mut self.lines),
                        Err(error) => self.tally.note_bad_record(|| error.to_string()),
                    }
                }
                Ok(())
            });
            if let Err(error) = outcome {
                self.tally.note_bad_record(|| format!("chunk {number}: {error}"));
            }
        }
    }

    impl<R: Read> Read for Evtx<R> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            while self.given == self.lines.len() {
                if !self.refill()? {
                    return Ok(0);
                }
            }
            let count = (&self.lines[self.given..]).read(out)?;
            self.given += count;
            Ok(count)
        }
    }

    /// The event without its declaration, on one line: line ends in values are written as XML writes them.
    fn write_line(xml: &[u8], lines: &mut Vec<u8>) {
        let first = lines.len();
        let start = memmem::find(xml, b"<Event").unwrap_or(0);
        let mut rest = xml[start..].trim_ascii_end();
        while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
            lines.extend_from_slice(&rest[..at]);
            lines.extend_from_slice(if rest[at] == b'\r' { b"&#13;" } else { b"&#10;" });
            rest = &rest[at + 1..];
        }
        lines.extend_from_slice(rest);
        write_as_windows(&mut lines[first..]);
        lines.push(b'\n');
    }

    /// Writes attributes and GUIDs as Windows does, for rules look into the raw text: `<Data Name='ShareName'>`.
    ///
    /// Each text and attribute that is a GUID is in capitals. Windows did so up to version 10 of 2019 and writes small letters
    /// since; what collectors have sent, and what rules were written for, is mostly in capitals.
    fn write_as_windows(xml: &mut [u8]) {
        for markup in xml.split_mut(|byte| *byte == b'<') {
            let tag_end = memchr::memchr(b'>', markup).map_or(markup.len(), |at| at + 1);
            let (tag, text) = markup.split_at_mut(tag_end);
            for value in tag.split_mut(|byte| *byte == b'"').chain([text]) {
                if is_guid(value) {
                    value.make_ascii_uppercase();
                }
            }
            quote_once(tag);
        }
    }

    /// Puts the attributes of a tag between single quotes, unless one of them holds such a quote.
    fn quote_once(tag: &mut [u8]) {
        if !tag.contains(&b'\'') {
            tag.iter_mut().filter(|byte| **byte == b'"').for_each(|quote| *quote = b'\'');
        }
    }

    /// Whether `text` is 32 hexadecimal digits, parted by dashes and in braces.
    fn is_guid(text: &[u8]) -> bool {
        const FORM: &[u8; 38] = b"{00000000-0000-0000-0000-000000000000}";
        text.len() == FORM.len()
            && text.iter().zip(FORM).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_hexdigit(),
                _ => byte == form,
            })
    }
}

#[cfg(not(feature = "evtx"))]
mod without {
    use std::io::{self, Read};
    use std::sync::Arc;

    use crate::rendered::Tally;

    /// Stands for the reader of logs that this build does not have.
    pub(crate) struct Evtx<R>(R);

    impl<R: Read> Evtx<R> {
        pub(crate) fn new(_reader: R, _tally: Arc<Tally>) -> io::Result<Self> {
            Err(io::Error::other(
                "an event log of Windows: this build does not read them (feature `evtx`)",
            ))
        }

        pub(crate) fn reader(&self) -> &R {
            &self.0
        }
    }

    impl<R: Read> Read for Evtx<R> {
        fn read(&mut self, _out: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }
}
