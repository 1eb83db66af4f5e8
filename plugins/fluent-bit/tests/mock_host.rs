//! The library as Fluent Bit has it: opened under its own name, copied, started, called, reloaded and ended.

#![cfg(target_os = "linux")]

mod common;

use std::{fs, path::Path, process::Command, thread, time::Duration};

use caltrop_fluent_bit::{
    chunk::{Chunk, Part, Record},
    config::Config,
    gate::Filter,
    instance::Instance,
    msgpack::Token,
};
use common::{Outcome, Plugin, Running, folder_with_rule, logged, record};

const RULE: &str = "TERM(error) | table _time, code";
const COUNTING: &str = "TERM(error) | bin _time span=1s | stats count by _time, host";

fn records(chunk: &[u8]) -> Vec<Record<'_>> {
    let mut parts = Chunk::new(chunk);
    let records = parts
        .by_ref()
        .filter_map(|part| match part {
            Part::Record(record) => Some(record),
            Part::Other => None,
        })
        .collect();
    assert_eq!(parts.position(), chunk.len(), "it can be read to its end");
    records
}

fn text<'a>(record: &Record<'a>, path: &str) -> Option<&'a str> {
    let path: Vec<Box<[u8]>> = path.split('.').map(|key| key.as_bytes().into()).collect();
    match record.body.find_at(&path)?.value {
        Token::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

fn alerts<'a>(chunk: &'a [u8], path: &str) -> Vec<&'a str> {
    let is_alert = |record: &Record<'_>| text(record, "caltrop") == Some("alert");
    let found: Vec<_> = records(chunk).into_iter().filter(is_alert).collect();
    found.iter().filter_map(|record| text(record, path)).collect()
}

/// A linked filter with one rule: tests in one program share what the library shares in a process.
fn started(name: &str, spl: &str, section: &[(&str, &str)]) -> (tempfile::TempDir, Running) {
    let (folder, rules) = folder_with_rule(spl);
    let section = [&[("rules", rules.as_str())], section].concat();
    let filter = Plugin::linked().start(name, &section);
    (folder, filter.unwrap_or_else(|status| panic!("{status}: {:?}", logged(name, 1))))
}

fn command(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output().expect("it is installed");
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn nothing_but_the_entry_points_is_exported_and_nothing_is_wanted_of_the_host() {
    let listed = command("nm", &["-D", "--defined-only", "--format=posix"], &common::library());
    let mut exported: Vec<&str> =
        listed.lines().filter_map(|line| line.split(' ').next()).collect();
    exported.sort_unstable();
    let functions =
        ["FLBPluginExit", "FLBPluginInit", "FLBPluginInputCallback", "FLBPluginRegister"];
    assert_eq!(exported, [&functions[..], &["filter_caltrop_plugin"]].concat());
    let wanted = command("nm", &["-D", "--undefined-only"], &common::library());
    assert!(!wanted.contains("flb_"), "{wanted}");
    assert!(wanted.contains(" malloc"), "the host's own: {wanted}");
    let dynamic = command("readelf", &["-d"], &common::library());
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}

#[test]
fn the_plugin_stands_where_the_host_reads_it_and_works_after_it_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = Plugin::open(folder.path());
    assert_eq!((plugin.text(1), plugin.words[0], plugin.words[3]), (c"caltrop", 0, 0));
    assert!(
        plugin.words[4..8].iter().all(|word| *word != 0)
            && plugin.words[8..].iter().all(|word| *word == 0)
    );
    let mut definition = [0usize; 8];
    // SAFETY: there is room for a definition.
    unsafe { (plugin.companion.register)(definition.as_mut_ptr().cast()) };
    assert_eq!(definition[0], 1 | 11 << 32, "an input, a proxy");
    // SAFETY: it is a constant text.
    let name = unsafe { std::ffi::CStr::from_ptr(definition[2] as *const std::ffi::c_char) };
    assert_eq!(name, c"caltrop_detections");

    let (_rules, path) = folder_with_rule(RULE);
    let filter = plugin.start("opened", &[("rules", &path), ("emit", "input")]).unwrap();
    let changed = filter.filter(&record(7, &[("log", "error code=5")])).changed();
    assert_eq!(records(&changed).len(), 1);
    assert_eq!(alerts(&plugin.collect(), "row.code"), ["5"], "the symlink is the same library");
    assert!(plugin.collect().is_empty());
}

