//! What props.conf and its like make of the fields of events, from the files to the rows.

mod common;

use std::sync::Arc;

use caltrop_core::{
    compiled::RuleSet,
    config::Options,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use serde_json::Value;

/// Files of one app, and what is wrong with them or with what they mean: `file:line: message`.
struct App {
    knowledge: Knowledge,
    problems: Vec<String>,
}

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut knowledge = Knowledge::default();
        let read = knowledge.overlay(files);
        let read: Vec<_> = read.into_iter().map(|(file, said)| (file.to_owned(), said)).collect();
        let built = RuleSetBuilder::new(knowledge.clone(), BuildOptions::default()).build();
        let problems = read.into_iter().chain(built.knowledge).map(|(file, said)| {
            let text = files.iter().find(|(name, _)| *name == file).map_or("", |(_, text)| text);
            let (line, column) = caltrop_core::diag::line_and_column(text, said.primary.span.start);
            format!("{file}:{line}:{column}: {} {}", said.code.text(), said.message)
        });
        Self { problems: problems.collect(), knowledge }
    }

    fn rules(&self, search: &str) -> Arc<RuleSet> {
        let mut builder = RuleSetBuilder::new(self.knowledge.clone(), BuildOptions::default());
        builder.add_spl("search", search);
        common::compiled(builder.build())
    }

    /// The rows that `search` makes of one event, each as `field=value,value` in the order of the names.
    fn rows(&self, search: &str, raw: &str, head: &Head<'_>) -> Vec<String> {
        let mut rows = Vec::new();
        let mut engine = Engine::new(self.rules(search), Options::default());
        let mut keep = |alert: &caltrop_core::alert::Alert<'_>| rows.push(row(alert));
        engine.push(raw.as_bytes(), head, &mut keep);
        engine.finish(&mut keep);
        rows
    }

    /// The fields of one event, as `table` shows them.
    fn fields(&self, names: &str, raw: &str) -> String {
        self.fields_of(names, raw, &Head { sourcetype: Some(b"st"), ..Head::default() })
    }

    fn fields_of(&self, names: &str, raw: &str, head: &Head<'_>) -> String {
        self.rows(&format!("* | table {names}"), raw, head).concat()
    }
}

fn row(alert: &caltrop_core::alert::Alert<'_>) -> String {
    let mut alert: Value = serde_json::from_str(&common::json(alert)).expect("alerts are JSON");
    let Value::Object(row) = alert["row"].take() else { panic!("a row is an object") };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    // The keys of a parsed object keep their order or not, as other crates of the build wish.
    let row: std::collections::BTreeMap<_, _> = row.iter().collect();
    row.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(" ")
}

fn props(text: &str) -> App {
    app(text, "")
}

fn app(props: &str, transforms: &str) -> App {
    let app = App::new(&[("props.conf", props), ("transforms.conf", transforms)]);
    assert_eq!(app.problems, [""; 0]);
    app
}

const LOGIN: &str = "Jan  5 10:00:00 gate sshd[77]: Failed password for root from 10.0.0.9 port 22";

#[test]
fn named_groups_of_an_extraction_are_fields() {
    let app = props("[st]\nEXTRACT-a = for (?<user>\\S+) from (?<src>\\S+)(?<nothing>x)?\n");
    assert_eq!(app.fields("user src nothing", LOGIN), "src=10.0.0.9 user=root");
    assert_eq!(app.fields("user", "nothing of the kind"), "");
}

#[test]
fn an_extraction_reads_what_earlier_ones_have_found() {
    let app = props(
        "[st]\nEXTRACT-b = (?<digit>\\d) in src\nEXTRACT-a = from (?<src>\\S+)\n\
         EXTRACT-Z = (?<early>\\d) in src\nEXTRACT-c = (?<again>.) in digit\n",
    );
    // Capital letters come first.
    let fields = "again digit early src";
    assert_eq!(app.fields(fields, LOGIN), "again=1 digit=1 src=10.0.0.9");
}

#[test]
fn what_is_read_first_changes_nothing() {
    let app = props(
        "[st]\nEXTRACT-a = user (?<name>\\w+)\nEXTRACT-b = (?<first>.) in name\n\
         EXTRACT-c = login (?<name>\\w+)\n",
    );
    // `b` sees only what `a` found, though `name` has the value of `c`.
    for fields in ["first name", "name first"] {
        assert_eq!(app.fields(fields, "login eve"), "name=eve");
    }
    assert_eq!(app.fields("first name", "user bob login eve"), "first=b name=bob");
}

