//! What the tests of the boundary share: where the built library is, and how C programs are built and run against it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// How a C program finds caltrop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    Shared,
    Static,
}

/// The folder with the libraries that were built with this test.
pub(crate) fn library_folder() -> PathBuf {
    let program = env::current_exe().expect("a test is a program");
    program.parent().expect("it is in a folder").to_owned()
}

/// The shared library, under the name that its SONAME asks for.
pub(crate) fn shared_library() -> PathBuf {
    library_folder().join("libcaltrop.so")
}

/// The project's own folder.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file of the project.
pub(crate) fn project_file(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A fresh folder for what the test `name` builds.
pub(crate) fn scratch(name: &str) -> PathBuf {
    // Tests of one program may run at once, in one process or in several.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "{name}-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    // What an earlier run has left under the same numbers.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// Compiles `sources` of `tests/c` into a program in `folder`, strictly, and links it with caltrop. What `CALTROP_CFLAGS` says
/// comes besides, as for a sanitizer.
pub(crate) fn build_program(
    compiler: &[&str],
    sources: &[&str],
    link: Link,
    folder: &Path,
) -> PathBuf {
    let program = folder.join("program");
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(STRICT).arg("-I").arg(project().join("include"));
    command.args(env::var("CALTROP_CFLAGS").unwrap_or_default().split_whitespace());
    command.args(sources.iter().map(|source| c_source(source))).arg("-o").arg(&program);
    match link {
        Link::Shared => {
            let soname = folder.join("libcaltrop.so.1");
            std::os::unix::fs::symlink(shared_library(), soname).expect("a link can be made");
            command.arg("-L").arg(folder).arg("-l:libcaltrop.so.1");
            command.arg(format!("-Wl,-rpath,{}", folder.display()));
        }
        Link::Static => {
            command.arg(library_folder().join("libcaltrop.a")).args(NATIVE_LIBRARIES);
        }
    }
    succeed(&mut command);
    program
}

pub(crate) const STRICT: [&str; 6] = ["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"];
pub(crate) const C99: [&str; 2] = ["gcc", "-std=c99"];

/// What a program that links `libcaltrop.a` must link besides.
const NATIVE_LIBRARIES: [&str; 5] = ["-lgcc_s", "-lpthread", "-ldl", "-lm", "-lc"];

pub(crate) fn c_source(name: &str) -> PathBuf {
    // An absolute path stays as it is.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

/// Runs a program, under valgrind if `CALTROP_VALGRIND` is set, and gives what it printed.
pub(crate) fn run(program: &Path, arguments: &[&str]) -> String {
    let mut command = if env::var_os("CALTROP_VALGRIND").is_some() {
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--leak-check=full", "--show-leak-kinds=all"]);
        command.args(["--errors-for-leak-kinds=all", "--error-exitcode=99"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // What it writes stays beside it.
    command.current_dir(program.parent().expect("it is in a folder"));
    String::from_utf8(succeed(command.args(arguments)).stdout).expect("it prints UTF-8")
}

/// Runs a program with `input` on its standard input.
pub(crate) fn run_with_input(program: &Path, input: &str) -> String {
    let file = program.with_extension("input");
    fs::write(&file, input).expect("the target folder can be written");
    let input = fs::File::open(&file).expect("it was just written");
    let output = succeed(Command::new(program).stdin(input));
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The alerts of the demo events in order, one JSON object a line, from the Rust engine with the options of a stream.
pub(crate) fn demo_alerts() -> Vec<String> {
    use caltrop_core::{
        config::{Mode, Options, Window},
        engine::Engine,
        event::Head,
        knowledge::Knowledge,
        ruleset::{BuildOptions, RuleSetBuilder},
    };
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_file(SEED_RULE, &project_file(SEED_RULE));
    let options = Options { mode: Mode::Stream, window: Window::Rule, ..Options::default() };
    let mut engine = Engine::new(std::sync::Arc::new(builder.build().rules), options);
    let mut alerts = Vec::new();
    let mut sink = |alert: &caltrop_core::alert::Alert<'_>| {
        let mut json = Vec::new();
        alert.write_json(&mut json).expect("a Vec takes everything");
        alerts.push(String::from_utf8(json).expect("JSON is UTF-8"));
    };
    for line in project_file(DEMO_EVENTS).lines() {
        engine.push(line.as_bytes(), Head::default(), &mut sink);
    }
    engine.finish(&mut sink);
    assert_eq!(alerts.len(), 7, "docs/demo.md says how many there are");
    alerts
}

pub(crate) const SEED_RULE: &str = "rules/wmi_subscription_execution.yml";
pub(crate) const DEMO_EVENTS: &str = "demo/sysmon.xml";
