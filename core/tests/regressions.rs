//! What the fuzzer has found before stays mended: every file under `fuzz/regressions/TARGET/` runs through its target, and
//! so does every seed under `fuzz/seeds/TARGET/`.

mod fuzzing;

use std::{fs, path::Path};

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("spl", fuzzing::spl),
    ("rules", fuzzing::rules),
    ("knowledge", fuzzing::knowledge),
    ("event_auto", fuzzing::event_auto),
    ("event_xml", fuzzing::event_xml),
    ("event_text", fuzzing::event_text),
    ("event_json", fuzzing::event_json),
    ("event_kv", fuzzing::event_kv),
    ("event_syslog", fuzzing::event_syslog),
    ("event_audit", fuzzing::event_audit),
    ("rows", fuzzing::rows),
    ("state", fuzzing::state),
    ("compiled", fuzzing::compiled),
];

#[test]
fn old_finds_stay_mended() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, target) in TARGETS {
        let folders = ["regressions", "seeds"].map(|kind| root.join(kind).join(name));
        for entry in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten() {
            let path = entry.expect("the folder can be read").path();
            target(&fs::read(&path).expect("the file can be read"));
        }
    }
}

#[test]
fn a_target_takes_what_it_is_for() {
    fuzzing::spl(b"index=a | stats count by host");
    fuzzing::rules(b"id: '1'\nlogic: 'a | head 1'\n");
    fuzzing::knowledge(b"[x]\nEVAL-a = b\n\0\0[m]\ndefinition = evil\n");
    fuzzing::state(&fuzzing::saved_state());
    for (_, target) in &TARGETS[3..] {
        target(b"{\"a\":\"evil\"}");
        target(b"");
    }
}

#[test]
fn a_state_in_which_any_byte_is_another_does_no_harm() {
    let saved = fuzzing::saved_state();
    for at in 1..saved.len() {
        for byte in [0, 1, saved[at] ^ 0x80, 0xff] {
            let mut changed = saved.clone();
            changed[at] = byte;
            fuzzing::state(&changed);
        }
    }
}
