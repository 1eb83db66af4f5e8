//! Text whose fields are its `name=value` pairs, as Splunk's automatic extraction (`KV_MODE=auto`) finds them.
//!
//! A name is the run of letters, digits, `_`, `.`, `-` and bytes of 0x80 and above before an `=` that nothing stands
//! apart from. A value in double quotes goes to the next quote, spaces at its ends cut off; any other goes to white
//! space, one of `, ; | & "`, or a closing bracket that it has not opened. So `(uid=0)` gives `0`, `key=(null)` gives
//! `(null)`, and `/a?b=c&d=e` two pairs. Empty values are none; of two pairs with one name the first counts.
//!
//! Each value starts and ends at a breaker of Splunk's: the scan relies on it, and so nothing here is ever rewritten.
//! Unlike Splunk, the whole event is read, not its first 10,240 characters, and names count up to 512, not to 100.
//! A backslash escapes nothing.
//!
//! Syslog, access logs and anything else without a format of its own are read so; the structured data of RFC 5424 are
//! pairs like all others.

use memchr::memchr;

use super::{Natives, Told, clean, syslog, time};
use crate::{names::Name, row::Env, value::Value};

/// What bounds a value beside quotes and brackets; all of it, and they, are breakers.
const SEPARATORS: &[u8] = b" \t\r\n,;|&\"";

const BRACKETS: [(u8, u8); 4] = [(b'(', b')'), (b'[', b']'), (b'{', b'}'), (b'<', b'>')];

/// The names that tell the host, the strongest first.
const HOST_NAMES: [&[u8]; 4] = [b"Computer", b"ComputerName", b"Hostname", b"host"];

/// When and where it happened: as the header of syslog says; else the first time that its first bytes hold, and what a
/// pair says of the host. Whoever writes a message cannot overrule the header with a word in it.
pub(super) fn told<'e>(raw: &'e [u8], env: Env<'e>) -> Told<'e> {
    let header = syslog::told(raw, env);
    let time_ns = || time::find(raw, env.zone, env.clock_s).map(|found| found.time_ns);
    Told {
        time_ns: header.time_ns.or_else(time_ns),
        host: header.host.or_else(|| host(raw)),
        ..Told::default()
    }
}

/// Finds the pairs.
pub(super) fn find<'e>(raw: &'e [u8], natives: &mut Natives<'e>) {
    for pair in pairs(raw) {
        let name = clean::field_name(pair.name, natives.bump());
        if !name.is_empty() {
            natives.add(name, Value::Text(pair.value));
        }
    }
}

/// The pairs of any text as fields: the first of a name counts.
pub(crate) fn fields<'e>(text: &'e [u8], env: Env<'e>) -> Vec<(Name<'e>, Value<'e>)> {
    let mut natives = Natives::new(env.names, env.bump);
    find(text, &mut natives);
    natives.iter().map(|native| (native.name, native.decoded(env.bump))).collect()
}

fn host(raw: &[u8]) -> Option<&[u8]> {
    let rank = |pair: &Pair<'_>| HOST_NAMES.iter().position(|name| *name == pair.name);
    let ranked = pairs(raw).filter_map(|pair| Some((rank(&pair)?, pair.value)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, value)| value)
}

/// A pair as it is written. Neither part is empty.
struct Pair<'e> {
    name: &'e [u8],
    value: &'e [u8],
}

fn pairs(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(at) = memchr(b'=', rest) {
            let name = name_at_end(&rest[..at]);
            let behind = &rest[at + 1..];
            if name.is_empty() {
                rest = behind;
                continue;
            }
            let (value, after) = value(behind);
            rest = after;
            if !value.is_empty() {
                return Some(Pair { name, value });
            }
        }
        None
    })
}

fn name_at_end(text: &[u8]) -> &[u8] {
    let is_inner =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte) || *byte >= 0x80;
    let length = text.iter().rev().take_while(|byte| is_inner(byte)).count();
    &text[text.len() - length..]
}

/// The value that `text` starts with, and what follows it. One whose quote never closes goes to the end. A second `=`
/// makes a comparison, which is no pair.
fn value(text: &[u8]) -> (&[u8], &[u8]) {
    if text.starts_with(b"=") {
        return text.split_at(0);
    }
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return text.split_at(unquoted_length(text));
    };
    let length = memchr(b'"', quoted).unwrap_or(quoted.len());
    (trim(&quoted[..length]), quoted.get(length + 1..).unwrap_or_default())
}

