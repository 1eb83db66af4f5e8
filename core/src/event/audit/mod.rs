//! The Linux audit log: the records of one event.
//!
//! An event is one or more records of one serial number, one a line, each perhaps behind a header of syslog; who reads
//! the log joins the lines by [`serial`]. The fields are those of all records. A name that several records give, such as
//! the `type` of each or the `name` of each PATH, is a multivalue in the order of the records; `node` and the `msg` of the
//! header are given once.
//!
//! The kernel writes what users choose either in quotes or, if it holds a space, a quote or a byte beyond ASCII, as
//! hexadecimal digits. Rules see the text in both cases ([`values`]). `execve_command` is no field of the log: it is the
//! command line, the arguments of EXECVE joined by spaces, those that span several records or pieces included.

mod record;
mod values;

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Natives, Told, syslog};
use crate::{row::Env, value::Value};
use record::Record;
use values::{Field, visit_fields};

/// What the records of one event have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial<'e> {
    /// The machine, where auditd names it.
    pub node: Option<&'e [u8]>,
    /// Nanoseconds since the epoch.
    pub time_ns: i64,
    /// The number of the event on that machine, since it was started.
    pub number: u64,
}

/// To which event the record in `line` belongs, a header of syslog before it or not. None if `line` is no record.
///
/// ```
/// use caltrop_core::event::audit;
///
/// let line = b"node=web1 type=CWD msg=audit(1364481363.243:24287): cwd=\"/root\"";
/// let serial = audit::serial(line).unwrap();
/// assert_eq!((serial.node, serial.number), (Some(b"web1".as_slice()), 24287));
/// assert_eq!(serial.time_ns, 1_364_481_363_243_000_000);
/// ```
#[must_use]
pub fn serial(line: &[u8]) -> Option<Serial<'_>> {
    record(line).map(|record| record.serial)
}

/// Whether `raw` opens like a record.
pub(super) fn is_audit(raw: &[u8]) -> bool {
    Record::read(raw).is_some()
}

/// When and where it happened.
pub(super) fn told<'e>(raw: &'e [u8], _env: Env<'e>) -> Told<'e> {
    let Some(Record { serial, .. }) = Record::read(raw) else { return Told::default() };
    Told { time_ns: Some(serial.time_ns), host: serial.node, ..Told::default() }
}

/// Finds the fields of all records.
pub(super) fn find<'e>(raw: &'e [u8], natives: &mut Natives<'e>) {
    let bump = natives.bump();
    let mut fields = BumpVec::new_in(bump);
    visit_fields(raw, bump, &mut |field| fields.push(field));
    for (name, value) in grouped(&fields, bump) {
        natives.add(name, value);
    }
}

/// Visits the values that are decoded from hexadecimal digits or joined.
pub(super) fn rewritten_values<'e>(raw: &'e [u8], bump: &'e Bump, visit: &mut dyn FnMut(&[u8])) {
    visit_fields(raw, bump, &mut |field| {
        if field.text.is_rewritten {
            visit(field.text.bytes);
        }
    });
}

/// The record in `line`, behind its header of syslog if it has one.
fn record(line: &[u8]) -> Option<Record<'_>> {
    Record::read(line).or_else(|| Record::read(&line[syslog::body_start(line)?..]))
}

