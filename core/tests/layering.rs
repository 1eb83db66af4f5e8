//! Who may know whom in `core/src`, read from the text of the sources.
//!
//! The run side never imports the compile side: what the two share is in `compiled`. `spl` knows no fields and no events.
//! The core opens no file, starts no thread and reads no clock. Code of tests is not looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const RUN_SIDE: &[&str] = &[
    "agg",
    "alert",
    "codec",
    "compiled",
    "config",
    "engine",
    "event",
    "expr",
    "ids",
    "locations",
    "lookup",
    "names",
    "outbox",
    "row",
    "scan",
    "stage",
    "value",
];

const COMPILE_SIDE: &[&str] = &["knowledge", "plan", "rule", "ruleset", "spl", "yaml"];

/// Those whose benchmark justifies it; ARCHITECTURE.md names them.
const UNSAFE_FILES: &[&str] = &["agg/window.rs", "scan/lexicon/simd.rs", "scan/needle.rs"];

/// What reaches for the machine. Addresses of `std::net` are plain values.
const MACHINE: &[&str] = &[
    "Instant",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "TimeZone::system",
    "Timestamp::now",
    "ToSocketAddrs",
    "UdpSocket",
    "Zoned::now",
];

/// Modules of `std` that do the same.
const MACHINE_MODULES: &[&str] = &["env", "fs", "process", "thread"];

/// The sources by their path below `core/src`, without comments, texts and tests.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = BTreeMap::new();
    collect(&root, &root, &mut texts);
    let plain: BTreeMap<_, _> =
        texts.iter().map(|(path, text)| (path.clone(), code_of(text))).collect();
    let test_files: BTreeSet<String> =
        plain.iter().flat_map(|(path, code)| test_files(path, code)).collect();
    let sources = plain.into_iter().filter(|(path, _)| !test_files.contains(path));
    sources.map(|(path, code)| (path, without_tests(&code))).collect()
}

fn collect(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("the sources are here").path();
        if path.is_dir() {
            collect(root, &path, texts);
        } else {
            let name = path.strip_prefix(root).expect("it is below").to_string_lossy().into_owned();
            texts.insert(name, fs::read_to_string(&path).expect("the sources are text"));
        }
    }
}

/// `text` with the inside of comments, strings and characters taken out.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = skipped_bytes(rest);
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// How many bytes of a comment, a string or a character `rest` starts with.
fn skipped_bytes(rest: &str) -> usize {
    let upto = |end: &str, from: usize| {
        rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return upto("*/", 2);
    }
    let most_hashes = if rest.starts_with(['r', 'b']) { 4 } else { 0 };
    for hashes in 0..most_hashes {
        let open = format!("r{}\"", "#".repeat(hashes));
        if rest.starts_with(&open) || rest.starts_with(&format!("b{open}")) {
            return upto(
                &format!("\"{}", "#".repeat(hashes)),
                rest.find('"').expect("it opens") + 1,
            );
        }
    }
    match rest.as_bytes() {
        [b'"', ..] => quoted_bytes(rest, b'"'),
        // A lifetime has no closing quote behind one character.
        [b'\'', b'\\', ..] => quoted_bytes(rest, b'\''),
        [b'\'', ..] => {
            let mut letters = rest.char_indices().skip(2);
            match letters.next() {
                Some((at, '\'')) => at + 1,
                _ => 0,
            }
        }
        _ => 0,
    }
}

fn quoted_bytes(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

const TEST: &str = "#[cfg(test)]";

/// The files of modules that only tests have.
fn test_files(path: &str, code: &str) -> Vec<String> {
    let folder = path.strip_suffix("mod.rs").map_or_else(
        || path.strip_suffix(".rs").map(|stem| format!("{stem}/")).unwrap_or_default(),
        ToOwned::to_owned,
    );
    let marked = code.split(TEST).skip(1);
    let names = marked.filter_map(|after| {
        let (item, _) = after.split_once([';', '{'])?;
        let name = item.trim().rsplit("mod ").next()?;
        after[item.len()..].starts_with(';').then(|| name.trim().to_owned())
    });
    names.map(|name| format!("{folder}{name}.rs")).collect()
}

/// `code` without the items that only tests have.
fn without_tests(code: &str) -> String {
    let mut pieces = code.split(TEST);
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.push_str(&piece[item_bytes(piece)..]);
    }
    kept
}

