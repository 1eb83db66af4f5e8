//! What takes more than a transcript to see: memory, pipes that drip, and that all ways through the engine agree.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn caltrop(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caltrop"));
    command.args(arguments).current_dir(root());
    command
}

/// The alerts on the demo events, without what differs between batch and stream: the windows, and so the keys and the order.
fn alerts(arguments: &[&str]) -> Vec<String> {
    let output = caltrop(&[&["run", "--rules", "rules"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    rows(&output.stdout)
}

fn rows(stdout: &[u8]) -> Vec<String> {
    let text = String::from_utf8(stdout.to_vec()).unwrap();
    let mut rows: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["row"].to_string())
        .collect();
    rows.sort();
    rows
}

#[test]
fn batch_stream_and_no_prefilter_give_the_same_rows() {
    let batch = alerts(&["demo"]);
    assert_eq!(batch.len(), 7);
    assert_eq!(alerts(&["--no-prefilter", "demo"]), batch);
    assert_eq!(alerts(&["--stream", "demo"]), batch);
    assert_eq!(alerts(&["--stream", "--no-prefilter", "demo"]), batch);
    assert_eq!(alerts(&["--window", "1h", "demo"]), batch);
}

#[test]
fn several_threads_print_what_one_prints_in_the_same_order() {
    let folder = tempfile::tempdir().unwrap();
    let log: String =
        (0..40_000).map(|number| format!("{number} user=u{} error text\n", number % 7)).collect();
    fs::write(folder.path().join("app.log"), log).unwrap();
    fs::write(folder.path().join("each.spl"), "error AND (TERM(77) OR *99)").unwrap();
    fs::write(folder.path().join("count.spl"), "error | stats count list(user) by user").unwrap();
    fs::write(folder.path().join("first.spl"), "error | head 3").unwrap();
    let run = |more: &[&str]| {
        let demo = root().join("demo");
        let arguments =
            [&["run", "--rules", ".", "app.log", demo.to_str().unwrap()], more].concat();
        let output = caltrop(&arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let one = run(&[]);
    assert!(one.len() > 10_000, "{}", one.len());
    for threads in ["2", "3", "8"] {
        assert!(run(&["--threads", threads]) == one, "{threads} threads");
    }
    let table = run(&["--output", "csv"]);
    assert!(run(&["--output", "csv", "--threads", "2"]) == table);
}

#[test]
fn several_threads_complain_of_what_one_complains_of() {
    let folder = tempfile::tempdir().unwrap();
    let row = |number: u32| match number % 1_000 {
        7 => "no row\n".to_owned(),
        _ => format!("{{\"_time\":{number},\"user\":\"u{number}\"}}\n"),
    };
    fs::write(folder.path().join("rows"), (0..20_000).map(row).collect::<String>()).unwrap();
    let search = |more: &[&str]| {
        let arguments = ["search", "| stats values(user)", "rows", "--format", "rows"];
        let output =
            caltrop(&[&arguments, more].concat()).current_dir(folder.path()).output().unwrap();
        (output.status.code(), output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let one = search(&[]);
    assert!(one.2.contains("rows:8:1: ") && one.2.contains("20 lines left out"), "{}", one.2);
    assert_eq!(search(&["--threads", "3"]), one);
    let small = search(&["--threads", "3", "--max-state", "4KiB"]);
    assert_eq!(small.0, Some(2));
    assert!(small.2.contains("keeps more open state"), "{}", small.2);
}

#[test]
fn one_byte_at_a_time_gives_the_same_rows() {
    let demo = fs::read(root().join("demo/sysmon.xml")).unwrap();
    let mut child = piped(&["run", "--rules", "rules", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        demo.chunks(1).for_each(|byte| stdin.write_all(byte).unwrap());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(rows(&output.stdout), alerts(&["demo"]));
}

#[test]
fn the_rules_that_ship_are_clean() {
    let output = caltrop(&["check", "--deny-warnings", "rules"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_line_of_100_mb_takes_bounded_memory() {
    let mut child = piped(&["search", "tail OR needle | head 5", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    let block = vec![b'x'; 1 << 20];
    (0..100).for_each(|_| stdin.write_all(&block).unwrap());
    stdin.write_all(b" tail\nthe needle\n").unwrap();
    // What it holds at most is known once it has read the line; it waits for more.
    let peak_kib = peak_memory_kib(&child);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"_raw\":\"the needle\"}\n");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(stderr, "warning: -: 1 of 2 events cut at max_event_bytes (first at 1:1)\n");
    if let Some(peak_kib) = peak_kib {
        assert!(peak_kib < 64 << 10, "{peak_kib} KiB for a line of which 1 MiB is looked at");
    }
}

/// The most memory that a process has had, where the system says.
fn peak_memory_kib(child: &Child) -> Option<u64> {
    let mut status = String::new();
    let mut file = fs::File::open(format!("/proc/{}/status", child.id())).ok()?;
    file.read_to_string(&mut status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn piped(arguments: &[&str]) -> Child {
    caltrop(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
