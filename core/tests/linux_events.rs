//! Lines of Linux and of web servers, through the whole engine: what their headers say, what their pairs give, and that
//! real logs are dated without an exception.

mod common;

use std::{fs, path::PathBuf};

use caltrop_core::config::{Input, Options};
use common::{Random, run, searches};
use jiff::Timestamp;
use serde_json::Value;

/// 2003-10-12T00:00:00Z.
const CLOCK_S: f64 = 1_065_916_800.0;

fn options() -> Options {
    Options { now_s: CLOCK_S, ..Options::default() }
}

/// The rows that `search` makes of `events`.
fn rows(search: &str, options: &Options, events: &[&str]) -> Vec<Value> {
    let rules = searches(&[search]);
    let alerts = run(&rules, options, events.iter().map(|event| event.as_bytes())).alerts;
    let row = |alert: &String| serde_json::from_str::<Value>(alert).expect("JSON")["row"].take();
    alerts.iter().map(row).collect()
}

/// The row of one event: its `_time` as a timestamp, then each field of `fields`, absent ones as `-`.
fn row(event: &str, fields: &str) -> String {
    let rows = rows(&format!("* | table _time {fields}"), &options(), &[event]);
    let text = |field: &str| match &rows[0][field] {
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("+"),
        _ => "-".to_owned(),
    };
    let texts: Vec<String> = fields.split(' ').map(text).collect();
    format!("{} {}", time(&rows[0]), texts.join(" "))
}

/// The whole seconds of `_time`, `-` where there is none.
fn time(row: &Value) -> String {
    let text = row["_time"].to_string();
    let whole = text.split('.').next().and_then(|seconds| seconds.parse().ok());
    let time = |second| Timestamp::from_second(second).expect("in our days");
    whole.map_or("-".to_owned(), |second| time(second).strftime("%FT%T").to_string())
}

#[test]
fn a_header_of_syslog_tells_when_and_where() {
    for (event, expected) in [
        ("<86>Oct 11 22:14:15 web1 sshd[7]: opened (uid=0)", "2003-10-11T22:14:15 web1 0"),
        ("Dec 31 22:14:15 web1 sshd[7]: host=other uid=0", "2002-12-31T22:14:15 web1 0"),
        (
            "<86>1 2003-10-11T22:14:15+02:00 web1 a 7 m [x@1 uid=\"0\"] x",
            "2003-10-11T20:14:15 web1 0",
        ),
        ("<86>1 - - a 7 m [x@1 uid=\"0\"] at 2003-10-11 22:14:15", "2003-10-11T22:14:15 - 0"),
        ("2003-10-11 22:14:15 Computer=pc host=web1 uid=0", "2003-10-11T22:14:15 pc 0"),
        ("uid=0 host=web1", "- web1 0"),
    ] {
        assert_eq!(row(event, "host uid"), expected, "{event}");
    }
}

#[test]
fn a_record_of_the_audit_log_tells_when_and_where_wherever_it_stands() {
    let record = "type=EXECVE msg=audit(1065910455.003:7): argc=2 a0=\"ls\" a1=612062";
    for (event, expected) in [
        (format!("node=db1 {record}"), "2003-10-11T22:14:15 db1 ls a b"),
        (
            format!("Oct 12 00:00:00 web1 audispd: node=db1 {record}"),
            "2003-10-11T22:14:15 db1 ls a b",
        ),
        (format!("<13>Oct 12 00:00:00 web1 audispd: {record}"), "2003-10-11T22:14:15 web1 ls a b"),
    ] {
        assert_eq!(row(&event, "host execve_command"), expected, "{event}");
    }
}

#[test]
fn what_the_kernel_encodes_is_found_by_the_scan() {
    let record = "type=PROCTITLE msg=audit(1065910455.003:7): proctitle=6375726C002D6F0065766966";
    let search = "proctitle=\"curl -o evi*\" | table proctitle";
    for prefilter in [true, false] {
        let options = Options { prefilter, ..options() };
        assert_eq!(rows(search, &options, &[record])[0]["proctitle"], "curl -o evif");
    }
}

#[test]
fn syslog_can_be_forced() {
    let options = Options { input: Input::Syslog, ..options() };
    let event =
        "<13>Oct 11 22:14:15 web1 audispd: type=CWD msg=audit(1065910455.003:7): cwd=\"/a b\"";
    let rows = rows("* | table host cwd", &options, &[event]);
    assert_eq!((rows[0]["host"].as_str(), rows[0]["cwd"].as_str()), (Some("web1"), Some("/a b")));
}

