//! Lookup tables from the files of an app to the rows of a search, and to the fields of events.

mod common;

use std::sync::Arc;

use caltrop_core::{
    alert::Alert,
    compiled::RuleSet,
    config::{Input, Options},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    outbox::Written,
    ruleset::{BuildOptions, Built, RuleSetBuilder},
};

const TRANSFORMS: &str = "
[zones]
filename = zones.csv
match_type = CIDR(net)
max_matches = 1

[agents]
filename = agents.csv
match_type = WILDCARD(agent)
case_sensitive_match = false
min_matches = 1
default_match = unknown

[both]
filename = both.csv
match_type = CIDR(net), WILDCARD(path)
";

const FILES: &[(&str, &str)] = &[
    ("default/transforms.conf", TRANSFORMS),
    (
        "lookups/zones.csv",
        "net,zone\n10.1.0.0/16,office\n10.0.0.0/8,inside\nfe80::/10,link\n192.0.2.7,door\n",
    ),
    ("lookups/agents.csv", "agent,kind\n*bot*,robot\ncurl/*,tool\n"),
    (
        "lookups/both.csv",
        "net,path,user,verdict\n10.0.0.0/8,*.exe,ann,allowed\n0.0.0.0/0,*,ann,odd\n",
    ),
    ("lookups/users.csv", "user,group\nbob,admins\namy,staff\namy,ops\n"),
];

fn built(files: &[(&str, &str)], search: &str) -> Built {
    let mut knowledge = Knowledge::builtin();
    assert_eq!(knowledge.overlay(files), []);
    let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
    builder.add_spl("search", search);
    builder.build()
}

