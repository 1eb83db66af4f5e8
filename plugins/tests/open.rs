//! Opens the library that was just built, and what is no such library.

#![cfg(target_os = "linux")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use caltrop_plugins::{Alert, Caltrop};

#[test]
fn the_demo_gives_its_alerts_through_the_opened_library() {
    let caltrop = opened();
    assert_eq!(caltrop.version(), env!("CARGO_PKG_VERSION"));
    let mut compiler = caltrop.compiler().expect("it can be made");
    let seed = "rules/wmi_subscription_execution.yml";
    compiler.add_yaml(seed, &project_file(seed)).expect("it is a rule");
    compiler.add_spl("bad", "word | tabel x").expect("what is wrong comes later");
    let built = compiler.build().expect("a bad rule is no error");
    assert_eq!((built.rules.len(), built.refused), (1, 1));
    drop((compiler, caltrop));

    let mut ids = Vec::new();
    let mut engine = built.rules.engine(|alert| ids.push(alert.rule_id().to_vec())).expect("made");
    drop(built);
    for line in project_file("demo/sysmon.xml").lines() {
        engine.push(line.as_bytes()).expect("events are no errors");
    }
    engine.finish().expect("it can be finished");
    drop(engine);
    assert_eq!(ids, vec![b"5975.18225".to_vec(); 7]);
}

#[test]
fn a_refused_call_says_why() {
    let mut compiler = opened().compiler().expect("it can be made");
    let error = compiler.add_yaml("a.txt", "").expect_err("it is not YAML");
    assert_eq!(error.to_string(), "`a.txt` ends in neither .yml nor .yaml");
    assert_eq!(error.status(), 1);
}

#[test]
fn a_panic_of_the_closure_crosses_the_library_in_a_box() {
    let mut compiler = opened().compiler().expect("it can be made");
    compiler.add_spl("any", "word | table host").expect("it is a rule");
    let rules = compiler.build().expect("it compiles").rules;
    let mut alerts = 0;
    let mut engine = rules
        .engine(|alert: &Alert<'_>| {
            alerts += 1;
            assert!(alerts > 1, "the first alert of {:?}", alert.rule_path());
        })
        .expect("it can be made");
    let push = std::panic::AssertUnwindSafe(|| engine.push(b"a word"));
    assert!(std::panic::catch_unwind(push).is_err());
    engine.push(b"a word").expect("the engine is not concerned");
    drop(engine);
    assert_eq!(alerts, 2);
}

#[test]
fn engines_of_one_rule_set_run_on_threads_of_their_own() {
    let mut compiler = opened().compiler().expect("it can be made");
    compiler.add_spl("any", "word | table host").expect("it is a rule");
    let rules = compiler.build().expect("it compiles").rules;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut alerts = 0;
                let mut engine = rules.engine(|_| alerts += 1).expect("it can be made");
                (0..1000).for_each(|_| engine.push(b"a word").expect("no error"));
                drop(engine);
                assert_eq!(alerts, 1000);
            });
        }
    });
}

#[test]
fn what_is_no_caltrop_is_refused_with_a_sentence() {
    let text = scratch("text").join("libcaltrop.so");
    fs::write(&text, "not a library").expect("it can be written");
    let cases = [
        (text, "cannot be opened as a shared library"),
        (PathBuf::from("/nonexistent/libcaltrop.so"), "cannot be opened as a shared library"),
        (library("other", "int other;"), "is not libcaltrop: it lacks `caltrop_abi_version`"),
        (
            library("newer", "unsigned caltrop_abi_version(void) { return 7u << 16 | 3; }"),
            "speaks ABI 7.3 of caltrop and this program 1; install the library of the same major number",
        ),
        (
            library("hollow", "unsigned caltrop_abi_version(void) { return 1u << 16; }"),
            "is not libcaltrop: it lacks `caltrop_strerror`",
        ),
    ];
    for (path, expected) in cases {
        let error = Caltrop::open(&path).expect_err(expected);
        assert_eq!(error.to_string(), format!("{} {expected}", path.display()));
        assert_eq!(error.is_other_version(), expected.starts_with("speaks"));
    }
}

fn opened() -> Caltrop {
    let program = env::current_exe().expect("a test is a program");
    Caltrop::open(&program.with_file_name("libcaltrop.so")).expect("it was built with this test")
}

fn project_file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(path).expect("it is a file of the project")
}

fn scratch(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// A shared library of one C definition.
fn library(name: &str, definition: &str) -> PathBuf {
    let folder = scratch(name);
    let (source, library) = (folder.join("source.c"), folder.join("libcaltrop.so"));
    fs::write(&source, format!("{definition}\n")).expect("it can be written");
    let mut command = Command::new("gcc");
    command.args(["-shared", "-fPIC"]).arg(&source).arg("-o").arg(&library);
    assert!(command.status().expect("gcc is there").success());
    library
}