/// The lines of a file of real events; none, and it says so, where the folder is absent.
fn real_lines(name: &str) -> Vec<String> {
    let shared = std::env::var_os("CALTROP_SHARED");
    let shared = shared.map_or_else(|| PathBuf::from("../../shared"), PathBuf::from);
    let Ok(bytes) = fs::read(shared.join("data").join(name)) else {
        common::say(&format!("skipped: {name} is not here"));
        return Vec::new();
    };
    let text = zstd::decode_all(bytes.as_slice()).expect("zstd");
    String::from_utf8(text).expect("UTF-8").lines().map(str::to_owned).collect()
}

/// `_time` and `host` of each of `lines`, in their order.
fn dated(lines: &[String]) -> Vec<(String, Option<String>)> {
    let events: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = rows("* | table _time host", &options(), &events);
    let host = |row: &Value| row["host"].as_str().map(str::to_owned);
    rows.iter().map(|row| (time(row), host(row))).collect()
}

#[test]
fn every_real_line_of_syslog_is_dated_and_placed() {
    let lines = real_lines("elastic__examples.linux_syslog_auth.txt.zst");
    let dated = dated(&lines);
    assert_eq!(dated.len(), lines.len());
    for (line, (time, host)) in lines.iter().zip(&dated) {
        // The columns of the line are fixed: `Mar 27 13:06:56 host ...`.
        let expected_host = line[16..].split(' ').next();
        assert_eq!(host.as_deref(), expected_host, "{line}");
        let month = if line.starts_with("Mar") { "03" } else { "04" };
        let day = line[4..6].replace(' ', "0");
        assert_eq!(*time, format!("2003-{month}-{day}T{}", &line[7..15]), "{line}");
    }
}

#[test]
fn every_real_line_of_an_access_log_is_dated() {
    let lines = real_lines("elastic__examples.web_access_apache_combined.txt.zst");
    for (line, (time, _)) in lines.iter().zip(dated(&lines)) {
        let stamp = line.split(['[', ']']).nth(1).expect("a time in brackets");
        let expected = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", stamp).expect("of Apache");
        let expected = expected.to_timestamp().expect("a time").strftime("%FT%T").to_string();
        assert_eq!(time, expected, "{line}");
    }
}

#[test]
fn every_real_record_of_the_audit_log_is_read() {
    let mut lines = real_lines("elastic__go-libaudit.linux_auditd.txt.zst");
    lines.extend(real_lines("OTRF__Security-Datasets.linux_auditd.txt.zst"));
    for (line, (time, _)) in lines.iter().zip(dated(&lines)) {
        let stamp = line.split(['(', '.']).nth(1).expect("a stamp").parse().expect("seconds");
        let expected = Timestamp::from_second(stamp).expect("in our days").strftime("%FT%T");
        assert_eq!(time, expected.to_string(), "{line}");
    }
    let events: Vec<&str> = lines.iter().map(String::as_str).collect();
    let count = |search: &str| rows(search, &options(), &events).len();
    let holding = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("type=SYSCALL comm=*"), holding("type=SYSCALL"));
    assert_eq!(count("type=EXECVE execve_command=*"), holding("type=EXECVE"));
    assert_eq!(
        count("proctitle=\"sshd: burn [priv]\""),
        holding("737368643A206275726E205B707269765D")
    );
    assert_eq!(count("exe=\"/usr/libexec/strongswan/charon (deleted)\""), lines.len().min(1));
    assert_eq!(count("acct=\"(invalid user)\""), lines.len().min(1));
}

#[test]
fn damaged_lines_are_survived() {
    let lines = [
        "<86>Oct 11 22:14:15 web1 sshd[7]: opened (uid=0) a=\"b c\"",
        "<86>1 2003-10-11T22:14:15.003+02:00 web1 a 7 m [x@1 uid=\"0\"] {\"a\":1}",
        "Oct 11 22:14:15 h audispd: node=h type=EXECVE msg=audit(1065910455.003:7): a0=6C73 a1[0]=\"x\"\x1dA=b",
        "type=USER_CMD msg=audit(1065910455.003:7): pid=1 msg='cmd=6C73 res=success'\x1dUID=\"root\"\ntype=EOE msg=audit(1065910455.003:7): ",
    ];
    let rules = searches(&["* | stats values(*) as * by _time, host", "execve_command=nothing"]);
    let random = &mut Random(7);
    for _ in 0..2_000 {
        let mut raw = random.pick(&lines).as_bytes().to_vec();
        for _ in 0..1 + random.below(4) {
            let at = random.below(raw.len());
            match random.below(3) {
                0 => {
                    raw[at] = *random
                        .pick(&[&0_u8, &0xff, &b'<', &b'=', &b'"', &b'\'', &b'[', &b' ', &0x1d])
                }
                1 => raw.truncate(at + 1),
                _ => raw.insert(at, *random.pick(&[&b'\n', &b'\\', &b':', &b'9'])),
            }
        }
        let outcome = run(&rules, &options(), [raw.as_slice()]);
        assert_eq!(outcome.counters.events, 1);
    }
}