/// The row of an alert.
fn json(alert: &Alert<'_>) -> String {
    let mut json = Vec::new();
    alert.write_row_json(&mut json).expect("a Vec takes everything");
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// The rows that `search` makes of rows, each as JSON.
fn rows(search: &str, rows: &[&str]) -> Vec<String> {
    let built = built(FILES, search);
    assert_eq!(
        built.reports[0].diagnostics.iter().filter(|it| it.is_error()).count(),
        0,
        "{search}"
    );
    let options = Options { input: Input::Rows, ..Options::default() };
    let mut engine = Engine::new(Arc::new(built.rules), options);
    let mut found = Vec::new();
    let mut keep = |alert: &Alert<'_>| found.push(json(alert));
    for (row, offset) in rows.iter().zip(0..) {
        engine.push(row.as_bytes(), Head { offset, ..Head::default() }, &mut keep);
    }
    engine.finish(&mut keep);
    found
}

/// What is said of `search`: `code at text`.
fn said(search: &str) -> Vec<String> {
    let report = built(FILES, search).reports.remove(0);
    let found = report.diagnostics.iter().filter(|it| it.code.text() != "W0503");
    found.map(|it| format!("{} at {}", it.code.text(), it.primary.span.text(search))).collect()
}

#[test]
fn an_address_is_found_in_the_networks_of_a_table() {
    for (address, expected) in [
        ("10.1.2.3", r#"{"src":"10.1.2.3","zone":"office"}"#),
        ("10.2.2.3", r#"{"src":"10.2.2.3","zone":"inside"}"#),
        ("fe80::1", r#"{"src":"fe80::1","zone":"link"}"#),
        ("192.0.2.7", r#"{"src":"192.0.2.7","zone":"door"}"#),
        ("192.0.2.8", r#"{"src":"192.0.2.8"}"#),
        ("nowhere", r#"{"src":"nowhere"}"#),
    ] {
        let row = format!(r#"{{"src":"{address}"}}"#);
        assert_eq!(rows("| lookup zones net AS src OUTPUT zone", &[&row]), [expected]);
    }
}

#[test]
fn a_text_is_found_by_the_patterns_of_a_table_or_gets_the_default() {
    for (agent, expected) in [
        ("GoogleBot/2", "robot"),
        ("CURL/8.1", "tool"),
        ("wget", "unknown"),
        ("x curl/8", "unknown"),
    ] {
        let row = format!(r#"{{"agent":"{agent}"}}"#);
        let found = rows("| lookup agents agent | fields kind", &[&row]);
        assert_eq!(found, [format!(r#"{{"kind":"{expected}"}}"#)]);
    }
    assert_eq!(rows("| lookup agents agent | fields kind, x", &[r#"{"x":"1"}"#]), [r#"{"x":"1"}"#]);
}

#[test]
fn keys_of_every_kind_go_together() {
    let search = "| lookup both net AS src, path, user OUTPUT verdict | fields verdict";
    for (row, expected) in [
        (r#"{"src":"10.1.1.1","path":"a.exe","user":"ann"}"#, r#"{"verdict":["allowed","odd"]}"#),
        (r#"{"src":"10.1.1.1","path":"a.dll","user":"ann"}"#, r#"{"verdict":"odd"}"#),
        (r#"{"src":"9.1.1.1","path":"a.exe","user":"ann"}"#, r#"{"verdict":"odd"}"#),
        (r#"{"src":"10.1.1.1","path":"a.exe","user":"Ann"}"#, "{}"),
        (r#"{"src":"10.1.1.1","user":"ann"}"#, "{}"),
    ] {
        assert_eq!(rows(search, &[row]), [expected], "{row}");
    }
}

#[test]
fn a_lookup_by_time_takes_the_row_that_held_when_the_event_happened() {
    let transforms = "[leases]\nfilename = leases.csv\ntime_field = at\nmax_offset_secs = 100\n\
        [days]\nfilename = days.csv\ntime_field = day\ntime_format = %Y-%m-%d\nmax_matches = 2\n";
    let files = [
        ("default/transforms.conf", transforms),
        (
            "lookups/leases.csv",
            "at,ip,host\n1000,10.0.0.1,oak\n1050,10.0.0.1,elm\n?,10.0.0.1,ash\n",
        ),
        (
            "lookups/days.csv",
            "day,user,team\n1970-01-02,ann,a\n1970-01-01,ann,b\n1970-01-03,ann,c\n",
        ),
    ];
    let found = |search: &str, row: &str| {
        let built = built(&files, search);
        assert!(!built.reports[0].is_refused(), "{search}");
        let loaded = RuleSet::from_bytes(&built.rules.to_bytes(), None).expect("we wrote it");
        let options = Options { input: Input::Rows, ..Options::default() };
        let mut found = String::new();
        for rules in [built.rules, loaded] {
            let mut engine = Engine::new(Arc::new(rules), options.clone());
            engine.push(row.as_bytes(), Head::default(), &mut |alert| found = json(alert));
        }
        found
    };
    for (time_s, host) in [
        ("999", None),
        ("1000", Some("oak")),
        ("1049.9", Some("oak")),
        ("1050", Some("elm")),
        ("1150", Some("elm")),
        ("1150.1", None),
    ] {
        let row = format!(r#"{{"_time":{time_s},"ip":"10.0.0.1"}}"#);
        let host = host.map(|host| format!(r#""host":"{host}""#)).unwrap_or_default();
        let search = "| lookup leases ip OUTPUT host | fields host | fields - _*";
        assert_eq!(found(search, &row), format!("{{{host}}}"), "{time_s}");
    }
    let search = "| lookup days user OUTPUT team | table team";
    let row = |time_s: u32| format!(r#"{{"_time":{time_s},"user":"ann"}}"#);
    assert_eq!(found(search, &row(100_000)), r#"{"team":["a","b"]}"#, "the nearest comes first");
    assert_eq!(found(search, r#"{"user":"ann"}"#), "{}", "when did it happen?");
}

#[test]
fn a_table_is_the_whole_of_a_search_or_follows_its_rows() {
    let all = [
        r#"{"user":"bob","group":"admins"}"#,
        r#"{"user":"amy","group":"staff"}"#,
        r#"{"user":"amy","group":"ops"}"#,
    ];
    assert_eq!(rows("| inputlookup users.csv", &[]), all);
    assert_eq!(rows("| inputlookup users start=1 max=1", &[]), all[1..2]);
    assert_eq!(rows("| inputlookup users where user=AMY NOT group=s*", &[]), all[2..]);
    assert_eq!(
        rows("| stats count by a | inputlookup append=t users where user=bob", &[r#"{"a":"1"}"#]),
        [r#"{"a":"1","count":"1"}"#, all[0]]
    );
    assert_eq!(
        rows("| inputlookup users | stats count by user", &[]),
        [r#"{"user":"amy","count":"2"}"#, r#"{"user":"bob","count":"1"}"#]
    );
}

#[test]
fn what_cannot_run_is_said_where_it_stands() {
    for (search, expected) in [
        ("| lookup users usr", "E0108 at usr"),
        ("| lookup users user OUTPUT groups", "E0108 at groups"),
        ("| lookup local=maybe users user", "E0108 at maybe"),
        ("| lookup event_time_field=t users user", "E0303 at event_time_field"),
        ("| lookup nobody user", "W0523 at nobody"),
        ("| inputlookup users start=x", "E0108 at x"),
        ("| inputlookup users columns=x", "E0303 at columns"),
        ("| inputlookup nobody", "W0523 at nobody"),
        ("| inputlookup strict=t nobody", "W0523 at nobody"),
        ("| stats count | inputlookup users", "E0308 at inputlookup"),
        ("| stats count | outputlookup append=t users", "W0524 at outputlookup"),
        ("| outputlookup append=so override_if_empty=t max=1 users", "E0108 at so"),
        ("| outputlookup users outputs=x", "E0303 at outputs"),
    ] {
        assert_eq!(said(search), [expected], "{search}");
    }
    assert_eq!(
        rows("| stats count | outputlookup users | eval x=1", &[]),
        [r#"{"count":"0","x":"1"}"#]
    );
    assert!(built(FILES, "| inputlookup strict=t nobody").reports[0].is_refused());
    assert!(!built(FILES, "| inputlookup nobody").reports[0].is_refused());
}

#[test]
fn the_names_of_addresses_come_from_a_table_of_the_user_or_not_at_all() {
    let search = "* | lookup dnslookup clientip AS src OUTPUT clienthost AS name | table src, name";
    let table = ("lookups/dnslookup.csv", "clientip,clienthost\n192.0.2.1,oak.example\n");
    for (files, said, expected) in [
        (&[][..], 1, r#"{"src":"192.0.2.1"}"#),
        (&[table][..], 0, r#"{"src":"192.0.2.1","name":"oak.example"}"#),
    ] {
        let mut knowledge = Knowledge::builtin();
        assert_eq!(knowledge.overlay(files), []);
        let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
        (0..3).for_each(|number| builder.add_spl(&format!("rule {number}"), search));
        let built = builder.build();
        let warnings = built.reports.iter().flat_map(|report| &report.diagnostics);
        assert_eq!(warnings.filter(|it| it.code.text() == "W0523").count(), said);
        assert_eq!(built.rules.len(), 3);
        let mut found = Vec::new();
        let mut engine = Engine::new(Arc::new(built.rules), Options::default());
        engine.push(b"src=192.0.2.1", Head::default(), &mut |alert: &Alert<'_>| {
            found.push(json(alert));
        });
        assert_eq!(found, [expected; 3]);
    }
}

/// The fields of those names that the event `raw` has, whose sourcetype is `st`.
fn fields(props: &str, raw: &str, names: &str) -> String {
    let files: Vec<_> = FILES
        .iter()
        .copied()
        .chain([
            ("local/props.conf", props),
            ("local/eventtypes.conf", "[odd]\nsearch = zone=office\n"),
        ])
        .collect();
    let built = built(&files, &format!("* | table {names}"));
    assert!(built.knowledge.is_empty(), "{:?}", built.knowledge);
    let mut engine = Engine::new(Arc::new(built.rules), Options::default());
    let mut found = String::new();
    let head = Head { sourcetype: Some(b"st"), source: Some(b"x"), ..Head::default() };
    engine.push(raw.as_bytes(), head, &mut |alert: &Alert<'_>| {
        found.push_str(&json(alert));
    });
    found
}

#[test]
fn an_automatic_lookup_reads_calculated_fields_and_event_types_read_what_it_gives() {
    let props = "[st]\nFIELDALIAS-a = zone AS early\nEVAL-src = \"10.1.\".tail\nEVAL-late = zone\n\
                 LOOKUP-z = zones net AS src OUTPUT zone\n";
    let shown = fields(props, "tail=2.3", "src, zone, eventtype, early, late");
    assert_eq!(shown, r#"{"src":"10.1.2.3","zone":"office","eventtype":"odd"}"#);
}

#[test]
fn automatic_lookups_run_in_the_order_of_their_classes_and_see_each_other() {
    let chain = "[st]\nLOOKUP-a = users user OUTPUT group AS agent\n\
                 LOOKUP-b = agents agent OUTPUT kind\n";
    assert_eq!(fields(chain, "user=bob", "agent, kind"), r#"{"agent":"admins","kind":"unknown"}"#);
    let backwards = chain.replace("LOOKUP-a", "LOOKUP-c");
    assert_eq!(fields(&backwards, "user=bob", "agent, kind"), r#"{"agent":"admins"}"#);
}

#[test]
fn output_replaces_an_event_s_own_field_and_output_new_keeps_it() {
    for (keyword, expected) in [("OUTPUT", "admins"), ("OUTPUTNEW", "own")] {
        let props = format!("[st]\nLOOKUP-a = users user {keyword} group\n");
        let shown = fields(&props, "user=bob group=own", "group");
        assert_eq!(shown, format!(r#"{{"group":"{expected}"}}"#));
        assert_eq!(fields(&props, "user=eve group=own", "group"), r#"{"group":"own"}"#);
    }
}

#[test]
fn a_stronger_stanza_takes_an_automatic_lookup_away() {
    let props = "[st]\nLOOKUP-a = users user OUTPUT group\n[source::y]\nLOOKUP-a =\n";
    assert_eq!(fields(props, "user=bob", "group"), r#"{"group":"admins"}"#);
    let taken = props.replace("source::y", "source::x");
    assert_eq!(fields(&taken, "user=bob", "group"), "{}");
}

#[test]
fn what_is_wrong_with_an_automatic_lookup_stands_in_its_file() {
    for (setting, code, place) in [
        ("users usr OUTPUT group", "E0108", "usr"),
        ("users", "E0107", ""),
        ("gone user OUTPUT x", "W0523", "gone"),
        ("local=t users user", "E0205", "local"),
    ] {
        let props = format!("[st]\nLOOKUP-a = {setting}\n");
        let files = [FILES, &[("local/props.conf", props.as_str())]].concat();
        let problems = built(&files, "*").knowledge;
        let [(file, problem)] = problems.as_slice() else { panic!("{problems:?}") };
        let found = (file.as_str(), problem.code.text(), problem.primary.span.text(&props));
        assert_eq!(found, ("local/props.conf", code, place));
    }
}

/// What `search` over `events` gives to be written, a line for each file: `seen.csv Append a,b: 1,2`.
fn written(search: &str, events: &[&str]) -> Vec<String> {
    let mut knowledge = Knowledge::builtin();
    assert_eq!(knowledge.overlay(FILES), []);
    let options = BuildOptions { allow_write: true, ..BuildOptions::default() };
    let mut builder = RuleSetBuilder::new(knowledge, options);
    builder.add_spl("search", search);
    let built = builder.build();
    assert!(!built.reports[0].is_refused(), "{search}");
    let bytes = RuleSet::from_bytes(&built.rules.to_bytes(), None).expect("we wrote it");
    let show = |rules: RuleSet| {
        let mut engine = Engine::new(Arc::new(rules), Options::default());
        for event in events {
            engine.push(event.as_bytes(), Head::default(), &mut |_| {});
        }
        engine.finish(&mut |_| {});
        engine.take_written().iter().map(written_line).collect::<Vec<_>>()
    };
    let lines = show(built.rules);
    assert_eq!(show(bytes), lines, "from its compiled file");
    lines
}

fn written_line(written: &Written) -> String {
    let Written { file, columns, rows, manner } = written;
    let rows: Vec<_> = rows
        .iter()
        .map(|row| row.iter().map(|cell| String::from_utf8_lossy(cell)).collect::<Vec<_>>())
        .map(|cells| cells.join(","))
        .collect();
    format!("{file} {manner:?} {}: {}", columns.join(","), rows.join(" "))
}

#[test]
fn outputlookup_gives_its_rows_to_the_host_once_and_passes_them_on() {
    let events = [r#"{"_time":1,"user":"bob","n":"1"}"#, r#"{"_time":2,"user":"amy","n":"2"}"#];
    for (search, expected) in [
        (
            "user=* | stats count by user | outputlookup zones | where count>5",
            vec!["zones.csv Replace(Remove) user,count: amy,1 bob,1"],
        ),
        (
            "user=* | table n | outputlookup append=t max=1 seen | search n=9",
            vec!["seen.csv Append n: 1"],
        ),
        (
            "user=* | stats count by user | outputlookup key_field=user createinapp=f new.csv",
            vec![r#"new.csv Update("user") user,count: amy,1 bob,1"#],
        ),
        (
            "user=* | stats count | where count>9 | outputlookup create_empty=t seen.csv",
            vec!["seen.csv Replace(Empty) : "],
        ),
        (
            "user=* | stats count | where count>9 | outputlookup override_if_empty=f seen.csv",
            vec!["seen.csv Replace(Keep) : "],
        ),
        (
            "| inputlookup users | outputlookup a.csv | outputlookup b.csv",
            vec![
                "a.csv Replace(Remove) user,group: bob,admins amy,staff amy,ops",
                "b.csv Replace(Remove) user,group: bob,admins amy,staff amy,ops",
            ],
        ),
    ] {
        assert_eq!(written(search, &events), expected, "{search}");
    }
}

#[test]
fn a_lookup_of_the_same_run_reads_what_was_loaded() {
    let search = "user=* | stats count by user | outputlookup users \
        | lookup users user OUTPUT group | table user, group | outputlookup seen.csv";
    assert_eq!(
        written(search, &[r#"{"user":"bob"}"#]),
        [
            "users.csv Replace(Remove) user,count: bob,1",
            "seen.csv Replace(Remove) user,group: bob,admins",
        ]
    );
}

#[test]
fn tables_are_written_nowhere_else() {
    for name in ["../seen.csv", "a/b.csv", "\"a b.csv\"", "packed.csv.gz"] {
        let options = BuildOptions { allow_write: true, ..BuildOptions::default() };
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), options);
        builder.add_spl("search", &format!("x=* | stats count | outputlookup {name}"));
        assert!(builder.build().reports[0].is_refused(), "{name}");
    }
}
