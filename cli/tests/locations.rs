//! `--geoip`: a database of the test's own making, from its bytes to the columns of `iplocation`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::Path, process::Command};

/// A database that knows one network, 192.0.2.0/24, and of that the city and the code of its country.
fn database() -> Vec<u8> {
    const BITS: u32 = 24;
    /// Between the tree and the data, as the format wants.
    const GAP: [u8; 16] = [0; 16];
    let network = u32::from_be_bytes([192, 0, 2, 0]);
    let node = |depth: u32| {
        let inside = if depth + 1 == BITS { BITS + 16 } else { depth + 1 };
        let is_right = network >> (31 - depth) & 1 == 1;
        let records = if is_right { [BITS, inside] } else { [inside, BITS] };
        records.map(|record| record.to_be_bytes()[1..].to_vec()).concat()
    };
    let tree: Vec<u8> = (0..BITS).flat_map(node).collect();
    let names = |english: &str| map(&[("names", map(&[("en", text(english))]))]);
    let place = map(&[("city", names("Springfield")), ("country", names("Ruritania"))]);
    [&tree[..], &GAP, &place, b"\xab\xcd\xefMaxMind.com", &metadata(BITS)].concat()
}

fn metadata(nodes: u32) -> Vec<u8> {
    map(&[
        ("node_count", number(6, &nodes.to_be_bytes())),
        ("record_size", number(5, &24_u16.to_be_bytes())),
        ("ip_version", number(5, &4_u16.to_be_bytes())),
        ("database_type", text("Test-City")),
        ("languages", vec![0, 4]),
        ("binary_format_major_version", number(5, &2_u16.to_be_bytes())),
        ("binary_format_minor_version", number(5, &0_u16.to_be_bytes())),
        ("build_epoch", [&[8, 2], &1_700_000_000_u64.to_be_bytes()[..]].concat()),
        ("description", map(&[])),
    ])
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let head = 7 << 5 | u8::try_from(pairs.len()).unwrap();
    let pairs = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
    std::iter::once(head).chain(pairs).collect()
}

fn text(text: &str) -> Vec<u8> {
    number(2, text.as_bytes())
}

/// A value of that kind, whose length stands in its first byte.
fn number(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    assert!(length < 29, "longer ones are written otherwise");
    [&[kind << 5 | length], bytes].concat()
}

/// What `iplocation` makes of two addresses, and what the program says besides.
fn located(folder: &Path, options: &[&str]) -> (Option<i32>, String, String) {
    let search = "| iplocation ip | table ip City Country";
    let output = Command::new(env!("CARGO_BIN_EXE_caltrop"))
        .args([&["search", search, "rows", "--format", "rows"], options].concat())
        .current_dir(folder)
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), stdout, stderr)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rows = "{\"ip\":\"192.0.2.9\"}\n{\"ip\":\"198.51.100.1\"}\n";
    fs::write(folder.path().join("rows"), rows).unwrap();
    folder
}

#[test]
fn a_database_that_is_given_says_where_addresses_are() {
    let folder = folder();
    fs::write(folder.path().join("places.mmdb"), database()).unwrap();
    let (status, stdout, stderr) = located(folder.path(), &["--geoip", "places.mmdb"]);
    assert_eq!(status, Some(0), "{stderr}");
    let known = "{\"ip\":\"192.0.2.9\",\"City\":\"Springfield\",\"Country\":\"Ruritania\"}";
    assert_eq!(stdout, format!("{known}\n{{\"ip\":\"198.51.100.1\"}}\n"));
}

#[test]
fn without_a_database_the_columns_are_absent_and_it_is_said() {
    let (status, stdout, stderr) = located(folder().path(), &[]);
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stdout, "{\"ip\":\"192.0.2.9\"}\n{\"ip\":\"198.51.100.1\"}\n");
    assert!(stderr.contains("--geoip"), "{stderr}");
}

#[test]
fn what_is_no_database_ends_with_2_and_is_named() {
    let folder = folder();
    fs::write(folder.path().join("places.mmdb"), "no database").unwrap();
    let (status, _, stderr) = located(folder.path(), &["--geoip", "places.mmdb"]);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("places.mmdb"), "{stderr}");
}
