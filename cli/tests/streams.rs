//! Streams that do not end by themselves: what they print while they run, and what they keep when they are stopped.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A folder with rules and a log, and a program that follows the log.
struct Followed {
    folder: tempfile::TempDir,
    child: Child,
    lines: BufReader<ChildStdout>,
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/each.spl"), "error").unwrap();
    fs::write(folder.path().join("rules/count.spl"), "warning | stats count").unwrap();
    fs::write(folder.path().join("app.log"), "").unwrap();
    folder
}

fn append(folder: &Path, text: &str) {
    let mut log = OpenOptions::new().append(true).open(folder.join("app.log")).unwrap();
    log.write_all(text.as_bytes()).unwrap();
}

impl Followed {
    fn start(folder: tempfile::TempDir, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_caltrop"))
            .args(["run", "--rules", "rules", "--window", "all"])
            .args(more)
            .args(["--follow", "app.log"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { folder, child, lines }
    }

    /// The row of the next alert; waits for it.
    fn next_row(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["row"].to_string()
    }

    /// Tells the program to end: the rows that it still prints, what it says, and the folder.
    fn stop(mut self, signal: &str) -> (Vec<String>, String, tempfile::TempDir) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        let mut rows = Vec::new();
        for line in self.lines.by_ref().lines() {
            let alert: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            rows.push(alert["row"].to_string());
        }
        let output = self.child.wait_with_output().unwrap();
        if signal != "-KILL" {
            assert!(output.status.success());
        }
        (rows, String::from_utf8_lossy(&output.stderr).into_owned(), self.folder)
    }
}

fn row(text: &str) -> String {
    format!("{{\"_raw\":\"{text}\"}}")
}

#[test]
fn an_alert_comes_while_the_file_grows_and_windows_close_when_it_is_stopped() {
    let mut followed = Followed::start(folder(), &[]);
    append(followed.folder.path(), "warning\none error\n");
    assert_eq!(followed.next_row(), row("one error"));
    fs::rename(followed.folder.path().join("app.log"), followed.folder.path().join("app.log.1"))
        .unwrap();
    fs::write(followed.folder.path().join("app.log"), "warning\nanother error\n").unwrap();
    assert_eq!(followed.next_row(), row("another error"));
    let (rows, stderr, _) = followed.stop("-TERM");
    assert_eq!(rows, ["{\"count\":\"2\"}"]);
    assert!(stderr.contains("4 events"), "{stderr}");
}

#[test]
fn with_a_state_file_a_stream_goes_on_where_it_was_stopped() {
    let state = ["--state", "state"];
    let mut followed = Followed::start(folder(), &state);
    append(followed.folder.path(), "warning\none error\n");
    assert_eq!(followed.next_row(), row("one error"));
    let (rows, _, folder) = followed.stop("-INT");
    assert_eq!(rows, Vec::<String>::new(), "windows stay open");
    append(folder.path(), "warning\nanother error\n");
    let mut followed = Followed::start(folder, &state);
    assert_eq!(followed.next_row(), row("another error"));
    let (_, stderr, folder) = followed.stop("-TERM");
    assert!(stderr.contains("state: going on with 1 open window"), "{stderr}");
    fs::write(folder.path().join("rules/count.spl"), "warning | stats count as many").unwrap();
    append(folder.path(), "a third error\n");
    let mut followed = Followed::start(folder, &state);
    assert_eq!(followed.next_row(), row("a third error"));
    let (_, stderr, _) = followed.stop("-TERM");
    assert!(stderr.contains("the rule or its knowledge has changed"), "{stderr}");
}

#[test]
fn a_stream_that_is_killed_goes_on_from_its_last_checkpoint() {
    let state = ["--state", "state", "--checkpoint", "0s"];
    let mut followed = Followed::start(folder(), &state);
    append(followed.folder.path(), "warning\none error\n");
    assert_eq!(followed.next_row(), row("one error"));
    let path: PathBuf = followed.folder.path().join("state");
    while !fs::read(&path).is_ok_and(|bytes| has_open_window(&bytes)) {
        std::thread::yield_now();
    }
    let (_, _, folder) = followed.stop("-KILL");
    append(folder.path(), "warning\nanother error\n");
    let mut followed = Followed::start(folder, &state);
    assert_eq!(followed.next_row(), row("another error"));
    let (_, stderr, _) = followed.stop("-TERM");
    assert!(stderr.contains("going on with 1 open window"), "{stderr}");
}

/// Whether the saved state names the rule whose window is open.
fn has_open_window(bytes: &[u8]) -> bool {
    bytes.windows(9).any(|window| window == b"count.spl")
}