#[test]
fn each_mode_does_to_a_record_what_it_says() {
    let chunk = [record(1, &[("log", "error code=1")]), record(2, &[("log", "fine")])].concat();
    let went_on = |mode: &str| {
        let (_folder, filter) = started(mode, RULE, &[("mode", mode), ("emit", "none")]);
        filter.filter(&chunk)
    };
    let annotated = went_on("annotate").changed();
    let all = records(&annotated);
    assert_eq!(all[0].body.find(b"caltrop").unwrap().value, Token::Array(1));
    assert_eq!((all[1].body.count, text(&all[1], "log")), (1, Some("fine")));
    assert_eq!(went_on("keep").changed(), record(1, &[("log", "error code=1")]));
    assert_eq!(went_on("drop").changed(), record(2, &[("log", "fine")]));
    assert_eq!(went_on("observe"), Outcome::Untouched);
}

#[test]
fn a_chunk_of_which_nothing_is_left_is_empty_and_a_quiet_one_is_not_copied() {
    let (_folder, filter) = started("empty", RULE, &[("mode", "keep"), ("emit", "none")]);
    assert_eq!(filter.filter(&record(1, &[("log", "fine")])).changed(), Vec::<u8>::new());
    let (_folder, filter) = started("quiet", RULE, &[]);
    assert_eq!(filter.filter(&record(1, &[("log", "fine")])), Outcome::Untouched);
}

#[test]
fn detections_stand_behind_the_records_and_are_not_looked_at_again() {
    let (_folder, filter) = started("instream", RULE, &[("emit", "instream"), ("mode", "observe")]);
    let chunk = record(7, &[("log", "error code=5")]);
    let changed = filter.filter(&chunk).changed();
    assert_eq!(changed[..chunk.len()], chunk);
    assert_eq!(alerts(&changed, "rule.id"), ["found"]);
    assert_eq!(alerts(&changed, "row.code"), ["5"]);
    let detection = &changed[chunk.len()..];
    assert_eq!(
        filter.filter(detection),
        Outcome::Untouched,
        "its text holds `error` and its row `code`"
    );
    assert_eq!(filter.filter_tagged(&chunk, "caltrop.detections"), Outcome::Untouched);
    let forged = record(7, &[("caltrop", "alert"), ("log", "error code=6")]);
    assert_eq!(
        alerts(&filter.filter(&forged).changed(), "row.code"),
        ["6"],
        "nobody else can hide so"
    );
}

#[test]
fn the_text_is_taken_from_the_first_raw_key_and_a_record_without_one_is_its_fields() {
    let rule = "error | table _time, host, source, where";
    let section = [
        ("emit", "instream"),
        ("mode", "observe"),
        ("raw_key", "a, b"),
        ("host", "$h"),
        ("source", "s"),
    ];
    let (_folder, filter) = started("keys", rule, &section);
    let seen = |pairs: &[(&str, &str)], field: &str| -> Option<String> {
        match filter.filter(&record(7, pairs)) {
            Outcome::Untouched => None,
            Outcome::Changed(bytes) => alerts(&bytes, field).first().map(|text| (*text).to_owned()),
        }
    };
    assert_eq!(
        seen(&[("b", "error where=b"), ("a", "error where=a")], "row.where").as_deref(),
        Some("a")
    );
    assert_eq!(seen(&[("b", "error where=b"), ("h", "h1")], "row.host").as_deref(), Some("h1"));
    assert_eq!(seen(&[("b", "fine"), ("c", "error")], "row.source"), None);
    assert_eq!(seen(&[("c", "error"), ("where", "here")], "row.where").as_deref(), Some("here"));
    assert_eq!(seen(&[("c", "error")], "row.source").as_deref(), Some("s"));
}

