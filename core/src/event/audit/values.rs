//! The fields of an event of the audit log: its pairs, decoded and joined.
//!
//! Decoded are the values of the names that audit's own programs decode (its table of escaped fields), if they stand
//! without quotes and are whole bytes in upper-case digits: `comm=636174` is `cat`. The arguments of a system call
//! (`a0=7f56...`) are numbers and stay, those of EXECVE are texts; `data` is text in the records of terminals only.
//! NULs between the arguments of a `proctitle` become spaces, a `key` with several keys in it a multivalue. `saddr` is no
//! text and stays as it is.

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::memchr;

use super::record::{Pair, Record, Writing};
use crate::event::clean;

/// The names whose values the kernel may write as hexadecimal digits. Sorted.
pub(super) const ENCODED: [&[u8]; 28] = [
    b"acct",
    b"cgroup",
    b"cmd",
    b"comm",
    b"cwd",
    b"device",
    b"dir",
    b"exe",
    b"file",
    b"grp",
    b"invalid_context",
    b"key",
    b"name",
    b"new-chardev",
    b"new-disk",
    b"new-fs",
    b"new-rng",
    b"new_group",
    b"ocomm",
    b"old-chardev",
    b"old-disk",
    b"old-fs",
    b"old-rng",
    b"path",
    b"proctitle",
    b"root_dir",
    b"sw",
    b"watch",
];

/// Types by name and by number: what a daemon that does not know a type writes.
const EXECVE: [&[u8]; 2] = [b"EXECVE", b"1309"];
const TERMINAL: [&[u8]; 4] = [b"TTY", b"1319", b"USER_TTY", b"1124"];

/// What stands between the keys of a rule that has several.
const KEY_SEPARATOR: u8 = 1;

/// The command line: the arguments of EXECVE, joined.
const COMMAND_LINE: &[u8] = b"execve_command";

/// One value of a field.
pub(super) struct Field<'e> {
    pub(super) name: &'e [u8],
    pub(super) text: Text<'e>,
}

/// A text as rules see it.
#[derive(Clone, Copy)]
pub(super) struct Text<'e> {
    pub(super) bytes: &'e [u8],
    /// Whether the raw text does not hold it as a run of whole words.
    pub(super) is_rewritten: bool,
}

/// Visits every value of every field of `raw`, in the order in which they stand; the command line comes last.
pub(super) fn visit_fields<'e>(raw: &'e [u8], bump: &'e Bump, visit: &mut dyn FnMut(Field<'e>)) {
    let mut reader =
        Reader { bump, visit, header: None, argument: None, command_line: BumpVec::new_in(bump) };
    for line in raw.split(|&byte| byte == b'\n') {
        if let Some(record) = super::record(line) {
            reader.record(&record);
        }
    }
    reader.end();
}

struct Reader<'e, 'v> {
    bump: &'e Bump,
    visit: &'v mut dyn FnMut(Field<'e>),
    /// The stamp of the records so far.
    header: Option<&'e [u8]>,
    /// The argument that came in pieces, as long as more may come.
    argument: Option<Argument<'e>>,
    command_line: BumpVec<'e, u8>,
}

struct Argument<'e> {
    name: &'e [u8],
    text: BumpVec<'e, u8>,
}

