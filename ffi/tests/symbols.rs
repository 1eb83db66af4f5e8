//! What the shared library shows to the linker: `caltrop_*`, what the header declares, and nothing of what it is made of.

#![cfg(target_os = "linux")]

mod common;

use std::{collections::BTreeSet, process::Command};

#[test]
fn only_the_functions_of_the_header_are_exported() {
    let mut nm = Command::new("nm");
    nm.args(["-D", "--defined-only", "--format=posix"]).arg(common::shared_library());
    let listed = String::from_utf8(common::succeed(&mut nm).stdout).expect("nm prints UTF-8");
    let exported: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.split(' ').next()).collect();

    let header = common::project_file("include/caltrop.h");
    let code: String = header.lines().filter(|line| !line.starts_with("//")).collect();
    let declared: BTreeSet<&str> = code
        .match_indices("caltrop_")
        .filter_map(|(at, _)| code[at..].split_once('('))
        .map(|(name, _)| name)
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
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