#[test]
fn a_bucket_closes_by_the_clock_of_the_companion_when_no_event_comes() {
    let section = [
        ("emit", "input"),
        ("mode", "observe"),
        ("idle", "10ms"),
        ("lateness", "10ms"),
        ("window", "1s"),
        ("host", "h"),
    ];
    let (_folder, filter) = started("bucket", COUNTING, &section);
    let chunk = record(7, &[("log", "error")]).repeat(3);
    assert_eq!(filter.filter(&chunk), Outcome::Untouched);
    let mut found = Vec::new();
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(50));
        found.extend(Plugin::linked().collect());
        if !alerts(&found, "row.count").is_empty() {
            break;
        }
    }
    assert!(alerts(&found, "row.count").contains(&"3"), "{:?}", logged("bucket", 3));
}

#[test]
fn a_wrong_section_stops_the_host_and_says_why() {
    let (_folder, rules) = folder_with_rule("error | tabel x");
    let refused = |name: &str, section: &[(&str, &str)]| {
        assert_eq!(Plugin::linked().start(name, section).err(), Some(-1));
        logged(name, 1).join("\n")
    };
    assert!(refused("w1", &[]).contains("`rules` is missing"));
    assert!(
        refused("w2", &[("rules", &rules), ("mode", "x")])
            .contains("`mode`: `x` is none of annotate")
    );
    assert!(refused("w3", &[("rulse", &rules)]).contains("did you mean `rules`?"));
    let said = refused("w4", &[("rules", &rules)]);
    assert!(said.contains("found.spl:1:9: error[") && said.contains("strict off"), "{said}");
    assert!(refused("w5", &[("rules", "/nowhere/at/all")]).contains("/nowhere/at/all"));
    let (_folder, filter) = started("w6", RULE, &[]);
    drop(filter);
    let lenient = Plugin::linked().start("w7", &[("rules", &rules), ("strict", "off")]).unwrap();
    assert!(logged("w7", 2).join("").contains("error["));
    assert_eq!(lenient.filter(&record(1, &[("log", "error")])), Outcome::Untouched);
}

#[test]
fn two_filters_share_neither_rules_nor_state_files() {
    let (_one, first) = started("first", "TERM(one) | table x", &[("emit", "instream")]);
    let (_two, second) = started("second", "TERM(two) | table x", &[("emit", "instream")]);
    let chunk = record(1, &[("log", "one x=1")]);
    assert_eq!(alerts(&first.filter(&chunk).changed(), "row.x"), ["1"]);
    assert_eq!(second.filter(&chunk), Outcome::Untouched);
    drop(first);
    assert_eq!(alerts(&second.filter(&record(1, &[("log", "two x=2")])).changed(), "row.x"), ["2"]);

    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").to_string_lossy().into_owned();
    let (_three, third) = started("third", RULE, &[("state", &state)]);
    let (_four, rules) = folder_with_rule(RULE);
    assert_eq!(
        Plugin::linked().start("fourth", &[("rules", &rules), ("state", &state)]).err(),
        Some(-1)
    );
    assert!(logged("fourth", 1).join("").contains("another filter keeps its state there"));
    let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    let same = folder.path().join("..").join(name).join("state").to_string_lossy().into_owned();
    let section = [("rules", rules.as_str()), ("state", &same)];
    assert_eq!(Plugin::linked().start("detour", &section).err(), Some(-1));
    drop(third);
    assert!(Plugin::linked().start("fifth", &[("rules", &rules), ("state", &state)]).is_ok());
}

#[test]
fn rule_files_that_change_are_swapped_whole_or_refused() {
    let (folder, filter) = started(
        "reloading",
        RULE,
        &[("emit", "instream"), ("mode", "observe"), ("reload", "20ms")],
    );
    let rule = folder.path().join("rules/found.spl");
    let found = |log: &str| match filter.filter(&record(1, &[("log", log)])) {
        Outcome::Untouched => false,
        Outcome::Changed(_) => true,
    };
    let waits_for = |log: &str| {
        (0..200).any(|_| {
            thread::sleep(Duration::from_millis(50));
            found(log)
        })
    };
    assert!(found("error") && !found("fatal"));
    fs::write(&rule, "TERM(fatal) | table code").unwrap();
    assert!(waits_for("fatal"), "{:?}", logged("reloading", 3));
    assert!(!found("error"));
    fs::write(&rule, "TERM(fatal) | tabel code").unwrap();
    let is_told = || logged("reloading", 1).join("").contains("the old rules stay");
    assert!((0..200).any(|_| {
        thread::sleep(Duration::from_millis(50));
        found("fatal") && is_told()
    }));
    assert!(found("fatal"));
}

