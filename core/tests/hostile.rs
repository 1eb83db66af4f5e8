//! Events and rows that no honest machine writes: nothing panics, and the counters say what became of them.
//!
//! What holds whatever an attacker sends, or a rule's author slips in, and the tests that would fail if it did not:
//!
//! Nothing that nests can exhaust the stack: beyond 256 levels, or fewer, it is refused, or is read without recursion.
//! - SPL: `core/tests/spl_parse.rs::nesting_is_bounded_and_chains_are_not`,
//!   `core/src/spl/lexer.rs::a_hundred_thousand_brackets_are_too_deep`
//! - expressions: `core/src/plan/lower/expr.rs::long_chains_do_not_nest_and_deep_nesting_is_refused`,
//!   `core/src/expr/program.rs::the_deepest_expressions_need_little_stack`
//! - macros that call macros: `core/src/plan/expand.rs::expansion_is_bounded`
//! - regexes: `core/src/expr/dialect.rs::nesting_is_bounded`
//! - YAML: `core/src/rule/mod.rs::hostile_yaml_is_bounded`
//! - JSON: `core/src/event/json/fields.rs::depth_names_and_their_number_are_bounded_and_counted`,
//!   `core/src/event/json/records.rs::depth_costs_no_stack`, `core/src/event/rows.rs::nesting_is_bounded`
//! - XML: `core/src/event/winxml.rs::deep_nesting_costs_no_stack`
//! - all of them on the stack that an embedder may give: `ffi/tests/small_stack.rs::the_deepest_rules_fit`,
//!   `ffi/tests/small_stack.rs::hostile_events_fit`
//!
//! Nothing small can be made large.
//! - macros expand to 1 MiB at most: `core/src/plan/expand.rs::expansion_is_bounded`
//! - aliases of YAML: `core/src/rule/mod.rs::hostile_yaml_is_bounded`
//! - what is decompressed: `host/src/inputs.rs::data_that_grows_too_much_is_given_up_with_the_name_of_the_limit`
//! - texts that expressions make: `core/src/expr/program.rs::a_text_does_not_grow_without_bound`
//! - lists that they make: `core/src/expr/functions/multivalue.rs::ranges_are_bounded`
//! - rows that they make of one event: `core/src/stage/mvexpand.rs::what_one_event_makes_is_bounded`
//! - values that belong to many groups: `core/src/stage/stats.rs::only_combinations_are_cut`
//!
//! A long event is looked at in part and counted, and so are many fields.
//! - pushed: `core/tests/hostile.rs::an_event_that_is_too_long_is_cut_and_its_first_part_is_looked_at`
//! - read from an input: `host/src/inputs.rs::long_events_and_events_that_are_not_utf8_are_counted_and_given_out`,
//!   `host/src/events/tests.rs::endless_events_take_bounded_memory`, `cli/tests/program.rs::a_line_of_100_mb_takes_bounded_memory`
//! - fields: `core/tests/hostile.rs::of_ten_thousand_fields_the_first_five_hundred_are_seen`
//!
//! A pattern that comes with the data is small, is kept while it is in use, and each row has so many only. Regexes take linear
//! time, but for those of a rule that look around: these have so many steps. What comes to a bound matches nothing and is
//! counted.
//! - small, kept, counted: `core/src/expr/caches.rs::a_pattern_from_data_may_be_none_and_what_is_too_large_is_counted`,
//!   `core/src/expr/caches.rs::patterns_from_data_are_compiled_once_and_forgotten_when_unused`,
//!   `core/src/expr/like.rs::a_pattern_from_data_is_bounded`
//! - so many for a row: `core/src/expr/caches.rs::what_data_may_have_compiled_for_one_row_is_bounded_and_what_is_beyond_counted`,
//!   `core/src/expr/caches.rs::a_row_pays_for_a_pattern_once_whatever_stood_before_it`,
//!   `core/tests/hostile.rs::a_flood_of_patterns_in_an_event_is_bounded_and_counted`
//! - linear time: `core/src/expr/regex.rs::hostile_patterns_and_values_cost_linear_time`
//! - so many steps: `core/src/expr/backtrack.rs::a_search_is_given_up_at_its_bound`,
//!   `core/src/expr/backtrack.rs::what_a_search_may_look_at_is_bounded`,
//!   `core/tests/hostile.rs::a_search_that_backtracks_without_end_is_given_up_and_counted`
//! - a walk over matches that would read its text again and again:
//!   `core/tests/hostile.rs::a_replacement_that_reads_too_much_is_none_and_is_counted`
//! - an extraction with too many: `core/src/event/extract.rs::what_hostile_texts_give_is_bounded_and_counted`
//!
//! Data is never read as SPL, and names no field that a row stands on.
//! - `core/tests/hostile.rs::what_looks_like_spl_in_an_event_is_text`
//! - `core/src/stage/eval.rs::data_may_not_name_a_field_that_the_row_stands_on`
//! - the texts that `foreach` puts in: `core/src/stage/foreach.rs::placeholders_are_names_numbers_and_texts`,
//!   `core/tests/hostile.rs::what_foreach_puts_in_is_never_read_as_spl`
//! - `map`, which would take SPL from fields, is refused so far: `core/tests/hostile.rs::no_rule_reaches_out_of_the_engine`
//!
//! Rules reach nothing outside of the engine, and knowledge nothing outside of its folder.
//! - commands that run programs, send, fetch or write: `core/tests/hostile.rs::no_rule_reaches_out_of_the_engine`
//! - the engine itself: `core/tests/layering.rs::the_core_touches_no_machine`
//! - names of lookups: `host/src/knowledge.rs::a_folder_gives_its_yaml_conf_files_and_lookups_with_local_after_default`
//! - links: `host/src/knowledge.rs::links_are_refused_whether_to_files_or_to_folders`
//!
//! What is shown does nothing to whoever looks at it.
//! - terminals: `cli/src/output.rs::a_table_never_passes_control_characters_on`
//! - spreadsheets: `cli/src/output.rs::csv_defuses_formulas_and_leaves_numbers`
//!
//! A saved state may come from an enemy. It is read into memory, where nobody changes it while it is looked at.
//! - the engine's: `core/tests/state.rs::a_state_that_an_enemy_wrote_does_no_harm`,
//!   `core/tests/state.rs::random_bytes_behind_a_good_head_do_no_harm`,
//!   `core/tests/regressions.rs::a_state_in_which_any_byte_is_another_does_no_harm`
//! - the stream's: `host/tests/regressions.rs::a_saved_stream_holds_its_law_wherever_it_is_cut_and_whatever_byte_is_another`,
//!   `host/src/positions.rs::bytes_of_anybody_are_refused_or_read_and_never_believed_about_lengths`
//! - its file: `host/src/state.rs::links_and_what_is_no_file_are_refused_and_left_alone`,
//!   `host/src/state.rs::state_beyond_its_limit_is_neither_written_nor_read`
//! - memory: `core/tests/hostile.rs::nothing_maps_a_file_into_memory`
//!
//! Compiled rule files, lookups that are written, and HTML do not exist yet.

