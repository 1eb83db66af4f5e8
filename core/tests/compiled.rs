//! Rules that were compiled into a file: the same alerts as before, and no harm from what no program wrote.

mod common;
mod fuzzing;

use std::{fs, path::PathBuf, sync::Arc};

use caltrop_core::{
    compiled::{FILE_VERSION, RuleSet},
    config::Options,
    knowledge::Knowledge,
    ruleset::{BuildOptions, Built, RuleSetBuilder},
};
use common::{Random, real_events, run, say, seed, stream};

/// Rules that together have every command, every kind of value and most kinds of expression.
const RULES: &[&str] = &[
    "user=* NOT [search host=* [search user=* | return 3 host] | table user] | stats count | append [search host=*]",
    "host=* | join type=left host [search user=* | stats count by host]",
    "TERM(evil) OR \"two words\" | bin span=1s | stats count values(*) AS * BY _time, host",
    "CASE(Evil) a*b user!=root src=10.0.0.0/8 count>3 size<=1.50 | regex cmd!=\"(?i)^a.*$\" | table _time, u*, cmd",
    "evil | where match(cmd, \"(a|b)*c\") OR like(cmd, \"%a_b%\") OR cidrmatch(\"10.0.0.0/8\", src) | fields - _raw",
    "evil | eval a=if(x=1, \"y\", case(x=2, 1.50, true(), null())), {b}=-x+1*2/3%4 . \"t\", c=if(NOT (x=1 AND y=2 XOR z>=3), 1, 0)",
    "evil | eval a=replace(cmd, \"(?<!x)a\", \"b\"), b=mvmap(m, m . \"x\"), c=mvfilter(match(m, \"y$\")), d=if(searchmatch(\"a b=c\"), 1, 0)",
    "evil | rename a AS b, p* AS q* | rex field=cmd \"(?<one>\\w+)=(?<two>\\d+)\" max_match=3 offset_field=o | rex mode=sed \"s/a/b/g\"",
    "evil | rex mode=sed \"y/ab/cd/\" | replace \"*x*\" WITH \"y\" IN cmd | strcat a \"-\" b target | convert ctime(t) AS u num(p*)",
    "evil | foreach p_* [eval <<FIELD>>_x='<<FIELD>>'.\"<<MATCHSTR>>\"] | foreach m mode=multivalue [eval n=<<ITEM>>]",
    "evil | fillnull value=0 a b | makemv delim=\",\" m | makemv tokenizer=\"(\\w+)\" n | mvexpand m limit=3 | nomv n | fillnull",
    "evil | stats dc(a) p95(b) exactperc99.9(b) list(c) BY host, _time | where count > 3 | sort 10 - num(a), +str(b), ip(c)",
    "evil | stats sum(eval(a+b)) AS s BY host | eventstats avg(s) AS mean | streamstats window=3 count BY host | head 5",
    "evil | dedup 2 host sortby -_time keepevents=t | tail 3 | reverse | top limit=3 host BY user | addtotals col=t labelfield=host",
    "evil | timechart span=5m count BY host limit=3 | head (count>1)",
    "evil | chart limit=0 avg(a) OVER host BY user | rare host",
    "evil | transaction host startswith=\"a\" endswith=eval(b=1) maxspan=5m mvlist=a,b | mvcombine user",
    "evil | iplocation lang=de src | spath path=a.b{}.c{1} output=d | spath | xmlkv | extract | bin _time span=1mon | bin b span=log2",
    "evil | append [| makeresults] | appendpipe [stats count] | join type=left host [| makeresults] | table *",
    "| makeresults count=2 | eval a=strftime(_time, \"%F\"), b=tostring(3, \"hex\"), c=printf(\"%05.2f\", 3)",
];

const EVENTS: &[&str] = &[
    r#"{"_time":"2026-03-02T09:30:01Z","host":"a","cmd":"evil abc a_b x=12","user":"u","x":1,"m":"p,q","src":"10.1.2.3"}"#,
    r#"{"@timestamp":"2026-03-02T09:30:02Z","host":"b","cmd":"evil two words","p_a":"1","p_b":"2","x":2,"a":3,"b":4.5}"#,
    "Mar  2 09:31:00 web sshd[1]: Failed password for root from 192.0.2.1 evil Evil axb=c other more",
    "<Event><System><EventID>1</EventID><Computer>c</Computer></System><EventData><Data Name='CommandLine'>evil</Data></EventData></Event>",
];

/// Those of [`RULES`] that compile; each of them alone names commands that others have, so none may be lost unseen.
fn rules() -> Arc<RuleSet> {
    let mut builder = RuleSetBuilder::new(knowledge(), BuildOptions::default());
    for (index, spl) in RULES.iter().enumerate() {
        builder.add_spl(&format!("{index:02}"), spl);
    }
    common::compiled(builder.build())
}

