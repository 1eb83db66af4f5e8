use std::fs::OpenOptions;
use std::io::Write;

use super::*;

/// A folder, the files in it that are followed, and a clock.
struct Logs {
    folder: tempfile::TempDir,
    follow: Follow,
    paths: Vec<PathBuf>,
    now_s: f64,
}

impl Logs {
    fn follow(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        let follow = open(&paths, &Positions::default());
        Self { folder, follow, paths, now_s: 0.0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.path(name);
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// What is new, one event a line behind its file's number.
    fn new_events(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(Followed { file, event, .. }) = self.follow.next_event(self.now_s) {
            found.push(format!("{file}:{}", String::from_utf8(event.to_vec()).unwrap()));
        }
        found
    }

    /// The same after so many seconds.
    fn later(&mut self, seconds: f64) -> Vec<String> {
        self.now_s += seconds;
        self.new_events()
    }

    /// Stops, and goes on by what was saved.
    fn restart(&mut self) {
        let saved = self.follow.positions().to_bytes();
        self.follow = open(&self.paths, &Positions::from_bytes(&saved).unwrap());
    }
}

fn open(paths: &[PathBuf], positions: &Positions) -> Follow {
    Follow::open(paths, Written::Auto, InputLimits::default(), positions)
}

const NONE: [&str; 0] = [];

#[test]
fn what_stands_in_a_file_comes_first_and_then_what_is_added() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\ntwo\n");
    assert_eq!(logs.new_events(), ["0:one", "0:two"]);
    assert_eq!(logs.new_events(), NONE);
    logs.append("a.log", "three\n");
    assert_eq!(logs.new_events(), ["0:three"]);
}

#[test]
fn a_file_may_appear_later_and_a_line_in_two_halves() {
    let mut logs = Logs::follow(&["a.log"]);
    assert_eq!(logs.new_events(), NONE);
    assert!(logs.follow.take_errors().is_empty(), "a file that is awaited is no error");
    logs.append("a.log", "he");
    assert_eq!(logs.new_events(), NONE);
    assert_eq!(logs.later(3600.0), NONE, "half a line waits for its end");
    logs.append("a.log", "llo\n");
    assert_eq!(logs.new_events(), ["0:hello"]);
}

#[test]
fn an_event_of_several_lines_waits_for_the_next_or_for_silence() {
    let mut logs = Logs::follow(&["a.log"]);
    let event = "03/25/2026 08:15:00 PM\nLogName=Security\nMessage=x";
    logs.append("a.log", &format!("{event}\n"));
    assert_eq!(logs.new_events(), NONE);
    logs.append("a.log", &format!("{event}\n"));
    assert_eq!(logs.later(1.0), [format!("0:{event}")]);
    assert_eq!(logs.later(HOLD_S), [format!("0:{event}")]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_one_that_takes_its_name() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\n");
    assert_eq!(logs.new_events(), ["0:one"]);
    logs.append("a.log", "two\n");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "four\n");
    assert_eq!(logs.new_events(), ["0:two"]);
    logs.append("a.log.1", "three\nhalf");
    assert_eq!(logs.later(1.0), ["0:three"]);
    assert_eq!(logs.later(GRACE_S), ["0:half", "0:four"]);
    logs.restart();
    logs.append("a.log", "five\n");
    let position = logs.follow.next_event(0.0).map(|followed| followed.position);
    assert_eq!(position, Some("one\ntwo\nthree\nhalffour\n".len() as u64));
}

#[test]
fn two_rotations_between_two_looks_lose_nothing() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log.9", "older\n");
    logs.append("a.log", "one\n");
    assert_eq!(logs.new_events(), ["0:one"]);
    logs.rename("a.log", "a.log.2");
    logs.append("a.log", "two\n");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "three\n");
    assert_eq!(logs.later(GRACE_S), ["0:two", "0:three"]);
}

#[test]
fn a_file_that_is_emptied_in_place_is_read_from_its_start() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\ntwo\nhalf");
    assert_eq!(logs.new_events(), ["0:one", "0:two"]);
    fs::write(logs.path("a.log"), "").unwrap();
    assert_eq!(logs.new_events(), ["0:half"]);
    logs.append("a.log", "three\n");
    assert_eq!(logs.new_events(), ["0:three"]);
    fs::write(logs.path("a.log"), "a longer line than before\n").unwrap();
    assert_eq!(logs.new_events(), ["0:a longer line than before"]);
}

#[test]
fn a_file_that_is_deleted_is_read_to_its_end_and_its_successor_from_the_start() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\n");
    assert_eq!(logs.new_events(), ["0:one"]);
    logs.append("a.log", "two\n");
    fs::remove_file(logs.path("a.log")).unwrap();
    assert_eq!(logs.later(60.0), ["0:two"]);
    logs.append("a.log", "three\n");
    assert_eq!(logs.later(60.0), ["0:three"]);
}