mod common;

use std::{fs, path::Path, sync::Arc};

use caltrop_core::{
    compiled::RuleSet,
    config::{Input, Options},
    diag::Code,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{run, stream, without_prefilter};

/// Rules that look at everything: raw text, every field, derived fields, groups by what the event says.
const CURIOUS: &[&str] = &[
    "* | stats count values(*) as * by host",
    "TERM(evil) OR \"<EventID>1<\" OR Image=*\\\\evil.exe | bin span=1s | stats values(*) as * by _time, host",
    "* | regex parent_process_name=\"(?i)evil$\" | table *",
    "* | regex \"(<[^>]*>)+x\" | where match(process, \"(a|b)*c\") OR like(_raw, \"%a%b%c%\")",
    "*a*b*c*d* \"e*v*i*l\" | eval x=split(Image, \"\\\\\"), y=mvindex(x, -1), z=len(_raw) | stats count by y",
    "Image!=x NOT user=y source=*Event* | rename * as a_* | fields - a_a*",
];

fn event(time: &str, data: &str) -> Vec<u8> {
    format!(
        "<Event><System><EventID>1</EventID><TimeCreated SystemTime='{time}'/>\
         <Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>h</Computer></System>\
         <EventData>{data}</EventData></Event>"
    )
    .into_bytes()
}

const TIME: &str = "2026-03-02T09:30:00Z";

fn object(data: &str) -> Vec<u8> {
    format!(
        "{{\"winlog\":{{\"event_id\":1,\"channel\":\"Microsoft-Windows-Sysmon/Operational\",\
         \"computer_name\":\"h\",\"event_data\":{{\"UtcTime\":\"{TIME}\",{data}"
    )
    .into_bytes()
}

fn hostile_objects() -> Vec<(&'static str, Vec<u8>)> {
    let filled = |open: &str, piece: &str| {
        object(&format!("{open}{}", piece.repeat(((1 << 20) - 400) / piece.len())))
    };
    let long_names = format!("\"{}\":[", "n".repeat(900));
    vec![
        ("objects in objects", filled("", "\"evil\":{")),
        ("arrays in arrays", filled("\"Image\":", "[")),
        ("one long array", filled("\"Image\":[", "1,")),
        ("one long array behind a long name", filled(&long_names, "1,")),
        ("arrays of objects behind a long name", filled(&long_names, "{\"evil\":1},")),
        ("one key a hundred thousand times", filled("", "\"a\":1,")),
        ("quotes", filled("", "\"")),
        ("backslashes", filled("\"Image\":\"", "\\")),
        ("escaped quotes", filled("\"Image\":\"", "\\\"")),
        ("escapes by number", filled("\"Image\":\"", "\\u0065")),
        ("halves of pairs", filled("\"Image\":\"", "\\ud83d")),
        ("closing braces", filled("", "}")),
        ("colons", filled("\"Image\"", ":")),
        ("a wrapper without an end", [b"{\"Records\":".as_slice(), &b"[".repeat(1 << 20)].concat()),
    ]
}

fn hostile_events() -> Vec<(&'static str, Vec<u8>)> {
    let full = 1 << 20;
    let in_event = |piece: &str| event(TIME, &piece.repeat((full - 400) / piece.len()));
    vec![
        ("nothing", Vec::new()),
        ("white space", b" \t\r ".to_vec()),
        ("opening brackets", vec![b'<'; full]),
        ("an event of opening brackets", in_event("<")),
        ("an event of start tags", in_event("<a>")),
        ("an event of ampersands", in_event("&#")),
        ("an event of comments", in_event("<!-- evil")),
        ("an event of quotes", in_event("<Data Name='\"")),
        ("one long value", in_event("<Data Name='Image'>\\evil")),
        ("a million references", in_event("&#101;")),
        ("percent codes", in_event("%2526")),
        ("zeros", vec![0; full]),
        ("all bytes", (0..=255).cycle().take(full).collect()),
        (
            "bytes that are not UTF-8",
            event(TIME, "<Data Name='Image'>\\evil.exe\u{1}</Data>")
                .iter()
                .map(|&byte| if byte == 1 { 0xff } else { byte })
                .collect(),
        ),
        (
            "names that are not UTF-8",
            [
                b"<Event><EventData><Data Name='".as_slice(),
                &[0xff; 99],
                b"'>evil</Data></EventData></Event>",
            ]
            .concat(),
        ),
        (
            "a year before times begin",
            event("1601-01-01T00:00:00Z", "<Data Name='Image'>evil</Data>"),
        ),
        (
            "a year after times end",
            event("9999-12-31T23:59:59.9999999Z", "<Data Name='Image'>evil</Data>"),
        ),
        ("no time at all", event("yesterday", "<Data Name='Image'>evil</Data>")),
        (
            "a time at the edge",
            event("2262-04-11T23:47:16.854775807Z", "<Data Name='Image'>evil</Data>"),
        ),
        (
            "a time at the other edge",
            event("1677-09-21T00:12:43.145224193Z", "<Data Name='Image'>evil</Data>"),
        ),
        ("deep nesting", in_event("<Event><System><EventData>")),
    ]
}

/// A hostile value must not hide the event, nor one that is cut off.
#[test]
fn what_stands_before_the_damage_is_seen_by_rules() {
    let rules = common::searches(&["EventCode=1 Image=*evil* | table Image host"]);
    for data in [
        r#""Image":"evil","x":"#,
        r#""Image":"evil"#,
        r#""x":[[[[{"y":{}]]}]],"Image":["evil"#,
        r#""Image":"good","Image":"evil"}"#,
        r#""Image":"\u0065vil\ud800"#,
    ] {
        for options in ways() {
            let outcome = run(&rules, &options, [object(data).as_slice()]);
            assert_eq!(outcome.alerts.len(), 1, "{data} {options:?}");
        }
    }
}

/// A wrapper that were one event would hide all but the first of its records.
#[test]
fn records_that_are_pushed_in_their_wrapper_are_events_of_their_own() {
    let rules = common::searches(&["eventName=GetObject | table user", "* | stats count"]);
    let raw = br#"{"Records":[{"eventName":"GetObject","user":"a"},{"eventName":"PutObject"},{"eventName":"GetObject","user":"b"}]}"#;
    for options in [Options::default(), without_prefilter(&Options::default())] {
        let outcome = run(&rules, &options, [raw.as_slice(), raw]);
        assert_eq!((outcome.alerts.len(), outcome.counters.events), (5, 6), "{outcome:#?}");
        let key = |alert: &str| alert.split("\"key\":").nth(1).map(|key| key[..18].to_owned());
        let mut keys: Vec<_> = outcome.alerts.iter().map(|alert| key(alert)).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 5, "each record has a key of its own: {keys:?}");
    }
}

