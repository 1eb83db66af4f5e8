//! What the shared library shows to the linker: `caltrop_*`, what the header declares, and nothing of what it is made of.

#![cfg(target_os = "linux")]

mod common;

use std::{collections::BTreeSet, process::Command};

#[test]
fn only_the_functions_of_the_header_are_exported() {
    let exported = exported();
    let header = common::project_file("include/caltrop.h");
    let code: String = header.lines().filter(|line| !line.starts_with("//")).collect();
    let declared: BTreeSet<String> = code
        .match_indices("caltrop_")
        .filter_map(|(at, _)| code[at..].split_once('('))
        .map(|(name, _)| name)
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .map(str::to_owned)
        .collect();
    assert_eq!(exported, declared);
}

#[test]
fn the_library_says_which_abi_it_has() {
    let mut readelf = Command::new("readelf");
    readelf.arg("-d").arg(common::shared_library());
    let listed = String::from_utf8(common::succeed(&mut readelf).stdout).expect("it is UTF-8");
    let soname = format!("libcaltrop.so.{}", caltrop::CALTROP_ABI_MAJOR);
    assert!(listed.contains(&format!("soname: [{soname}]")), "{listed}");
}

/// Programs that were built with an earlier header count on all of it: after a release lines are only added, and a struct that
/// starts with its size only grows. `CALTROP_BLESS=1` rewrites the file; the diff is the review.
#[test]
fn the_abi_is_what_programs_were_promised() {
    let path = common::project().join("ffi/abi.txt");
    let functions = exported().into_iter().map(|name| format!("function {name}"));
    let structs = SIZES.iter().map(|(name, bytes)| format!("struct {name} {bytes}"));
    let found: String = structs.chain(functions).map(|line| line + "\n").collect();
    if std::env::var_os("CALTROP_BLESS").is_some() {
        std::fs::write(&path, &found).expect("ffi/ can be written");
    }
    assert_eq!(found, std::fs::read_to_string(&path).expect("it is there"));
}

/// The structs of the header on 64-bit machines, in bytes.
const SIZES: [(&str, usize); 15] = [
    ("caltrop_alert", size_of::<caltrop::CaltropAlert>()),
    ("caltrop_compiler_options", size_of::<caltrop::CaltropCompilerOptions>()),
    ("caltrop_counters", size_of::<caltrop::CaltropCounters>()),
    ("caltrop_diagnostic", size_of::<caltrop::CaltropDiagnostic>()),
    ("caltrop_engine_options", size_of::<caltrop::CaltropEngineOptions>()),
    ("caltrop_event", size_of::<caltrop::CaltropEvent>()),
    ("caltrop_field", size_of::<caltrop::CaltropField>()),
    ("caltrop_left_out", size_of::<caltrop::CaltropLeftOut>()),
    ("caltrop_pair", size_of::<caltrop::CaltropPair>()),
    ("caltrop_pass", size_of::<caltrop::CaltropPass>()),
    ("caltrop_probe", size_of::<caltrop::CaltropProbe>()),
    ("caltrop_rule_counters", size_of::<caltrop::CaltropRuleCounters>()),
    ("caltrop_rule_info", size_of::<caltrop::CaltropRuleInfo>()),
    ("caltrop_str", size_of::<caltrop::CaltropStr>()),
    ("caltrop_transfer", size_of::<caltrop::CaltropTransfer>()),
];

fn exported() -> BTreeSet<String> {
    let mut nm = Command::new("nm");
    nm.args(["-D", "--defined-only", "--format=posix"]).arg(common::shared_library());
    let listed = String::from_utf8(common::succeed(&mut nm).stdout).expect("nm prints UTF-8");
    listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}