#[test]
fn a_filter_goes_on_where_it_was_and_says_when_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let (_rules, path) = folder_with_rule(COUNTING);
    let text_of = state.to_string_lossy().into_owned();
    let section = [
        ("rules", path.as_str()),
        ("state", &text_of),
        ("checkpoint", "1ms"),
        ("emit", "instream"),
        ("mode", "observe"),
        ("host", "h"),
        ("metrics", "1ms"),
    ];
    let start = |name: &str| Plugin::linked().start(name, &section).unwrap();
    let first = start("before");
    assert_eq!(first.filter(&record(7, &[("log", "error")]).repeat(2)), Outcome::Untouched);
    first.end();
    let second = start("after");
    assert!(logged("after", 3).join("").contains("going on with 1 open windows"));
    assert_eq!(logged("after", 2), Vec::<String>::new());
    assert_eq!(second.filter(&record(7, &[("log", "error")])), Outcome::Untouched);
    let late = second.filter(&record(700, &[("log", "error")])).changed();
    assert_eq!(alerts(&late, "row.count"), ["3"], "the events before and after");
    // A kill leaves what the last checkpoint has written.
    thread::sleep(Duration::from_millis(1100));
    second.filter(&record(701, &[("log", "fine")]));
    let checkpoint = fs::read(&state).unwrap();
    second.end();
    fs::write(&state, checkpoint).unwrap();
    let third = start("killed");
    assert!(
        logged("killed", 2).join("").contains("did not end in order"),
        "{:?}",
        logged("killed", 3)
    );
    thread::sleep(Duration::from_millis(1100));
    third.filter(&record(702, &[("log", "fine")]));
    assert!(logged("killed", 3).join("").contains("unclean_starts=1"));
    third.end();
    fs::write(&state, "no state").unwrap();
    assert_eq!(Plugin::linked().start("damaged", &section).err(), Some(-1));
    assert!(logged("damaged", 1).join("").contains("remove the file to start anew"));
}

#[test]
fn counters_are_logged_and_sent_when_asked() {
    let section =
        [("emit", "instream"), ("mode", "observe"), ("metrics", "1ms"), ("metrics_records", "on")];
    let (_folder, filter) = started("counting", RULE, &section);
    filter.filter(&record(1, &[("log", "fine")]));
    thread::sleep(Duration::from_millis(1100));
    let changed = filter.filter(&record(1, &[("log", "fine")])).changed();
    let all = records(&changed);
    assert_eq!(text(&all[1], "caltrop"), Some("metrics"));
    assert_eq!(text(&all[1], "filter"), Some("counting"));
    assert_eq!(all[1].body.find(b"records").unwrap().value, Token::Unsigned(1));
    assert!(logged("counting", 3).join("").contains("records=1"));
}

#[test]
fn detections_that_nobody_takes_are_told_of_once() {
    let (_folder, filter) = started("stuck", RULE, &[("emit", "input"), ("mode", "observe")]);
    for _ in 0..3 {
        filter.filter(&record(1, &[("log", "error")]));
        thread::sleep(Duration::from_millis(1100));
    }
    let told = logged("stuck", 2);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("`caltrop_detections`, which does not run"), "{told:?}");
}

#[test]
fn chunks_that_are_cut_off_or_no_chunks_go_on_as_they_are() {
    let (_folder, filter) = started("garbage", RULE, &[("emit", "instream")]);
    let whole = record(1, &[("log", "fine"), ("other", "text")]);
    for end in 1..whole.len() {
        assert_eq!(filter.filter(&whole[..end]), Outcome::Untouched, "cut at {end}");
    }
    for garbage in
        [&b"\xc1"[..], b"text\n", &[0x91; 1000], &[0xdd, 0xff, 0xff, 0xff, 0xff], &[0xff; 64]]
    {
        assert_eq!(filter.filter(garbage), Outcome::Untouched);
    }
    let cut = [record(1, &[("log", "error code=1")]), whole[..9].to_vec()].concat();
    let changed = filter.filter(&cut).changed();
    assert!(changed.ends_with(&whole[..9]), "what cannot be read stays, behind the detections");
    assert_eq!(alerts(&changed[..changed.len() - 9], "row.code"), ["1"]);
}