/// The length of the item that `code` starts with: up to its `;` or its closing brace.
fn item_bytes(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The modules of the crate's root that `code`, the file `path`, names.
fn modules_named(path: &str, code: &str) -> BTreeSet<String> {
    let own: Vec<&str> = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    let mut named = named_after("crate::", code);
    // As many `super::` as the file is deep lead to the root.
    named.extend(named_after(&"super::".repeat(own.len()), code));
    named
}

/// What follows `prefix` where that opens a path.
fn named_after(prefix: &str, code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            heads(&code[at + prefix.len()..], &mut named);
        }
    }
    named
}

/// The first names of a path or of a group of paths.
fn heads(path: &str, named: &mut BTreeSet<String>) {
    let name_of = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        named.insert(name_of(path));
        return;
    };
    let (mut depth, mut start) = (0_usize, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                named.insert(name_of(&group[start..at]));
                start = at + 1;
                if letter == '}' {
                    return;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
}

fn top(path: &str) -> &str {
    path.trim_end_matches(".rs").split('/').next().unwrap_or_default()
}

fn holds_word(code: &str, word: &str) -> bool {
    let inner = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(inner) && !code[at + word.len()..].starts_with(inner))
}

#[test]
fn every_module_is_on_one_side() {
    let known: BTreeSet<&str> =
        RUN_SIDE.iter().chain(COMPILE_SIDE).chain(&["diag", "lib"]).copied().collect();
    let sources = sources();
    let found: BTreeSet<&str> = sources.keys().map(|path| top(path)).collect();
    assert_eq!(found, known);
}

#[test]
fn the_run_side_never_imports_the_compile_side() {
    for (path, code) in sources() {
        if RUN_SIDE.contains(&top(&path)) {
            let named = modules_named(&path, &code);
            let wrong: Vec<_> =
                named.iter().filter(|name| COMPILE_SIDE.contains(&name.as_str())).collect();
            assert!(wrong.is_empty(), "core/src/{path} names {wrong:?}");
        }
    }
}

#[test]
fn the_front_end_knows_no_fields_and_no_events() {
    for (path, code) in sources() {
        if top(&path) == "spl" {
            let named = modules_named(&path, &code);
            let wrong: Vec<_> =
                named.iter().filter(|name| !["spl", "diag"].contains(&name.as_str())).collect();
            assert!(wrong.is_empty(), "core/src/{path} names {wrong:?}");
        }
    }
}

#[test]
fn the_core_touches_no_machine() {
    for (path, code) in sources() {
        let reached: Vec<_> = MACHINE.iter().filter(|word| holds_word(&code, word)).collect();
        assert!(reached.is_empty(), "core/src/{path} reaches for {reached:?}");
        let modules = named_after("std::", &code);
        let wrong: Vec<_> =
            MACHINE_MODULES.iter().filter(|module| modules.contains(**module)).collect();
        assert!(wrong.is_empty(), "core/src/{path} uses {wrong:?} of std");
    }
}

#[test]
fn unsafe_code_is_in_few_files() {
    let found: Vec<String> = sources()
        .into_iter()
        .filter(|(_, code)| holds_word(code, "unsafe"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(found, UNSAFE_FILES);
}

#[test]
fn this_file_reads_sources_as_it_should() {
    let named = |path: &str, text: &str| {
        let named = modules_named(path, &without_tests(&code_of(text)));
        named.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(named("a/b.rs", "use crate::{c::{d, e}, f as g, h};"), "c f h");
    assert_eq!(named("a/b.rs", "fn x() { crate::c::d() } // crate::e"), "c");
    assert_eq!(named("a/b.rs", "use super::super::c; use super::d;"), "c");
    assert_eq!(named("a.rs", "use super::{b, c::d};"), "b c");
    assert_eq!(
        named("a.rs", "let x = \"crate::b\"; let y = r#\"\"crate::c\"#; let z = '\"'; crate::d"),
        "d"
    );
    assert_eq!(named("a.rs", "#[cfg(test)]\nmod tests { use crate::b; } use crate::c;"), "c");
    assert_eq!(
        test_files("a/mod.rs", "#[cfg(test)]\npub(crate) mod t;\n#[cfg(test)] mod u {}"),
        ["a/t.rs"]
    );
    assert_eq!(test_files("a.rs", "#[cfg(test)] mod t;"), ["a/t.rs"]);
    assert!(holds_word("x unsafe {", "unsafe") && !holds_word("unsafe_code", "unsafe"));
}
