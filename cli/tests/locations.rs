//! `--geoip`: a database of the test's own making, from its bytes to the columns of `iplocation`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::Path, process::Command};

use caltrop_benches::maxmind::{self, map, text};

/// A database that knows one network, 192.0.2.0/24, and of that the city and the code of its country.
fn database() -> Vec<u8> {
    let names = |english: &str| map(&[("names", map(&[("en", text(english))]))]);
    maxmind::database(&map(&[("city", names("Springfield")), ("country", names("Ruritania"))]))
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