/// Every way of running.
fn ways() -> Vec<Options> {
    let ways = [Options::default(), stream(10)];
    ways.iter().flat_map(|options| [options.clone(), without_prefilter(options)]).collect()
}

#[test]
fn no_event_makes_the_engine_fail_and_the_scan_still_changes_nothing() {
    let curious = common::searches(CURIOUS);
    for rules in [common::seed(), curious] {
        for (name, raw) in hostile_events().into_iter().chain(hostile_objects()) {
            let outcomes: Vec<_> =
                ways().iter().map(|options| run(&rules, options, [raw.as_slice()])).collect();
            assert_eq!(outcomes[0].alerts, outcomes[1].alerts, "{name}");
            assert_eq!(outcomes[2].alerts, outcomes[3].alerts, "{name}");
            assert!(outcomes.iter().all(|outcome| outcome.counters.events == 1), "{name}");
        }
    }
}

#[test]
fn an_event_whose_year_does_not_exist_has_no_time() {
    let rules =
        common::searches(&["evil | bin span=1s | stats count by _time, host", "evil | table host"]);
    let events = [
        event("1601-01-01T00:00:00Z", "<Data>evil</Data>"),
        event("9999-12-31T23:59:59Z", "<Data>evil</Data>"),
    ];
    let raws = || events.iter().map(Vec::as_slice);
    let batch = run(&rules, &Options::default(), raws());
    // The rule that asks for no time sees both; the caller's time would count for the other.
    assert_eq!(batch.alerts.len(), 2);
    let outcome = run(&rules, &stream(10), raws());
    assert_eq!((outcome.alerts.len(), outcome.counters.timeless_dropped), (2, 2));
}