#[test]
fn every_encoding_of_a_record_is_seen_and_marks_of_groups_stay() {
    let (_folder, filter) = started("encodings", RULE, &[("emit", "none"), ("mode", "keep")]);
    let time = [0xd7, 0, 0, 0, 0, 9, 0, 0, 0, 0];
    let heads: [&[u8]; 5] = [
        &[0x92, 0x92],
        &[0xdc, 0, 2, 0x92],
        &[0xdd, 0, 0, 0, 2, 0xdd, 0, 0, 0, 2],
        &[0x92, 0xdc, 0, 2],
        &[0x92],
    ];
    let keys: [&[u8]; 5] =
        [b"\xa3log", b"\xd9\x03log", b"\xda\0\x03log", b"\xdb\0\0\0\x03log", b"\xc4\x03log"];
    let texts: [&[u8]; 4] =
        [b"\xa5error", b"\xd9\x05error", b"\xc5\0\x05error", b"\xc6\0\0\0\x05error"];
    let maps: [&[u8]; 3] = [&[0x81], &[0xde, 0, 1], &[0xdf, 0, 0, 0, 1]];
    let mut seen = 0;
    for head in heads {
        let metadata: &[u8] = if head.len() == 1 { &[] } else { &[0xdf, 0, 0, 0, 0] };
        for key in keys {
            for value in texts {
                for map in maps {
                    let one = [head, &time, metadata, map, key, value].concat();
                    assert_eq!(filter.filter(&one), Outcome::Untouched, "{one:x?}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 300);
    let mark = |kind: u8| vec![0x92, 0x92, 0xd7, 0, 0xff, 0xff, 0xff, kind, 0, 0, 0, 0, 0x80, 0x80];
    let group = [mark(0xff), record(1, &[("log", "fine")]), mark(0xfe)].concat();
    assert_eq!(filter.filter(&group).changed(), [mark(0xff), mark(0xfe)].concat());
}

#[test]
fn a_stack_of_24_kib_is_enough_to_call_it() {
    const BYTES: usize = if cfg!(debug_assertions) { 64 << 10 } else { 24 << 10 };
    let (_folder, filter) = started("small", COUNTING, &[("emit", "instream"), ("host", "h")]);
    let chunk = record(1, &[("log", "error")]).repeat(1000);
    let filter = Alone(filter);
    let thread = thread::Builder::new().stack_size(BYTES).spawn(move || {
        let Alone(filter) = { filter };
        let (status, out, bytes) = filter.call(&chunk, "app");
        common::taken(out, bytes);
        status
    });
    assert_eq!(thread.unwrap().join().unwrap(), common::MODIFIED);
}

struct Alone(Running);

// SAFETY: one thread has it at a time.
unsafe impl Send for Alone {}

#[test]
fn a_panic_inside_ends_that_filter_alone() {
    let start = |name: &str| {
        let (folder, rules) = folder_with_rule(RULE);
        let config = Config::read(&|key| (key == "rules").then(|| rules.clone())).unwrap();
        let instance = Instance::start(name.to_owned(), config).unwrap();
        (folder, Filter::new(name.to_owned(), instance))
    };
    let (_bad, bad) = start("bad");
    let (_good, good) = start("good");
    let chunk = record(1, &[("log", "error")]);
    assert_eq!(bad.enter(|_| panic!("slot 7 is missing")), None::<()>);
    assert!(logged("bad", 1).join("").contains("panic: slot 7 is missing"));
    assert_eq!(bad.enter(|instance| instance.filter(&chunk, b"app")), None, "it stays out");
    assert!(good.enter(|instance| instance.filter(&chunk, b"app")).flatten().is_some());
    bad.end();
}
