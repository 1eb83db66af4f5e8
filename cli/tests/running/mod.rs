//! A program that runs until it is told to end, in a folder of its own.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part")]

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
};

use serde_json::Value;

/// `caltrop run --rules rules`, while it runs.
pub(crate) struct Running {
    folder: tempfile::TempDir,
    child: Child,
    stdin: Option<ChildStdin>,
    /// Its output, as long as somebody reads it.
    lines: Option<BufReader<ChildStdout>>,
    /// What was read of its output.
    alerts: Vec<Value>,
}

/// What a program that has ended leaves behind.
pub(crate) struct Ended {
    pub(crate) folder: tempfile::TempDir,
    /// All that it has printed.
    pub(crate) alerts: Vec<Value>,
    /// What it has said.
    pub(crate) stderr: String,
}

/// A folder with rules, each by the name of its file, and an empty `app.log`.
pub(crate) fn folder(rules: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    for (name, rule) in rules {
        fs::write(folder.path().join("rules").join(name), rule).unwrap();
    }
    fs::write(folder.path().join("app.log"), "").unwrap();
    folder
}

/// Adds to the log of a folder.
pub(crate) fn append(folder: &Path, text: &str) {
    let mut log = OpenOptions::new().append(true).open(folder.join("app.log")).unwrap();
    log.write_all(text.as_bytes()).unwrap();
}

impl Running {
    /// Starts it in `folder`.
    pub(crate) fn start(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_caltrop"))
            .args(["run", "--rules", "rules"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let lines = child.stdout.take().map(BufReader::new);
        Self { folder, child, stdin, lines, alerts: Vec::new() }
    }

    /// Its folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Adds to its log.
    pub(crate) fn append(&self, text: &str) {
        append(self.folder.path(), text);
    }

    /// Writes to its standard input.
    pub(crate) fn pipe(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The next alert; waits for it.
    pub(crate) fn next_alert(&mut self) -> &Value {
        let mut line = String::new();
        self.lines.as_mut().unwrap().read_line(&mut line).unwrap();
        self.alerts.push(serde_json::from_str(&line).unwrap());
        self.alerts.last().unwrap()
    }

    /// Waits for an alert whose row holds the event `raw`.
    pub(crate) fn wait_for(&mut self, raw: &str) {
        while self.next_alert()["row"]["_raw"] != raw {}
    }

    /// Waits until its state is saved and holds `text`.
    pub(crate) fn wait_for_state(&mut self, text: &str) {
        let path = self.folder.path().join("state");
        while !fs::read(&path).is_ok_and(|bytes| holds(&bytes, text.as_bytes())) {
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::yield_now();
        }
    }

    /// Reads no more of what it prints.
    pub(crate) fn turn_away(&mut self) {
        self.lines = None;
    }

    /// Ends its standard input, and waits for it.
    pub(crate) fn end(self) -> Ended {
        let (ended, status) = self.wait();
        assert!(status.success(), "{}", ended.stderr);
        ended
    }

    /// Tells it to end, by `INT` or `TERM`.
    pub(crate) fn stop(self, signal: &str) -> Ended {
        self.signal(signal);
        self.end()
    }

    /// Kills it, so that it can do nothing more.
    pub(crate) fn kill(self) -> Ended {
        self.signal("KILL");
        let (ended, status) = self.wait();
        assert!(!status.success());
        ended
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    fn wait(mut self) -> (Ended, ExitStatus) {
        drop(self.stdin.take());
        for line in self.lines.into_iter().flat_map(BufRead::lines) {
            self.alerts.push(serde_json::from_str(&line.unwrap()).unwrap());
        }
        let output = self.child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (Ended { folder: self.folder, alerts: self.alerts, stderr }, output.status)
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