/// The built-in knowledge, with tables of every kind of key, and stanzas and recognisers of our own.
fn knowledge() -> Knowledge {
    let mut knowledge = Knowledge::builtin();
    let problems = knowledge.overlay(&[
        ("lookups/t.csv", "user,net,glob,what\nu,10.0.0.0/8,a*b,1\nroot,192.0.2.0/24,*,2\n"),
        (
            "transforms.conf",
            "[t]\nfilename = t.csv\nmatch_type = CIDR(net), WILDCARD(glob)\nmax_matches = 2\n[cut]\nREGEX = (\\w+)=(\\d+)$\nFORMAT = $1::$2\n",
        ),
        (
            "props.conf",
            "[source::.../log*]\nEXTRACT-a = a=(?<aa>\\d+)\nREPORT-b = cut\nFIELDALIAS-c = cmd AS command\n\
             LOOKUP-d = t user OUTPUTNEW what\nEVAL-e = lower(cmd)\n[rule::mine]\nsourcetype = mine\nMORE_THAN_1 = sshd\n",
        ),
        ("eventtypes.conf", "[bad]\nsearch = evil user=u\n"),
        ("tags.conf", "[user=u]\nsomeone = enabled\n"),
    ]);
    assert_eq!(problems, []);
    knowledge
}

fn again(rules: &RuleSet) -> Arc<RuleSet> {
    let loaded = RuleSet::from_bytes(&rules.to_bytes(), None);
    Arc::new(loaded.unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn loaded_rules_are_written_as_they_were_and_give_the_same_alerts() {
    for rules in [rules(), seed()] {
        let loaded = again(&rules);
        assert_eq!(loaded.len(), rules.len());
        assert!(loaded.to_bytes() == rules.to_bytes(), "what was loaded is written otherwise");
        for options in [Options::default(), stream(5)] {
            let events = || EVENTS.iter().map(|event| event.as_bytes());
            let (before, after) =
                (run(&rules, &options, events()), run(&loaded, &options, events()));
            assert_eq!(before, after);
            assert!(rules.len() == 1 || !before.alerts.is_empty());
        }
    }
}

#[test]
fn the_deepest_rules_load() {
    let nest =
        |open: &str, close: &str, times| format!("{}f{}", open.repeat(times), close.repeat(times));
    let choices = format!("{}1{}", "if(a=1, 2, ".repeat(60), ")".repeat(60));
    let rules = common::searches(&[
        format!("evil | eval x={}", nest("lower(", ")", 32)),
        format!("evil | eval x={choices}"),
        format!("evil {}", nest("NOT (", " OR x)", 15)),
    ]);
    assert!(again(&rules).to_bytes() == rules.to_bytes());
}

#[test]
fn a_file_says_what_it_is() {
    let rules = rules();
    let bytes = rules.to_bytes();
    let probe = RuleSet::probe(&bytes).expect("it is a file of rules");
    assert_eq!((probe.version, probe.rules), (FILE_VERSION, RULES.len() as u64));
    assert_eq!(probe.program, env!("CARGO_PKG_VERSION"));
    assert!(probe.is_readable());
    assert_eq!(RuleSet::probe(b"title: a rule\n"), None);
    let mut newer = bytes.clone();
    newer[14] += 1;
    assert!(!RuleSet::probe(&newer).expect("it is one of another version").is_readable());
    let refused =
        |bytes: &[u8]| RuleSet::from_bytes(bytes, None).expect_err("it is none").to_string();
    assert!(refused(&newer).ends_with("compile the rules again with this program"));
    assert!(refused(b"title: a rule\n").contains("they do not begin as such"));
}

#[test]
fn what_is_cut_or_damaged_is_refused() {
    let bytes = seed().to_bytes();
    let mut random = Random(1);
    let cuts = (0..100).chain((0..300).map(|_| random.below(bytes.len())));
    for length in cuts.collect::<Vec<_>>() {
        assert!(RuleSet::from_bytes(&bytes[..length], None).is_err(), "cut at {length}");
    }
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        let at = random.below(bytes.len());
        damaged[at] ^= 1 << random.below(8);
        assert!(RuleSet::from_bytes(&damaged, None).is_err(), "damaged at {at}");
    }
    assert!(RuleSet::from_bytes(&[&bytes[..], b"\0"].concat(), None).is_err());
}

#[test]
fn a_file_in_which_any_byte_is_another_does_no_harm() {
    let body = fuzzing::compiled_rules();
    let mut random = Random(2);
    for _ in 0..600 {
        let mut changed = body.clone();
        let at = random.below(changed.len());
        changed[at] = random.bits().to_le_bytes()[0];
        fuzzing::compiled(&changed);
    }
}

/// Every rule of a public catalog that compiles.
fn catalog() -> Option<Built> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from);
    let mut folders = vec![shared.join("corpus/armory/detections")];
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let (true, Ok(text)) =
                (path.extension().is_some_and(|ending| ending == "yml"), fs::read_to_string(&path))
            {
                builder.add_file(&path.to_string_lossy(), &text);
                count += 1;
            }
        }
    }
    if count == 0 {
        say("skipped: no catalog of rules");
    }
    (count > 0).then(|| builder.build())
}

#[test]
fn a_catalog_is_loaded_as_it_was() {
    let Some(built) = catalog() else { return };
    let rules = Arc::new(built.rules);
    let bytes = rules.to_bytes();
    let loaded = again(&rules);
    assert!(loaded.to_bytes() == bytes, "what was loaded is written otherwise");
    say(&format!("{} rules in {} bytes", rules.len(), bytes.len()));
    let events = real_events(300);
    let events = || events.iter().map(Vec::as_slice);
    let options = Options::default();
    assert_eq!(run(&rules, &options, events()), run(&loaded, &options, events()));
}