#[test]
fn of_ten_thousand_fields_the_first_five_hundred_are_seen() {
    let data: String =
        (0..10_000).map(|field| format!("<Data Name='f{field}'>{field}</Data>")).collect();
    let rules = common::searches(&["TERM(9999) | table f*", "TERM(9999) | where f9999=9999"]);
    let outcome = run(&rules, &Options::default(), [event(TIME, &data).as_slice()]);
    let row: serde_json::Value = serde_json::from_str(&outcome.alerts[0]).expect("alerts are JSON");
    let seen = row["row"].as_object().expect("a row").len();
    assert!((500..=caltrop_core::event::MAX_FIELDS).contains(&seen), "{seen}");
    assert_eq!(outcome.alerts.len(), 1, "no test of a field that is not seen can pass");
    assert!(outcome.counters.lost_fields >= 10_000 - 512, "{:?}", outcome.counters);
}

#[test]
fn the_first_of_two_fields_of_one_name_counts() {
    let data = "<Data Name='a'>1</Data><Data Name='a'>2</Data><Data Name='b'></Data><Data Name='b'>3</Data>";
    let rules = common::searches(&["* | table a b"]);
    let outcome = run(&rules, &Options::default(), [event(TIME, data).as_slice()]);
    assert!(
        outcome.alerts[0].ends_with("\"row\":{\"a\":\"1\",\"b\":\"3\"}}"),
        "{}",
        outcome.alerts[0]
    );
}

