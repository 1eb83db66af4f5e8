//! The C ABI as C uses it: programs of `tests/c`, compiled with warnings as errors, linked with the library that was just
//! built and run. With `CALTROP_VALGRIND` set they run under valgrind, and a leak is a failure.

#![cfg(unix)]

mod common;

use common::{C99, Link};

/// Declares one test for each function of `suite.c`.
macro_rules! c_suite {
    ($($name:ident)*) => {
        const SUITE: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            common::run(&suite(stringify!($name)), &[stringify!($name)]);
        })*
    };
}

c_suite! {
    versions_agree
    null_is_refused_everywhere
    texts_that_are_no_texts_are_refused
    structs_without_their_size_are_refused
    options_that_make_no_sense_are_refused
    garbage_events_are_no_errors
    fields_of_an_alert_are_walked_by_index
    parsed_fields_give_an_alert
    a_callback_finds_its_engine_busy
    a_callback_can_stop_its_call
    a_batch_says_when_its_state_is_full
    a_bad_rule_stops_no_other
    knowledge_of_a_local_folder_wins
    silence_closes_a_window
    a_batch_is_pushed_and_says_what_passed
    events_of_a_later_header_are_walked_by_their_own_size
    alerts_can_be_pulled
    alerts_that_nobody_pulls_are_bounded
    a_rule_is_disabled_and_enabled
    rules_are_swapped_and_unchanged_ones_go_on
    a_state_is_saved_and_loaded
    a_rule_set_is_saved_and_loaded
    losses_are_told_when_they_are_new_or_have_doubled
    a_rule_tells_what_it_is_made_of
    files_folders_apps_and_tables_are_added
}

#[test]
fn every_test_of_the_c_suite_is_run() {
    let listed = common::run(&suite("list"), &[]);
    assert_eq!(listed.lines().collect::<Vec<_>>(), SUITE);
}

#[test]
fn a_c_program_gets_the_alerts_of_the_rust_engine() {
    demo_agrees(&C99, &["demo.c", "check.c"], Link::Shared);
}

#[test]
fn a_statically_linked_c_program_gets_them_too() {
    demo_agrees(&C99, &["demo.c", "check.c"], Link::Static);
}

#[test]
fn a_cpp_program_without_exceptions_gets_them_too() {
    let compiler = ["g++", "-std=c++17", "-fno-exceptions", "-fno-rtti"];
    demo_agrees(&compiler, &["demo.cpp"], Link::Shared);
}

#[test]
fn the_program_of_the_documentation_works_as_printed() {
    let folder = common::scratch("documentation");
    let page = common::project_file("docs/embedding.md");
    let (_, program) = page.split_once("```c\n").expect("the page has a program");
    let (program, _) = program.split_once("```").expect("it ends");
    let source = folder.join("first.c");
    std::fs::write(&source, program).expect("the target folder can be written");
    let source = source.to_str().expect("the path is UTF-8");
    let program = common::build_program(&C99, &[source], Link::Shared, &folder);
    let events = common::project_file(common::DEMO_EVENTS);
    // Nine processes that the WMI provider host has started, see docs/demo.md.
    assert_eq!(common::run_with_input(&program, &events).lines().count(), 9);
}

#[test]
fn the_headers_are_clean_for_every_language_that_may_include_them() {
    let folder = common::scratch("headers");
    for (header, compiler) in [
        ("caltrop.h", &["gcc", "-std=c99", "-xc"][..]),
        ("caltrop.h", &["gcc", "-std=c17", "-xc"][..]),
        ("caltrop.h", &["g++", "-std=c++11", "-xc++"][..]),
        ("caltrop.hpp", &["g++", "-std=c++17", "-xc++"][..]),
        ("caltrop.hpp", &["g++", "-std=c++20", "-xc++"][..]),
    ] {
        // A header alone: it must include what it needs, and may be included twice.
        let source = folder.join("include.txt");
        std::fs::write(&source, format!("#include <{header}>\n#include <{header}>\n"))
            .expect("the target folder can be written");
        let mut command = std::process::Command::new(compiler[0]);
        command.args(&compiler[1..]).args(common::STRICT).arg("-fsyntax-only");
        command.arg("-I").arg(common::project().join("include")).arg(&source);
        common::succeed(&mut command);
    }
}

fn demo_agrees(compiler: &[&str], sources: &[&str], link: Link) {
    let folder = common::scratch(&format!("demo-{}-{link:?}", sources[0]));
    let program = common::build_program(compiler, sources, link, &folder);
    let paths = [common::SEED_RULE, common::DEMO_EVENTS].map(|path| common::project().join(path));
    let paths = paths.each_ref().map(|path| path.to_str().expect("the path is UTF-8"));
    let printed = common::run(&program, &paths);
    assert_eq!(printed.lines().collect::<Vec<_>>(), common::demo_alerts());
}

fn suite(name: &str) -> std::path::PathBuf {
    let folder = common::scratch(&format!("suite-{name}"));
    common::build_program(&C99, &["suite.c", "check.c"], Link::Shared, &folder)
}