impl<'e> Reader<'e, '_> {
    fn record(&mut self, record: &Record<'e>) {
        if self.header != Some(record.stamp) {
            self.header = Some(record.stamp);
            if let Some(node) = record.serial.node {
                self.plain(b"node", node);
            }
            self.plain(b"msg", record.stamp);
        }
        self.plain(b"type", record.kind);
        for pair in record.pairs() {
            self.pair(record.kind, &pair);
        }
    }

    fn pair(&mut self, kind: &[u8], pair: &Pair<'e>) {
        if EXECVE.contains(&kind)
            && let Some((name, extent)) = argument_of(pair.name)
        {
            return self.argument(name, extent, Text::of(pair, Encoding::Possible, self.bump));
        }
        let name = clean::field_name(pair.name, self.bump);
        let text = Text::of(pair, encoding(kind, pair.name), self.bump);
        match pair.name {
            b"proctitle" => self.field(name, text.with_spaces_for_nuls(self.bump)),
            b"key" => {
                let keys = text.bytes.split(|&byte| byte == KEY_SEPARATOR);
                keys.for_each(|bytes| self.field(name, Text { bytes, ..text }));
            }
            _ => self.field(name, text),
        }
    }

    /// An argument of EXECVE or a piece of one.
    fn argument(&mut self, name: &'e [u8], extent: Extent, text: Text<'e>) {
        if let (Extent::Piece, Some(argument)) = (extent, &mut self.argument)
            && argument.name == name
        {
            argument.text.extend_from_slice(text.bytes);
            return self.command_line.extend_from_slice(text.bytes);
        }
        self.end_argument();
        if !self.command_line.is_empty() {
            self.command_line.push(b' ');
        }
        self.command_line.extend_from_slice(text.bytes);
        match extent {
            Extent::Whole => self.field(name, text),
            Extent::Piece => {
                let text = BumpVec::from_iter_in(text.bytes.iter().copied(), self.bump);
                self.argument = Some(Argument { name, text });
            }
        }
    }

    fn end(&mut self) {
        self.end_argument();
        let text = std::mem::replace(&mut self.command_line, BumpVec::new_in(self.bump));
        self.rewritten(COMMAND_LINE, text.into_bump_slice());
    }

    fn end_argument(&mut self) {
        if let Some(Argument { name, text }) = self.argument.take() {
            self.rewritten(name, text.into_bump_slice());
        }
    }

    fn plain(&mut self, name: &'e [u8], bytes: &'e [u8]) {
        self.field(name, Text { bytes, is_rewritten: false });
    }

    fn rewritten(&mut self, name: &'e [u8], bytes: &'e [u8]) {
        self.field(name, Text { bytes, is_rewritten: true });
    }

    fn field(&mut self, name: &'e [u8], text: Text<'e>) {
        if !name.is_empty() && !text.bytes.is_empty() {
            (self.visit)(Field { name, text });
        }
    }
}

impl<'e> Text<'e> {
    fn of(pair: &Pair<'e>, encoding: Encoding, bump: &'e Bump) -> Self {
        if encoding == Encoding::Possible
            && pair.writing != Writing::Quoted
            && is_hexadecimal(pair.value)
        {
            return Self { bytes: decoded(pair.value, bump), is_rewritten: true };
        }
        Self { bytes: pair.value, is_rewritten: pair.writing == Writing::BareBeforeEnrichment }
    }

    /// The arguments of a process title end in a NUL each.
    fn with_spaces_for_nuls(self, bump: &'e Bump) -> Self {
        if !self.bytes.contains(&0) {
            return self;
        }
        let spaced = self.bytes.iter().map(|&byte| if byte == 0 { b' ' } else { byte });
        let spaced: &'e [u8] = BumpVec::from_iter_in(spaced, bump).into_bump_slice();
        Self { bytes: spaced.trim_ascii_end(), is_rewritten: true }
    }
}

/// Whether a value may be written as hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Possible,
    None,
}

fn encoding(kind: &[u8], name: &[u8]) -> Encoding {
    let is_encoded = match name {
        b"data" => TERMINAL.contains(&kind),
        name => ENCODED.binary_search(&name).is_ok(),
    };
    if is_encoded { Encoding::Possible } else { Encoding::None }
}

/// How much of an argument a pair holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// `a1=`.
    Whole,
    /// `a1[0]=`.
    Piece,
}

/// The name of the argument that a pair of that name holds.
fn argument_of(name: &[u8]) -> Option<(&[u8], Extent)> {
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = name.strip_prefix(b"a")?;
    let Some(opened) = memchr(b'[', number) else {
        return is_number(number).then_some((name, Extent::Whole));
    };
    let piece = number[opened + 1..].strip_suffix(b"]")?;
    let is_argument = is_number(&number[..opened]) && is_number(piece);
    is_argument.then_some((&name[..=opened], Extent::Piece))
}

/// Whether `value` is bytes as the kernel writes them: two upper-case digits each.
fn is_hexadecimal(value: &[u8]) -> bool {
    value.len().is_multiple_of(2)
        && value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

fn decoded<'e>(digits: &[u8], bump: &'e Bump) -> &'e [u8] {
    let value = |digit: u8| if digit.is_ascii_digit() { digit - b'0' } else { digit - b'A' + 10 };
    let bytes = digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1]));
    BumpVec::from_iter_in(bytes, bump).into_bump_slice()
}