#[test]
fn an_event_that_is_too_long_is_cut_and_its_first_part_is_looked_at() {
    let options = Options { max_event_bytes: 1000, ..Options::default() };
    let rules =
        common::searches(&["TERM(early) | table CommandLine", "TERM(late) | table CommandLine"]);
    let data = format!("<Data Name='CommandLine'>early {} late</Data>", "x".repeat(2000));
    for options in [options.clone(), without_prefilter(&options)] {
        let outcome = run(&rules, &options, [event(TIME, &data).as_slice()]);
        assert_eq!((outcome.alerts.len(), outcome.counters.cut_events), (1, 1));
    }
}

/// An event that looked at the windows of every host would make this a matter of minutes.
#[test]
fn ten_thousand_hosts_with_open_windows_do_not_slow_each_other() {
    const HOSTS: usize = 10_000;
    let rules = common::searches(&[
        "TERM(evil) | stats count by host",
        "TERM(evil) | bin span=1s | stats count by _time, host",
        "TERM(evil) | stats count by Image",
    ]);
    let events: Vec<String> = (0..3 * HOSTS)
        .map(|event| {
            let (word, minute) = [("evil", 0), ("good", 30), ("good", 59)][event / HOSTS];
            format!(
                "<Event><System><TimeCreated SystemTime='2026-03-02T09:{minute:02}:01Z'/>\
                 <Computer>h{}</Computer></System><EventData><Data Name='Image'>{word}</Data>\
                 </EventData></Event>",
                event % HOSTS
            )
        })
        .collect();
    let outcome = run(&rules, &stream(10), events.iter().map(String::as_bytes));
    assert_eq!(outcome.alerts.len(), 2 * HOSTS + 1);
    assert_eq!(outcome.counters.late_dropped, 0);
}

fn numbered_rows(count: usize) -> Vec<String> {
    (0..count)
        .map(|row| format!("{{\"_time\":{},\"user\":\"u{row}\"}}", 1_772_443_800 + row % 600))
        .collect()
}

fn counted(rules: &Arc<RuleSet>, options: &Options, rows: &[String]) -> (usize, Engine) {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut alerts = 0;
    for row in rows {
        engine.push(row.as_bytes(), Head::default(), &mut |_| alerts += 1);
    }
    engine.finish(&mut |_| alerts += 1);
    (alerts, engine)
}

#[test]
fn a_hundred_thousand_groups_come_out_as_so_many_rows() {
    let rules = common::searches(&["* | stats count by user"]);
    let rows = numbered_rows(100_000);
    let options = Options { input: Input::Rows, ..Options::default() };
    let (alerts, engine) = counted(&rules, &options, &rows);
    assert_eq!((alerts, engine.exhausted()), (100_000, None));
    assert!(engine.counters().state_bytes_peak > 100_000 && engine.counters().state_bytes == 0);
}

#[test]
fn state_beyond_its_bound_stops_a_batch_and_is_sent_early_by_a_stream() {
    let rules = common::searches(&["* | stats count by user"]);
    let rows = numbered_rows(20_000);
    let bounded =
        |options: Options| Options { input: Input::Rows, max_state_bytes: 1 << 18, ..options };
    let (_, engine) = counted(&rules, &bounded(Options::default()), &rows);
    assert!(engine.exhausted().is_some());
    let (alerts, engine) = counted(&rules, &bounded(stream(3600)), &rows);
    assert_eq!((alerts, engine.exhausted()), (20_000, None));
    let counters = engine.counters();
    assert!(counters.partial_groups > 1, "{counters:?}");
    // An arena grows in steps, so the bound is passed by one of them at most.
    assert!(counters.state_bytes_peak < 1 << 20, "{counters:?}");
}