/// The values of each name together, in the order in which the names come first.
fn grouped<'e>(
    fields: &[Field<'e>],
    bump: &'e Bump,
) -> impl Iterator<Item = (&'e [u8], Value<'e>)> {
    let mut order = BumpVec::from_iter_in(0..fields.len(), bump);
    order.sort_unstable_by_key(|&at| (fields[at].name, at));
    let groups = order.chunk_by(|&left, &right| fields[left].name == fields[right].name);
    let groups = groups.map(|group| {
        let texts = group.iter().map(|&at| fields[at].text.bytes);
        (group[0], Value::from_list(BumpVec::from_iter_in(texts, bump).into_bump_slice()))
    });
    let mut groups = BumpVec::from_iter_in(groups, bump);
    groups.sort_unstable_by_key(|(first, _)| *first);
    let named = groups.into_iter().map(|(first, value)| (fields[first].name, value));
    BumpVec::from_iter_in(named, bump).into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Names;

    fn shown(raw: &[u8]) -> Vec<String> {
        let (names, bump) = (Names::default(), Bump::new());
        let mut natives = Natives::new(&names, &bump);
        find(raw, &mut natives);
        let text = |native: &crate::event::Native<'_>| {
            let texts = native.decoded(&bump).texts(&bump).join(b"|".as_slice());
            let name = String::from_utf8_lossy(names.bytes(native.name)).into_owned();
            format!("{name}={}", String::from_utf8_lossy(&texts))
        };
        natives.iter().map(text).collect()
    }

    fn rewritten(raw: &[u8]) -> Vec<String> {
        let mut texts = Vec::new();
        let mut keep = |text: &[u8]| texts.push(String::from_utf8_lossy(text).into_owned());
        rewritten_values(raw, &Bump::new(), &mut keep);
        texts
    }

    /// The fields behind the header.
    fn body(kind: &str, body: &str) -> Vec<String> {
        let fields = shown(format!("type={kind} msg=audit(1.0:7): {body}").as_bytes());
        assert_eq!(fields[..2], ["msg=audit(1.0:7)".to_owned(), format!("type={kind}")]);
        fields[2..].to_vec()
    }

    #[test]
    fn records_of_one_event_are_taken_together() {
        let raw = b"node=web1 type=SYSCALL msg=audit(1600000000.123:42): arch=c000003e a0=10 comm=\"ls\" key=(null)\n\
            node=web1 type=EXECVE msg=audit(1600000000.123:42): argc=2 a0=\"ls\" a1=\"-l\"\n\
            node=web1 type=PATH msg=audit(1600000000.123:42): item=0 name=\"/bin/ls\" inode=7\n\
            node=web1 type=PATH msg=audit(1600000000.123:42): item=1 name=\"/lib\" inode=8\n";
        assert_eq!(
            shown(raw),
            [
                "node=web1",
                "msg=audit(1600000000.123:42)",
                "type=SYSCALL|EXECVE|PATH|PATH",
                "arch=c000003e",
                "a0=10|ls",
                "comm=ls",
                "key=(null)",
                "argc=2",
                "a1=-l",
                "item=0|1",
                "name=/bin/ls|/lib",
                "inode=7|8",
                "execve_command=ls -l",
            ]
        );
        assert_eq!(rewritten(raw), ["ls -l"]);
    }

    #[test]
    fn what_the_kernel_encodes_is_decoded() {
        for (kind, written, expected) in [
            ("PROCTITLE", "proctitle=6C73002D6C00", "proctitle=ls -l"),
            ("PROCTITLE", "proctitle=\"ls\"", "proctitle=ls"),
            ("SYSCALL", "comm=612062", "comm=a b"),
            ("SYSCALL", "key=612D620163", "key=a-b|c"),
            ("PATH", "name=2F612062", "name=/a b"),
            ("TTY", "data=6C730D", "data=ls\r"),
            ("USER_CMD", "cmd=6C73202D6C", "cmd=ls -l"),
            ("EXECVE", "a0=612062", "a0=a b"),
            ("1309", "a0=612062", "a0=a b"),
        ] {
            assert_eq!(body(kind, written)[0], expected, "{kind} {written}");
        }
        for (kind, written) in [
            ("SYSCALL", "a0=612062"),
            ("SYSCALL", "comm=61206"),
            ("SYSCALL", "comm=6c73"),
            ("SOCKADDR", "saddr=02000050A9FEA9FE"),
            ("AVC", "data=6C73"),
            ("SYSCALL", "exe=?"),
        ] {
            assert_eq!(body(kind, written), [written], "{kind} {written}");
        }
    }

    #[test]
    fn arguments_in_pieces_are_joined() {
        let fields = body(
            "EXECVE",
            "argc=3 a0=\"echo\" a1_len=8 a1[0]=61206220 a1[1]=63 a2[0]=\"x\" a3=\"\" a4=\"y\"",
        );
        assert_eq!(
            fields,
            [
                "argc=3",
                "a0=echo",
                "a1_len=8",
                "a1=a b c",
                "a2=x",
                "a4=y",
                "execve_command=echo a b c x y"
            ]
        );
        let raw = b"type=EXECVE msg=audit(1.0:7): argc=2 a0=\"a\" a1[0]=\"b\"\ntype=EXECVE msg=audit(1.0:7): a1[1]=\"c\"";
        assert_eq!(shown(raw).last().unwrap(), "execve_command=a bc");
        assert_eq!(rewritten(raw), ["bc", "a bc"]);
    }

    #[test]
    fn nested_pairs_and_enrichment_are_fields() {
        let nested = "op=PAM:a,b acct=\"o'brien\" exe=\"/x y\" res=failed";
        let record = format!("pid=1 msg='{nested}'\x1dUID=\"root\" AUID=\"unset\"");
        let raw = format!("type=USER_LOGIN msg=audit(1.0:7): {record}");
        assert_eq!(
            shown(raw.as_bytes()),
            [
                &format!("msg=audit(1.0:7)|{nested}"),
                "type=USER_LOGIN",
                "pid=1",
                "op=PAM:a,b",
                "acct=o'brien",
                "exe=/x y",
                "res=failed",
                "UID=root",
                "AUID=unset",
            ]
        );
        assert!(rewritten(raw.as_bytes()).is_empty());
    }

    /// The byte before the enrichment is no breaker, so the value before it is no whole token of the raw text.
    #[test]
    fn a_value_before_the_enrichment_is_shown_to_the_scan() {
        let raw = b"type=CONFIG_CHANGE msg=audit(1.0:7): op=set res=success\x1dAUID=\"root\"";
        assert_eq!(rewritten(raw), ["success"]);
        assert_eq!(shown(raw)[3..], ["res=success", "AUID=root"]);
    }

    #[test]
    fn a_nested_message_that_never_closes_is_none() {
        let raw = b"type=USER_CMD msg=audit(1.0:7): msg='op=x res=success\x1dUID=\"root\"";
        assert_eq!(rewritten(raw), ["success"]);
        assert_eq!(shown(raw)[2..], ["res=success", "UID=root"]);
    }

    #[test]
    fn records_behind_headers_of_syslog_are_joined_too() {
        let line = |kind: &str| {
            format!("Oct 11 22:14:15 h audispd: node=h type={kind} msg=audit(1.5:7): a=\"{kind}\"")
        };
        let raw = format!("node=h type=X msg=audit(1.5:7): a=1\n{}\nno record", line("Y"));
        assert_eq!(shown(raw.as_bytes())[2..], ["type=X|Y", "a=1|Y"]);
        let line = line("Y");
        let serial = serial(line.as_bytes()).unwrap();
        assert_eq!(
            (serial.node, serial.time_ns, serial.number),
            (Some(b"h".as_slice()), 1_500_000_000, 7)
        );
    }

    #[test]
    fn everything_else_is_no_record() {
        for raw in [
            "",
            "type=",
            "type=X",
            "type=X msg=",
            "type=X msg=audit(",
            "type=X msg=audit()",
            "type=X msg=audit(1.0)",
            "type=X msg=audit(1.0:)",
            "type=X msg=audit(a.0:1)",
            "type=X msg=audit(-1.0:1)",
            "type=X msg=audit(+1.0:1)",
            "type=X msg=audit(99999999999.0:1)",
            "type=X msg=audit(1.0:99999999999999999999)",
            "type= msg=audit(1.0:1)",
            "node= type=X msg=audit(1.0:1)",
            "node=h  type=X msg=audit(1.0:1)",
            "xtype=X msg=audit(1.0:1)",
        ] {
            assert!(!is_audit(raw.as_bytes()) && serial(raw.as_bytes()).is_none(), "{raw}");
        }
        assert!(is_audit(b"type=X msg=audit(1.0:1)") && is_audit(b"type=1400 audit(1:1): a=1"));
    }

    #[test]
    fn hostile_records_end() {
        const PIECES: [&str; 10] = [
            "a=1 ",
            "a",
            "=",
            "\"",
            "a=\"",
            "msg='",
            "a1[0]=\"x\" ",
            "a1=\"x\" ",
            "\x1d",
            "\ntype=X msg=audit(1.0:1): ",
        ];
        for first in PIECES {
            for second in PIECES {
                let piece = format!("{first}{second}");
                let body = piece.repeat((1 << 16) / piece.len());
                let raw = format!("type=EXECVE msg=audit(1.0:7): {body}");
                // A list that is copied for each of its values takes gigabytes, a search back minutes.
                assert!(shown(raw.as_bytes()).len() <= crate::event::MAX_FIELDS, "{piece}");
                assert!(rewritten(raw.as_bytes()).len() < raw.len());
            }
        }
    }

    #[test]
    fn names_to_decode_are_sorted() {
        assert!(values::ENCODED.is_sorted());
    }
}
