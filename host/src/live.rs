//! A reader that does not keep its caller waiting: time must pass for windows to close, also when no byte comes.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::buffer::READ_BYTES;

/// So many reads wait to be taken.
const MAX_WAITING_READS: usize = 4;

/// The bytes of a reader that runs on a thread of its own.
///
/// A read that gets nothing for `wait` fails with [`io::ErrorKind::WouldBlock`]; the next one goes on where it stopped. The
/// thread ends with its reader, or with the read after this is dropped.
pub(crate) struct Live {
    reads: Receiver<io::Result<Vec<u8>>>,
    last: Cursor<Vec<u8>>,
    wait: Duration,
}

impl Live {
    /// Starts the thread, on which `open` makes the reader: its first bytes may be long in coming, too.
    pub(crate) fn start<R, F>(open: F, wait: Duration) -> Self
    where
        R: Read,
        F: FnOnce() -> io::Result<R> + Send + 'static,
    {
        let (sender, reads) = sync_channel(MAX_WAITING_READS);
        thread::spawn(move || match open() {
            Ok(reader) => send_all(reader, &sender),
            Err(error) => drop(sender.send(Err(error))),
        });
        Self { reads, last: Cursor::default(), wait }
    }
}

fn send_all(mut reader: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut bytes = vec![0; READ_BYTES];
        let read = match reader.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) => return,
            read => read,
        };
        let is_failed = read.is_err();
        let read = read.map(|count| {
            bytes.truncate(count);
            bytes
        });
        if sender.send(read).is_err() || is_failed {
            return;
        }
    }
}

impl Read for Live {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.last.read(out)?;
        if count > 0 {
            return Ok(count);
        }
        match self.reads.recv_timeout(self.wait) {
            Ok(read) => {
                self.last = Cursor::new(read?);
                self.last.read(out)
            }
            Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::WouldBlock.into()),
            Err(RecvTimeoutError::Disconnected) => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn silence_is_told_and_the_next_read_goes_on() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut live = Live::start(move || Ok(reader), Duration::from_millis(20));
        let mut bytes = [0; 3];
        let silence = live.read(&mut bytes).unwrap_err();
        assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);
        writer.write_all(b"abcde").unwrap();
        drop(writer);
        let mut all: Vec<u8> = Vec::new();
        loop {
            match live.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => all.extend(&bytes[..count]),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert_eq!(all, b"abcde");
    }

    #[test]
    fn an_error_comes_after_the_bytes_before_it_and_ends_it() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let mut live = Live::start(|| Ok(b"ab".chain(Fails)), Duration::from_secs(60));
        let mut bytes = [0; 8];
        assert_eq!(live.read(&mut bytes).unwrap(), 2);
        assert_eq!(live.read(&mut bytes).unwrap_err().to_string(), "gone");
        assert_eq!(live.read(&mut bytes).unwrap(), 0);
        let mut unopened =
            Live::start(|| Err::<io::Empty, _>(io::Error::other("no")), Duration::from_secs(60));
        assert_eq!(unopened.read(&mut bytes).unwrap_err().to_string(), "no");
    }
}