#[test]
fn hostile_rows_are_counted_or_survived() {
    let rules = common::searches(&[
        "* | stats count values(*) as * by host",
        "* | bin span=1s | stats count by _time",
    ]);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!(
        "{{{}\"z\":1}}",
        (0..50_000).map(|name| format!("\"n{name}\":{name},")).collect::<String>()
    );
    let many = format!("{{\"host\":[{}\"h\"]}}", "\"h\",".repeat(50_000));
    let rows = [
        deep.as_str(),
        &wide,
        &many,
        "",
        "{",
        "null",
        "{\"a\":1e999,\"b\":-0,\"c\":\"\\ud800\",\"_time\":1e300}",
        "{\"_time\":[1,2],\"host\":{}}",
        "{\"_time\":\"\",\"host\":\"\"}",
        "{\"_time\":9223372036.854775808,\"host\":\"h\"}",
        "{\"_time\":-9223372036.9,\"host\":\"h\"}",
        "{\"a\":1,\"a\":2,\"host\":\"h\"}",
    ];
    for options in ways() {
        let options = Options { input: Input::Rows, ..options };
        let outcome = run(&rules, &options, rows.iter().map(|row| row.as_bytes()));
        assert_eq!(outcome.counters.events, 12);
        // Too deep, empty, cut off, and no object.
        assert_eq!(outcome.counters.malformed_rows, 4);
    }
}

#[test]
fn the_tests_that_are_named_above_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = include_str!("hostile.rs").lines().take_while(|line| line.starts_with("//!"));
    let named: Vec<(&str, &str)> = page
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter_map(|name| name.split_once("::"))
        .collect();
    assert!(named.len() > 40, "{}", named.len());
    for (path, test) in named {
        let text = fs::read_to_string(root.join(path)).expect(path);
        assert!(
            text.contains(&format!("    fn {test}()")) || text.contains(&format!("\nfn {test}()")),
            "{path} has no {test}"
        );
    }
}

/// What a rule makes of rows, with and without the scan, and how many searches were given up.
fn results(spl: &str, rows: &[&str]) -> (Vec<String>, u64) {
    let rules = common::searches(&[spl]);
    let outcomes = [Options::default(), without_prefilter(&Options::default())].map(|options| {
        let options = Options { input: Input::Rows, ..options };
        let outcome = run(&rules, &options, rows.iter().map(|row| row.as_bytes()));
        let row = |alert: &String| {
            alert
                .split_once("\"row\":")
                .expect("an alert has a row")
                .1
                .trim_end_matches('}')
                .to_owned()
        };
        (outcome.alerts.iter().map(row).collect(), outcome.counters.given_up_searches)
    });
    assert_eq!(outcomes[0], outcomes[1]);
    outcomes[0].clone()
}

/// Ten thousand patterns in one event, each of which takes a while to compile, and an honest event behind it.
#[test]
fn a_flood_of_patterns_in_an_event_is_bounded_and_counted() {
    let flood: Vec<_> = (0..10_000).map(|number| format!("\"(\\\\d{{99}}|{number})x?\"")).collect();
    let flood = format!("{{\"p\":[{}],\"v\":\"evil\"}}", flood.join(","));
    let honest = "{\"p\":[\"good\",\"e.il\"],\"v\":\"evil\"}";
    let spl = "* | eval hits=mvmap(p, if(match(v, p), p, null())) | table hits";
    let (rows, lost) = results(spl, &[&flood, honest]);
    assert_eq!(rows, ["{", "{\"hits\":\"e.il\""]);
    assert_eq!(lost, 10_000 - 256);
}

#[test]
fn a_replacement_that_reads_too_much_is_none_and_is_counted() {
    let row = |length: usize| format!("{{\"v\":\"{}\"}}", "a".repeat(length));
    let spl = "* | eval v=replace(v, \"a|x.*y\", \"b\") | table v";
    let (rows, lost) = results(spl, &[&row(500_000), &row(3)]);
    assert_eq!(rows, ["{", "{\"v\":\"bbb\""]);
    assert_eq!(lost, 1);
}