fn unquoted_length(text: &[u8]) -> usize {
    let mut opened = [false; BRACKETS.len()];
    let ends = |&byte: &u8| {
        for (opened, (open, close)) in opened.iter_mut().zip(BRACKETS) {
            *opened |= byte == open;
            if byte == close && !*opened {
                return true;
            }
        }
        SEPARATORS.contains(&byte)
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// Cuts white space off both ends. Only such as breaks words: a form feed does not.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..]
    | [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = text
    {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::segment::{Breaker, ends_token, starts_token};

    fn shown(text: &str) -> Vec<String> {
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = |pair: Pair<'_>| format!("{}={}", text_of(pair.name), text_of(pair.value));
        pairs(text.as_bytes()).map(shown).collect()
    }

    #[test]
    fn pairs_end_where_splunk_ends_them() {
        for (text, expected) in [
            ("a=1 b=2", ["a=1", "b=2"].as_slice()),
            ("a=\"1 2\" b=\" 3 \"", &["a=1 2", "b=3"]),
            ("a=1,b=2;c=3|d=4&e=5", &["a=1", "b=2", "c=3", "d=4", "e=5"]),
            ("GET /p?a=1&b=x%20y HTTP/1.1", &["a=1", "b=x%20y"]),
            ("opened by (uid=0)", &["uid=0"]),
            ("key=(null) k=[1] x={a} y=f(z)", &["key=(null)", "k=[1]", "x={a}", "y=f(z)"]),
            ("from=<root@host>, size=9", &["from=<root@host>", "size=9"]),
            ("<i a=1>", &["a=1"]),
            ("[x@1 iut=\"3\" src=\"App\"]", &["iut=3", "src=App"]),
            ("a=QUJD== b=c=d", &["a=QUJD==", "b=c=d"]),
            ("a=\"cut off", &["a=cut off"]),
            ("--user=root old-id=7 x.y=1", &["--user=root", "old-id=7", "x.y=1"]),
            ("a=1\nb=2\r\nc=3", &["a=1", "b=2", "c=3"]),
            ("a=\"b\"c=1", &["a=b", "c=1"]),
            ("gr\u{f6}\u{df}e=1", &["gr\u{f6}\u{df}e=1"]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn these_are_no_pairs() {
        for text in [
            "",
            "=",
            "a=",
            "a= b",
            "a = b",
            "=b",
            "a==b",
            "x != y",
            "a=\"\"",
            "a=,",
            "(=)",
            "\"a\"=\"\"",
        ] {
            assert!(shown(text).is_empty(), "{text}: {:?}", shown(text));
        }
    }

    /// The scan looks for whole values as whole tokens.
    #[test]
    fn every_value_is_fenced_by_breakers() {
        let pieces = [
            "a=", "=", "\"", " ", "\t", "\u{b}", "\u{c}", "b", "\u{e9}", "(", ")", "]", "<", ">",
            ",", "&", "^", "'",
        ];
        let mut count = 0;
        for choice in 0..pieces.len().pow(4) {
            let piece = |place: u32| pieces[choice / pieces.len().pow(place) % pieces.len()];
            let text = format!("a=b{}{}{}{}", piece(0), piece(1), piece(2), piece(3));
            for pair in pairs(text.as_bytes()) {
                let start = pair.value.as_ptr().addr() - text.as_ptr().addr();
                assert!(starts_token(text.as_bytes(), start, Breaker::Minor), "{text:?}");
                let end = start + pair.value.len();
                assert!(ends_token(text.as_bytes(), end, Breaker::Minor), "{text:?}");
                count += 1;
            }
        }
        assert!(count > 100_000);
    }

    #[test]
    fn the_names_of_windows_tell_the_host_before_any_other() {
        for (text, expected) in [
            ("host=a Computer=b", Some("b")),
            ("Hostname=c host=a ComputerName=b", Some("b")),
            ("host=a host=b", Some("a")),
            ("hostname=a", None),
        ] {
            assert_eq!(host(text.as_bytes()), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn hostile_text_is_read_once() {
        for piece in ["=", "a=", "a=\"", "a=(", "a", "a==", "a=b", "\"", "a=\" "] {
            let text = piece.repeat((1 << 20) / piece.len());
            // A search that looks back to the start for each of these takes minutes.
            assert!(pairs(text.as_bytes()).count() < text.len(), "{piece}");
        }
    }
}