#[test]
fn many_files_are_followed_at_once_and_none_starves_the_others() {
    let names: Vec<String> = (0..50).map(|number| format!("{number}.log")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut logs = Logs::follow(&names);
    names.iter().for_each(|name| logs.append(name, &format!("{name} one\n{name} two\n")));
    let found = logs.new_events();
    assert_eq!(found.len(), 100);
    for (number, name) in names.iter().enumerate() {
        let own: Vec<&String> =
            found.iter().filter(|event| event.starts_with(&format!("{number}:"))).collect();
        assert_eq!(own, [&format!("{number}:{name} one"), &format!("{number}:{name} two")]);
    }
    logs.append("0.log", &"busy\n".repeat(10));
    logs.append("1.log", "calm\n");
    logs.follow.take_turns();
    assert_eq!(logs.follow.next_event(0.0).map(|followed| followed.file), Some(0));
    logs.follow.take_turns();
    let second = logs.follow.next_event(0.0).map(|followed| followed.file);
    assert_eq!(second, Some(1));
}

#[test]
fn after_a_restart_nothing_is_read_twice_and_nothing_left_out() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\ntwo\nthree\nhal");
    let first = logs.follow.next_event(0.0).map(|followed| followed.event.to_vec());
    assert_eq!(first.as_deref(), Some(&b"one"[..]));
    logs.restart();
    assert_eq!(logs.new_events(), ["0:two", "0:three"]);
    logs.restart();
    logs.append("a.log", "f\n");
    assert_eq!(logs.new_events(), ["0:half"]);
    logs.restart();
    assert_eq!(logs.new_events(), NONE);
}

#[test]
fn a_restart_finds_a_file_that_was_rotated_in_the_meantime() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\n");
    assert_eq!(logs.new_events(), ["0:one"]);
    let saved = logs.follow.positions();
    logs.append("a.log", "two\n");
    logs.rename("a.log", "a.log.2");
    logs.append("a.log", "three\n");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "four\n");
    logs.follow = open(&logs.paths, &saved);
    assert_eq!(logs.new_events(), ["0:two", "0:three", "0:four"]);
}

#[test]
fn a_restart_finds_the_copy_of_a_file_that_was_emptied_in_the_meantime() {
    let mut logs = Logs::follow(&["a.log"]);
    let long = "x".repeat(HEAD_BYTES);
    logs.append("a.log", &format!("{long}\n"));
    assert_eq!(logs.new_events(), [format!("0:{long}")]);
    let saved = logs.follow.positions();
    logs.append("a.log", "two\n");
    fs::copy(logs.path("a.log"), logs.path("a.log.1")).unwrap();
    fs::write(logs.path("a.log"), "three\n").unwrap();
    logs.follow = open(&logs.paths, &saved);
    assert_eq!(logs.new_events(), ["0:two", "0:three"]);
}

#[test]
fn a_file_that_is_gone_for_good_is_told_and_its_successor_read() {
    let mut logs = Logs::follow(&["a.log"]);
    logs.append("a.log", "one\n");
    assert_eq!(logs.new_events(), ["0:one"]);
    let saved = logs.follow.positions();
    // The successor is made before the file goes, so that it cannot have the same inode.
    logs.append("b.log", "two\n");
    logs.rename("b.log", "a.log");
    logs.follow = open(&logs.paths, &saved);
    assert_eq!(logs.new_events(), ["0:two"]);
    let errors: Vec<String> = logs.follow.take_errors().iter().map(FileError::reason).collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("behind byte 4"), "{errors:?}");
}

#[test]
fn what_cannot_be_followed_is_told_once_and_the_rest_is_followed() {
    let mut logs = Logs::follow(&["folder", "packed.gz", "wide.txt", "a.log"]);
    fs::create_dir(logs.path("folder")).unwrap();
    fs::write(logs.path("packed.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    fs::write(logs.path("wide.txt"), b"\xff\xfea\0").unwrap();
    logs.append("a.log", "one\n");
    assert_eq!(logs.new_events(), ["3:one"]);
    assert_eq!(logs.later(10.0), NONE);
    let errors: Vec<String> = logs.follow.take_errors().iter().map(FileError::reason).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    fs::write(logs.path("wide.txt"), "narrow\n").unwrap();
    assert_eq!(logs.later(10.0), ["2:narrow"]);
    assert!(logs.follow.take_errors().is_empty());
}

#[test]
fn long_and_odd_events_are_counted_per_file() {
    let mut logs = Logs::follow(&["a.log", "b.log"]);
    let limits = InputLimits { max_event_bytes: 4, ..InputLimits::default() };
    logs.follow = Follow::open(&logs.paths, Written::Auto, limits, &Positions::default());
    logs.append("a.log", "123456\nok\n");
    fs::write(logs.path("b.log"), b"a\xff\n").unwrap();
    while logs.follow.next_event(0.0).is_some() {}
    let (_, counters) = logs.follow.counters(0);
    assert_eq!((counters.events, counters.truncated, counters.invalid_utf8), (2, 1, 0));
    let (path, counters) = logs.follow.counters(1);
    assert_eq!((path, counters.invalid_utf8), (logs.paths[1].as_path(), 1));
}