#[test]
fn what_looks_like_spl_in_an_event_is_text() {
    for text in
        ["x | head 0", "`get_endpoint_data`", "[search *]", "$v$", "<<FIELD>>", "{v}", "v=1 OR *"]
    {
        let row = format!("{{\"v\":\"{text}\"}}");
        let honest = "{\"v\":\"honest\"}";
        let (rows, _) = results("* | eval w=v.\"\", {v}=v | table v w", &[&row, honest]);
        assert_eq!(rows.len(), 2, "{text}");
        assert_eq!(rows[0], format!("{{\"v\":\"{text}\",\"w\":\"{text}\""));
        let (rows, _) = results("* | where v=\"honest\" OR like(\"honest\", v)", &[&row, honest]);
        assert_eq!(rows.len(), 1, "{text}");
    }
}

#[test]
fn what_foreach_puts_in_is_never_read_as_spl() {
    let spl = "* | foreach mode=multivalue v [eval w=\"<<ITEM>>\"] | table w";
    for text in [r#"\" . upper(\"x"#, r#"\"] | head 0"#, "<<FIELD>>", "$v$", r"\\"] {
        let (rows, _) = results(spl, &[&format!("{{\"v\":\"{text}\"}}")]);
        assert_eq!(rows, [format!("{{\"w\":\"{text}\"")]);
    }
    let spl = "* | foreach * [eval sum=1+'<<FIELD>>'] | table sum";
    let (rows, _) = results(spl, &["{\"a'] | head 0\":1}", "{\"b\":2}"]);
    assert_eq!(rows, ["{\"sum\":\"2\"", "{\"sum\":\"3\""]);
}

#[test]
fn no_rule_reaches_out_of_the_engine() {
    let reaching = [
        ("script python x", Code::RefusedCommand),
        ("runshellscript x", Code::RefusedCommand),
        ("sendemail to=\"x@example.org\"", Code::RefusedCommand),
        ("sendalert x", Code::RefusedCommand),
        ("rest /services/server/info", Code::RefusedCommand),
        ("dbxquery query=\"select 1\"", Code::RefusedCommand),
        ("collect index=x", Code::RefusedCommand),
        ("delete", Code::RefusedCommand),
        ("outputcsv x.csv", Code::UnsupportedCommand),
        ("map search=\"search $v$\"", Code::SearchForEachRow),
    ];
    for (command, code) in reaching {
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        builder.add_spl("rule", &format!("error | {command}"));
        let built = builder.build();
        assert_eq!(built.rules.len(), 0, "{command}");
        let codes: Vec<_> = built.reports[0].diagnostics.iter().map(|found| found.code).collect();
        assert!(codes.contains(&code), "{command}: {codes:?}");
    }
}

/// A file that is mapped changes under whoever has checked it.
#[test]
fn nothing_maps_a_file_into_memory() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = fs::read_to_string(lock).expect("the lock file is there");
    let names: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(names.contains(&"\"caltrop-core\""));
    assert!(names.iter().all(|name| !name.contains("mmap")), "{names:?}");
}

/// The table of kinds is each engine's own, and what was counted of it belongs to the run.
#[test]
fn what_was_counted_of_a_flood_of_hosts_is_still_there_after_a_merge() {
    let rules = common::searches(&["* | stats count by user"]);
    let flooded = || {
        let mut engine = Engine::new(Arc::clone(&rules), Options::default());
        for number in 0..5_000 {
            let source = format!("source{number}");
            let head = Head { source: Some(source.as_bytes()), ..Head::default() };
            engine.push(b"event", head, &mut |_| {});
        }
        engine
    };
    let mut engine = flooded();
    engine.merge(flooded());
    engine.finish(&mut |_| {});
    assert_eq!(engine.counters().kind_resets, 2);
}

#[test]
fn a_search_that_backtracks_without_end_is_given_up_and_counted() {
    let rules =
        common::searches(&["* | regex CommandLine=\"(?=x)(x+x+)+\\1y\" | table CommandLine"]);
    let of = |command: &str| event(TIME, &format!("<Data Name='CommandLine'>{command}</Data>"));
    let (hostile, honest) = (of(&"x".repeat(2000)), of("xxxxy"));
    let outcome = run(&rules, &Options::default(), [&*hostile, &*honest, &*hostile]);
    assert_eq!(outcome.alerts.len(), 1);
    assert_eq!(outcome.counters.given_up_searches, 2);
}