#[test]
fn an_empty_setting_of_a_stronger_stanza_takes_an_extraction_away() {
    let app = props("[st]\nEXTRACT-a = for (?<user>\\S+)\n[source::s]\nEXTRACT-a =\n");
    let with_source = Head { source: Some(b"s"), sourcetype: Some(b"st"), ..Head::default() };
    assert_eq!(app.fields_of("user", LOGIN, &with_source), "");
}

#[test]
fn a_report_names_its_fields_in_a_format() {
    let app = app(
        "[st]\nREPORT-a = login, port\n",
        "[login]\nREGEX = (Failed|Accepted) \\w+ for (\\w+)\nFORMAT = action::$1 user::$2\n\
         [port]\nREGEX = port (?<port>\\d+)\n",
    );
    assert_eq!(app.fields("action user port", LOGIN), "action=Failed port=22 user=root");
}

#[test]
fn a_report_takes_names_from_the_event() {
    let transforms = "[pairs]\nREGEX = \\[([^=\\]]+)=([^\\]]*)\\]\nFORMAT = $1::$2\n";
    let app = app("[st]\nKV_MODE = none\nREPORT-a = pairs\n", transforms);
    let raw = "[user=eve] [9-odd name=x] [user=bob] [empty=]";
    assert_eq!(app.fields("user odd_name empty", raw), "odd_name=x user=eve");
    // No rule names `odd_name` here, and yet it is seen.
    let rows = app.rows("* | table *", raw, &Head { sourcetype: Some(b"st"), ..Head::default() });
    assert_eq!(rows, ["odd_name=x sourcetype=st user=eve"]);
}

#[test]
fn key_groups_name_the_fields_of_their_value_groups() {
    let transforms = "[pairs]\nREGEX = (?<_KEY_1>\\w+)=(?<_VAL_1>\\w+)\n";
    let app = app("[st]\nREPORT-a = pairs\n", transforms);
    assert_eq!(app.fields("a b", "a=1 b=2 a=3"), "a=1 b=2");
}

#[test]
fn values_are_added_where_the_transform_says_so() {
    let transforms = "[to]\nREGEX = to=(?<to>\\w+)\nMV_ADD = true\n\
                      [cc]\nREGEX = cc=(?<to>\\w+)\nMV_ADD = 1\n[bcc]\nREGEX = to_=(?<to>\\w+)\n";
    let app = app("[st]\nREPORT-a = to, cc, bcc\n", transforms);
    assert_eq!(app.fields("to", "to=a cc=b to=c to_=d"), "to=a,c,b");
}

#[test]
fn delimiters_cut_columns() {
    let transforms = "[csv]\nDELIMS = \",\"\nFIELDS = \"time\", who, \"what\"\n";
    let app = app("[st]\nREPORT-a = csv\n", transforms);
    assert_eq!(app.fields("time who what", "9:00,,\"a, b\",rest"), "time=9:00 what=a, b");
    assert_eq!(app.fields("time who", "9:00"), "time=9:00");
}

#[test]
fn delimiters_cut_pairs() {
    let transforms = "[pairs]\nDELIMS = \"|;\", \"=:\"\nCLEAN_KEYS = false\n";
    let app = app("[st]\nREPORT-a = pairs\n", transforms);
    let raw = "a=1||b: two ;c=\"x|y\"|d|e=|f=g=h";
    assert_eq!(app.fields("a b c d e f", raw), "a=1 b=two c=x|y f=g=h");
}

#[test]
fn empty_values_are_kept_where_the_transform_says_so() {
    let transforms = "[t]\nREGEX = user=(?<user>\\w*)\nKEEP_EMPTY_VALS = true\n";
    let app = app("[st]\nREPORT-a = t\n", transforms);
    assert_eq!(app.fields("user", "user= x"), "user=");
}

#[test]
fn a_transform_reads_the_field_that_it_says() {
    let transforms = "[t]\nREGEX = ^(?<first>\\d+)\nSOURCE_KEY = src\n";
    let app = app("[st]\nEXTRACT-a = from (?<src>\\S+)\nREPORT-a = t\n", transforms);
    assert_eq!(app.fields("first", LOGIN), "first=10");
}

#[test]
fn aliases_and_calculations_come_after_extractions() {
    let app = props(
        "[st]\nEVAL-kind = if(who=\"root\", \"admin\", \"user\")\nEXTRACT-a = for (?<user>\\S+)\n\
         FIELDALIAS-a = user AS who\n",
    );
    assert_eq!(app.fields("kind who user", LOGIN), "kind=admin user=root who=root");
}

