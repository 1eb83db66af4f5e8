//! What a person types and what the program answers: every file of `transcripts/`, and every `console` block of the docs.
//!
//! A transcript has sections. `--- file NAME` writes a file into a fresh folder, `--- run` is a shell script that has
//! `caltrop` on its path and the project's folder in `$ROOT`, `--- stdout`, `--- stderr` and `--- status N` say what it must
//! come to; where one is missing, nothing and 0. A line `...` stands for any lines, `[..]` for any text in a line.
//! In the docs a command stands behind `$ `, and below it what it prints: standard output, then standard error.
//! `CALTROP_BLESS=1` writes what came out into the transcripts that do not hold; the diff is the review.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn every_transcript_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let paths = files(&folder, "txt");
    assert!(paths.len() > 20, "the transcripts are found");
    let failures: Vec<String> = paths.iter().filter_map(|path| check_transcript(path)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_example_of_the_docs_holds() {
    let mut pages = files(&root().join("docs"), "md");
    pages.extend(Some(root().join("README.md")).filter(|path| path.exists()));
    let mut failures = Vec::new();
    let mut count = 0;
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        let folder = project_folder();
        for (command, expected) in console_examples(&text) {
            count += 1;
            let outcome = run(&command, &folder);
            let actual = outcome.stdout + &outcome.stderr;
            if !matches(&expected, &actual) {
                failures.push(complaint(
                    &format!("{}: {command}", page.display()),
                    &expected,
                    &actual,
                ));
            }
        }
    }
    assert!(count > 5, "the examples are found");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What a command came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    stdout: String,
    stderr: String,
    status: i32,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

/// A folder that looks like the project's to one who only reads.
fn project_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "demo", "knowledge", "docs"] {
        std::os::unix::fs::symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn run(script: &str, folder: &tempfile::TempDir) -> Outcome {
    let program = Path::new(env!("CARGO_BIN_EXE_caltrop"));
    let path = format!("{}:{}", program.parent().unwrap().display(), env!("PATH"));
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("ROOT", root())
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    Outcome {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        status: output.status.code().unwrap_or(-1),
    }
}

/// The failure of one transcript, if it has one.
fn check_transcript(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let (head, steps) = steps(&text);
    let folder = tempfile::tempdir().unwrap();
    let mut failures = String::new();
    let mut blessed = head.to_owned();
    for step in &steps {
        step.files.iter().for_each(|(name, content)| write_file(folder.path(), name, content));
        let outcome = run(&step.script, &folder);
        let is_right = matches(&step.expected.stdout, &outcome.stdout)
            && matches(&step.expected.stderr, &outcome.stderr)
            && step.expected.status == outcome.status;
        blessed += &step.text(if is_right { &step.expected } else { &outcome });
        if !is_right {
            let name = format!("{}: {}", path.display(), step.script.trim_end());
            let shown = |outcome: &Outcome| Step::outcome_text(outcome);
            failures += &complaint(&name, &shown(&step.expected), &shown(&outcome));
        }
    }
    if !failures.is_empty() && std::env::var_os("CALTROP_BLESS").is_some() {
        fs::write(path, blessed).unwrap();
        return None;
    }
    (!failures.is_empty()).then_some(failures)
}

fn complaint(name: &str, expected: &str, actual: &str) -> String {
    format!("{name}\n== expected\n{expected}== actual\n{actual}==\n")
}

fn write_file(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Files to write, a script to run, and what it must come to.
struct Step {
    files: Vec<(String, String)>,
    script: String,
    expected: Outcome,
}

impl Step {
    fn new() -> Self {
        let expected = Outcome { stdout: String::new(), stderr: String::new(), status: 0 };
        Self { files: Vec::new(), script: String::new(), expected }
    }

    /// The step as a transcript has it, with another outcome.
    fn text(&self, outcome: &Outcome) -> String {
        let mut text = String::new();
        for (name, content) in &self.files {
            write!(text, "--- file {name}\n{content}").unwrap();
        }
        write!(text, "--- run\n{}", self.script).unwrap();
        text + &Self::outcome_text(outcome)
    }

    fn outcome_text(outcome: &Outcome) -> String {
        let mut text = String::new();
        for (name, content) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
            if !content.is_empty() {
                let end = if content.ends_with('\n') { "" } else { "\n" };
                write!(text, "--- {name}\n{content}{end}").unwrap();
            }
        }
        if outcome.status != 0 {
            writeln!(text, "--- status {}", outcome.status).unwrap();
        }
        text
    }
}

/// What stands before the first section, and the steps: a section that may not follow an outcome starts the next.
fn steps(text: &str) -> (&str, Vec<Step>) {
    let start = text.find("--- ").unwrap_or(text.len());
    let mut steps: Vec<Step> = Vec::new();
    let mut has_run = true;
    for section in sections(&text[start..]) {
        let (header, content) = section.split_once('\n').unwrap_or((section, ""));
        let (kind, argument) = header.split_once(' ').unwrap_or((header, ""));
        if has_run && matches!(kind, "file" | "run") {
            steps.push(Step::new());
            has_run = false;
        }
        let step = steps.last_mut().expect("a transcript starts with a file or a run");
        match kind {
            "file" => step.files.push((argument.to_owned(), content.to_owned())),
            "run" => {
                step.script = content.to_owned();
                has_run = true;
            }
            "stdout" => step.expected.stdout = content.to_owned(),
            "stderr" => step.expected.stderr = content.to_owned(),
            "status" => step.expected.status = argument.parse().unwrap(),
            other => panic!("no section is called {other}"),
        }
    }
    (&text[..start], steps)
}

/// The sections without their dashes.
fn sections(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = text.match_indices("\n--- ").map(|(at, _)| at + 1).collect();
    starts.insert(0, 0);
    starts.push(text.len());
    starts.windows(2).filter_map(|pair| text[pair[0]..pair[1]].strip_prefix("--- ")).collect()
}

/// Commands of the `console` blocks, each with what is printed below it.
fn console_examples(page: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_inside = line == "```console";
        } else if is_inside && let Some(command) = line.strip_prefix("$ ") {
            examples.push((command.to_owned(), String::new()));
        } else if is_inside && let Some((_, expected)) = examples.last_mut() {
            writeln!(expected, "{line}").unwrap();
        }
    }
    examples
}

/// Whether `actual` is as `expected` says, with its elisions.
fn matches(expected: &str, actual: &str) -> bool {
    let expected: Vec<&str> = expected.lines().collect();
    let actual: Vec<&str> = actual.lines().collect();
    lines_match(&expected, &actual)
}

fn lines_match(expected: &[&str], actual: &[&str]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"...", rest)) => (0..=actual.len()).any(|skip| lines_match(rest, &actual[skip..])),
        Some((line, rest)) => actual.split_first().is_some_and(|(first, others)| {
            line_matches(line.trim_end(), first.trim_end()) && lines_match(rest, others)
        }),
    }
}

fn line_matches(expected: &str, actual: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == actual,
        Some((before, after)) => actual.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

#[test]
fn elisions_stand_for_lines_and_for_text() {
    assert!(matches("a\n...\nd", "a\nb\nc\nd\n") && matches("a\n...\nd", "a\nd\n"));
    assert!(matches("a [..] c [..]", "a b c d") && !matches("a [..] c", "a b d"));
    assert!(!matches("a", "a\nb") && !matches("a\n...\nc", "a\nb"));
}
