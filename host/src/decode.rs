//! Plain, gzip and zstd bytes behind one reader, told apart by their first bytes.
//!
//! A compressed file may be made to grow without end. Memory is bounded by the readers above; time is bounded here, by
//! [`InputLimits`]. Window sizes beyond 128 MiB, which zstd files may ask for, are refused by the library.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::inputs::InputLimits;

/// What compressed data may grow to whatever its ratio: small files of equal lines shrink to almost nothing.
const FREE_BYTES: u64 = 64 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether `head` starts compressed data.
pub(crate) fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(&GZIP) || head.starts_with(&ZSTD)
}

type Source<R> = Counted<Chain<Cursor<Vec<u8>>, R>>;

/// The decompressed bytes of `R`.
pub(crate) struct Decoded<R: Read> {
    form: Form<R>,
    limits: InputLimits,
    given: u64,
}

enum Form<R: Read> {
    Plain(Source<R>),
    Gzip(MultiGzDecoder<Source<R>>),
    Zstd(zstd::Decoder<'static, BufReader<Source<R>>>),
}

impl<R: Read> Decoded<R> {
    /// Reads the first bytes of `reader` to see what it is.
    pub(crate) fn new(mut reader: R, limits: InputLimits) -> io::Result<Self> {
        let mut head = Vec::new();
        reader.by_ref().take(4).read_to_end(&mut head)?;
        let (gzip, zstd) = (head.starts_with(&GZIP), head.starts_with(&ZSTD));
        let source = Counted { reader: Cursor::new(head).chain(reader), count: 0 };
        let form = if gzip {
            Form::Gzip(MultiGzDecoder::new(source))
        } else if zstd {
            Form::Zstd(zstd::Decoder::new(source)?)
        } else {
            Form::Plain(source)
        };
        Ok(Self { form, limits, given: 0 })
    }

    /// How many bytes were read of what is decompressed, or of what is plain.
    pub(crate) fn consumed(&self) -> u64 {
        match &self.form {
            Form::Plain(source) => source.count,
            Form::Gzip(decoder) => decoder.get_ref().count,
            Form::Zstd(decoder) => decoder.get_ref().get_ref().count,
        }
    }

    /// Refuses to go on when the compressed bytes read so far have grown too much.
    fn check(&self, compressed: u64) -> io::Result<()> {
        let InputLimits { max_expansion, max_decompressed_bytes, .. } = self.limits;
        if self.given > max_decompressed_bytes {
            return Err(io::Error::other(format!(
                "it decompresses to more than {max_decompressed_bytes} bytes (max_decompressed_bytes)"
            )));
        }
        if self.given > FREE_BYTES.max(compressed.saturating_mul(max_expansion)) {
            return Err(io::Error::other(format!(
                "it decompresses to more than {max_expansion} times its size (max_expansion)"
            )));
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.form {
            Form::Plain(source) => return source.read(out),
            Form::Gzip(decoder) => decoder.read(out)?,
            Form::Zstd(decoder) => decoder.read(out)?,
        };
        self.given += u64::try_from(count).expect("a length fits 64 bits");
        self.check(self.consumed())?;
        Ok(count)
    }
}

/// A reader that counts what it gives.
struct Counted<R> {
    reader: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(out)?;
        self.count += u64::try_from(count).expect("a length fits 64 bits");
        Ok(count)
    }
}