#[test]
fn an_event_is_recognised_by_its_text() {
    let app = props(
        "[rule::b]\nsourcetype = login\nMORE_THAN_75 = sshd\\[\n\
         [rule::a]\nsourcetype = failure\nMORE_THAN_1 = Failed\nMORE_THAN_2 = sshd\nLESS_THAN_9 = root\n\
         [delayedrule::a]\nsourcetype = line\nMORE_THAN_1 = .\n\
         [failure]\nEXTRACT-a = for (?<user>\\S+)\n[login]\nEXTRACT-a = from (?<user>\\S+)\n",
    );
    let fields = |raw: &str| app.fields_of("sourcetype user", raw, &Head::default());
    assert_eq!(fields(LOGIN), "sourcetype=login user=10.0.0.9");
    assert_eq!(fields(&LOGIN.replace("root", "eve")), "sourcetype=failure user=eve");
    assert_eq!(fields("anything"), "sourcetype=line");
    assert_eq!(fields(""), "");
    let given = Head { sourcetype: Some(b"mine"), ..Head::default() };
    assert_eq!(app.fields_of("sourcetype user", LOGIN, &given), "sourcetype=mine");
    let given = Head { source: Some(b"/var/log"), ..Head::default() };
    assert_eq!(app.fields_of("sourcetype user", LOGIN, &given), "");
    let windows = "<Event><System><Channel>sshd[ Failed</Channel></System></Event>";
    assert_eq!(fields(windows), "sourcetype=XmlWinEventLog:sshd[ Failed");
    let rows = app.rows("sourcetype=login | table user", LOGIN, &Head::default());
    assert_eq!(rows, ["user=10.0.0.9"]);
}

#[test]
fn a_source_says_what_its_events_are() {
    let app = props(
        "[source::.../secure*]\nsourcetype = linux_secure\n\
         [linux_secure]\nEXTRACT-a = for (?<user>\\S+)\n",
    );
    let head = Head { source: Some(b"/var/log/secure.1"), ..Head::default() };
    let row = app.fields_of("sourcetype user", LOGIN, &head);
    assert_eq!(row, "sourcetype=linux_secure user=root");
}

/// An app with event types and tags, laid over two stanzas of props.conf.
fn labelled(eventtypes: &str, tags: &str) -> App {
    let props = "[st]\nEXTRACT-a = for (?<user>\\S+) from (?<src>\\S+)\nEVAL-kind = upper(user)\n";
    App::new(&[("props.conf", props), ("eventtypes.conf", eventtypes), ("tags.conf", tags)])
}

#[test]
fn event_types_are_searches_that_find_the_event() {
    let app = labelled(
        "[login]\nsearch = sshd user=*\n[failure]\nsearch = Failed kind=ROOT\n\
         [other]\nsearch = nothing\n[off]\nsearch = sshd\ndisabled = 1\n[no_search]\n",
        "",
    );
    assert_eq!(app.problems, [""; 0]);
    assert_eq!(app.fields("eventtype", LOGIN), "eventtype=failure,login");
    assert_eq!(app.fields("eventtype", "sshd"), "");
    let head = Head { sourcetype: Some(b"st"), ..Head::default() };
    let found = |search: &str| app.rows(&format!("{search} | table user"), LOGIN, &head);
    assert_eq!(found("eventtype=FAIL*"), ["user=root"]);
    assert_eq!(found("eventtype=other"), [""; 0]);
    let shown = app.rows("* | stats values(*) as *", LOGIN, &head);
    assert!(shown[0].contains("eventtype=failure,login"), "{shown:?}");
}

#[test]
fn event_types_test_each_other() {
    let app = labelled(
        "[a]\nsearch = eventtype=z* NOT eventtype=b\n[b]\nsearch = nothing\n[z1]\nsearch = sshd\n",
        "",
    );
    assert_eq!(app.fields("eventtype", LOGIN), "eventtype=a,z1");
}

#[test]
fn values_have_tags() {
    let app = labelled(
        "[login]\nsearch = sshd\ntags = authentication remote\n[failure]\nsearch = Failed\n",
        "[eventtype=login]\nremote = disabled\n[eventtype=failure]\nfailure = enabled\n\
         [src=10%2e0.0.9]\nprivate = enabled\nauthentication = enabled\n[src=10]\npublic = enabled\n\
         [user=ROOT]\nprivileged = enabled\n",
    );
    assert_eq!(app.problems, [""; 0]);
    let tags = "tag=authentication,failure,private \
                tag::eventtype=authentication,failure tag::src=authentication,private";
    assert_eq!(app.fields("tag tag::eventtype tag::src tag::user", LOGIN), tags);
    assert_eq!(app.fields("tag", "nothing"), "");
    let head = Head { sourcetype: Some(b"st"), ..Head::default() };
    assert_eq!(app.rows("tag=failure tag::src=private | table user", LOGIN, &head), ["user=root"]);
    let shown = app.rows("* | stats values(*) as *", LOGIN, &head);
    assert!(shown[0].contains(tags), "{shown:?}");
}

