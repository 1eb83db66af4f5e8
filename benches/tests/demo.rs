//! The events under `demo/` are what the generator writes, and hold what the README's first command shows.

use std::collections::BTreeSet;
use std::path::Path;

use caltrop_benches::generator::{Event, Generator, Rendering};

fn committed() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/sysmon.xml");
    std::fs::read_to_string(file).expect("demo/sysmon.xml is committed")
}

#[test]
fn the_committed_events_are_what_the_generator_writes() {
    let text = Generator::demo().text(Rendering::Xml);
    let differs = committed().lines().zip(text.lines()).position(|(old, new)| old != new);
    assert_eq!(differs, None, "run `cargo run -p caltrop-benches --bin generate -- demo`");
    assert_eq!(committed().len(), text.len());
}

#[test]
fn the_demo_is_small_and_holds_every_kind_of_event() {
    assert!(committed().len() < 500_000);
    let ids: BTreeSet<u16> = Generator::demo().events().map(|event| event.id).collect();
    assert_eq!(ids, BTreeSet::from([1, 3, 5, 7, 10, 11, 12, 13, 17, 18, 22]));
}

#[test]
fn the_demo_holds_every_near_miss() {
    let events: Vec<Event> = Generator::demo().events().collect();
    let provider_host = r"C:\Windows\System32\wbem\WmiPrvSE.exe";
    let near_misses: [(u16, &str, &str); 10] = [
        (1, "Image", provider_host),
        (1, "ParentImage", r"C:\ProgramData\WmiPrvSEx.exe"),
        (1, "ParentImage", r"C:\Tools\WmiPrvSE\watch.exe"),
        (1, "CommandLine", r#"tasklist /fi "imagename eq WmiPrvSE.exe""#),
        (3, "Image", provider_host),
        (7, "Image", provider_host),
        (10, "SourceImage", provider_host),
        (11, "Image", provider_host),
        (11, "TargetFilename", r"C:\Temp\EventCode=1 WmiPrvSE.txt"),
        (22, "QueryName", "wmiprvse.grove.example"),
    ];
    for (id, item, value) in near_misses {
        let found = events.iter().any(|event| event.id == id && event.value(item) == Some(value));
        assert!(found, "event {id} with {item}={value}");
    }
}

#[test]
fn the_demo_shows_both_ways_of_writing_quotes_and_of_naming_no_rule() {
    let text = committed();
    for part in
        ["&quot;", r#"'CommandLine'>""#, "&amp;", "'RuleName'></Data>", "'RuleName'>-</Data>"]
    {
        assert!(text.contains(part), "{part}");
    }
}
