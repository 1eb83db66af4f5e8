//! Holds `include/caltrop.h` to the code: it is written chapter by chapter from the files of `ffi/src`, and a header that
//! is older than the code fails. `CALTROP_BLESS=1` rewrites it.

use std::{fmt::Write, fs, path::Path};

const FRONT: &str = include_str!("header/front.h");
const BACK: &str = include_str!("header/back.h");

/// The chapters: the file that each comes from, its title, what a reader should know first.
const CHAPTERS: [(&str, &str, &str); 11] = [
    (
        "version",
        "Version",
        "Compare caltrop_abi_version() >> 16 with CALTROP_ABI_MAJOR before anything else if the library was\n\
         loaded at run time.",
    ),
    (
        "status",
        "Status",
        "Calls return CALTROP_OK or say why not. On any other status outputs are not written, unless a\n\
         function says otherwise.",
    ),
    ("str", "Texts", "Pointer and length everywhere. Texts that are given are copied or not kept."),
    ("ruleset", "Rule set", "Immutable and counted by reference. Share one between all threads."),
    (
        "compiler",
        "Compiler",
        "Rules in, rule set out. A rule with an error is left out with its reasons; the others load.",
    ),
    (
        "alert",
        "Alerts",
        "What the callback of an engine is given. Nothing of it outlives the callback.",
    ),
    ("options", "Engine options", "All engines of one rule set may have different ones."),
    (
        "counters",
        "Counters",
        "Nothing is lost in silence: what an engine could not look at is counted.",
    ),
    ("log", "Log", "The same losses in words, for a host that does not watch counters."),
    (
        "transfer",
        "Exchange",
        "What becomes of windows when an engine is given other rules or a saved state.",
    ),
    ("event", "Events", "What an engine looks at: bytes, or fields that the caller has parsed."),
];

/// Comes last because it needs all the others.
const ENGINE: (&str, &str, &str) = (
    "engine",
    "Engine",
    "One stream's state: one engine for each thread. Alerts come through the callback, on the calling\n\
     thread, before the call returns.",
);

#[test]
fn the_header_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/caltrop.h");
    let expected = header();
    if std::env::var_os("CALTROP_BLESS").is_some() {
        fs::write(&path, &expected).expect("include/ can be written");
    }
    let found = fs::read_to_string(&path).expect("include/caltrop.h is there");
    assert!(
        found == expected,
        "include/caltrop.h is not what the code says; run CALTROP_BLESS=1 cargo test -p caltrop-ffi --test header_current"
    );
}

#[test]
fn every_exported_function_is_in_the_header() {
    let header = header();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut exported = 0;
    for file in fs::read_dir(sources).expect("src is there") {
        let text = fs::read_to_string(file.expect("an entry").path()).expect("a source");
        for after in text.split("extern \"C\" fn caltrop_").skip(1) {
            let name = after.split('(').next().expect("split gives one part");
            assert!(header.contains(&format!("caltrop_{name}(")), "caltrop_{name} is missing");
            exported += 1;
        }
    }
    assert_eq!(exported, 50, "say here how many functions the ABI has");
}

fn header() -> String {
    let mut header = FRONT.to_owned();
    for (file, title, prose) in CHAPTERS.into_iter().chain([ENGINE]) {
        let rule = "-".repeat(100 - 3);
        write!(header, "\n// {rule}\n// {title}\n//\n").expect("a String takes everything");
        for line in prose.lines() {
            writeln!(header, "// {line}").expect("a String takes everything");
        }
        let declarations = chapter(file);
        write!(header, "// {rule}\n\n{}\n", declarations.trim())
            .expect("a String takes everything");
    }
    header + BACK
}

/// The declarations of one source file.
fn chapter(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("it is valid");
    let source = folder.join("src").join(file).with_extension("rs");
    let builder = cbindgen::Builder::new().with_config(config).with_src(source);
    let mut text = Vec::new();
    builder.generate().expect("the source parses").write(&mut text);
    let text = String::from_utf8(text).expect("sources are UTF-8");
    text.lines().map(for_c).collect::<Vec<_>>().join("\n")
}

/// A line as C programmers write it: types by their typedefs, and the headings of Rust's documentation as plain text.
fn for_c(line: &str) -> String {
    match line {
        "// # Errors" => "// Errors:".to_owned(),
        "// # Safety" => "// The caller promises:".to_owned(),
        _ if line.starts_with("typedef struct") => line.to_owned(),
        _ => line.replace("struct caltrop_", "caltrop_"),
    }
}