#[test]
fn bad_event_types_and_tags_are_placed() {
    let app = labelled(
        "[a]\nsearch = eventtype=b\n[b]\nsearch = eventtype=a OR x\n[c]\nsearch = x | head 1\n\
         [d]\nsearch = (x\n[e]\nsearch = Failed OR tag=x\n[f]\nsearch = `gone`\n",
        "[eventtype=e]\nx = maybe\n",
    );
    let said: Vec<&str> = app.problems.iter().map(String::as_str).collect();
    assert_eq!(
        said,
        [
            "tags.conf:2:5: E0205 the tag `x` is neither `enabled` nor `disabled`",
            "eventtypes.conf:6:10: E0205 the event type `c` is more than a search",
            "eventtypes.conf:8:12: E0103 unclosed parenthesis in `search`",
            "eventtypes.conf:10:20: W0522 the event type `e` tests a tag, which is always absent here",
            "eventtypes.conf:12:10: E0201 unknown macro `gone`",
            "eventtypes.conf:2:10: E0205 the event type `a` tests itself",
            "eventtypes.conf:4:10: E0205 the event type `b` tests itself",
        ]
    );
    assert_eq!(app.fields("eventtype", LOGIN), "eventtype=e");
}

#[test]
fn explain_shows_what_makes_a_field() {
    let app = app(
        "[st]\nEXTRACT-a = for (?<user>\\S+) in Message\nREPORT-b = t\nFIELDALIAS-c = user AS who\n",
        "[t]\nREGEX = (?<user>x)\n",
    );
    let mut builder = RuleSetBuilder::new(app.knowledge, BuildOptions::default());
    builder.add_spl("search", "who=x user=y other=z");
    let fields = builder.build_explained().1.remove(0).fields;
    let shown: Vec<String> = fields
        .iter()
        .map(|field| format!("{}: {}: {}", field.name, field.origin, field.from.join("; ")))
        .collect();
    assert_eq!(
        shown,
        [
            "other: a value of the event: ",
            "user: a cut of the event: [st] EXTRACT-a = for (?<user>\\S+) in Message; \
             [st] REPORT-b = t: REGEX = (?<user>x)",
            "who: a cut of the event: [st] FIELDALIAS-c = user AS who",
        ]
    );
}

#[test]
fn a_misspelt_setting_is_told_and_others_are_not() {
    let app = App::new(&[
        (
            "props.conf",
            "[st]\nFIELDALIS-a = a AS b\neval-c = 1\nKV_MOD = none\nTIME_FORMAT = %s\nLINE_BREAKER = x\n\
             SEDCMD-x = s/a/b/\nTRANSFORMS-y = z\nLOOKUP-l = t x\ncategory = y\nTZ = UTC\nSHOULD_LINEMERGE = 0\n",
        ),
        (
            "transforms.conf",
            "[t]\nREGXE = x\nDEST_KEY = q\nfilename = f.csv\nmax_matches = 1\nWRITE_META = 1\n",
        ),
        ("lookups/f.csv", "x\n"),
    ]);
    assert_eq!(
        app.problems,
        [
            "props.conf:2:1: W0520 `FIELDALIS-a` is no setting",
            "props.conf:4:1: W0520 `KV_MOD` is no setting",
            "props.conf:3:1: W0520 `eval-c` is no setting",
            "transforms.conf:2:1: W0520 `REGXE` is no setting",
        ]
    );
}

#[test]
fn what_is_wrong_is_placed_and_the_rest_works() {
    let app = App::new(&[
        (
            "props.conf",
            "[st]\nEXTRACT-a = x(?<a>y\nEXTRACT-b = (?<b>y)\nEXTRACT-c = (y)\nREPORT-d = gone, there\n\
             [rule::r]\nsourcetype = s\nMORE_THAN_1 = a[\n",
        ),
        (
            "transforms.conf",
            "[there]\nREGEX = (y)\nFORMAT = d::$2\n[bad]\nREGEX = y\nFORMAT = ::\n",
        ),
    ]);
    assert_eq!(
        app.problems,
        [
            "transforms.conf:6:10: E0205 `::` in `FORMAT` names no field",
            "props.conf:2:14: E0305 unclosed group",
            "props.conf:4:13: E0205 an extraction names no field",
            "props.conf:5:12: W0521 no transforms.conf has an extraction `gone`",
            "transforms.conf:3:10: E0205 `FORMAT` reads `$2`, which the pattern does not have",
            "props.conf:8:16: E0305 a bracket is never closed",
        ]
    );
    assert_eq!(app.fields("a b c d", "xyz"), "b=y");
}
