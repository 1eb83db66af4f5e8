//! What the fuzzer has found before stays mended: every file under `fuzz/regressions/TARGET/` runs through its target, and
//! so does every seed under `fuzz/seeds/TARGET/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fuzzing;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use caltrop_host::{Occasion, Positions, Saved};
use flate2::{Compression, write::GzEncoder};

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 2] = [("lines", fuzzing::lines), ("saved", fuzzing::saved)];

#[test]
fn old_finds_stay_mended() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, target) in TARGETS {
        let folders = ["regressions", "seeds"].map(|kind| root.join(kind).join(name));
        for path in folders.iter().flat_map(|folder| files(folder)) {
            target(&fs::read(path).unwrap());
        }
    }
}

/// The files of a folder; none where a target has no finds yet.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

const TEXT: &str = "plain line\n<Event><System/></Event>\n{\"a\":1}\n03/02/2026 09:30:00 AM\n    LogName=Security\nMessage=a\n\ntype=SYSCALL msg=audit(1.2:3): a=1\n{\"Records\":[{\"a\":1}]}\n";

/// The same text as it may be kept.
fn kept() -> [Vec<u8>; 5] {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(TEXT.as_bytes()).unwrap();
    let units = TEXT.encode_utf16();
    let utf16 = [0xfeff].into_iter().chain(units).flat_map(u16::to_le_bytes).collect();
    let event_log = [b"ElfFile\0".as_slice(), TEXT.as_bytes()].concat();
    let zstd = zstd::encode_all(TEXT.as_bytes(), 1).unwrap();
    [TEXT.as_bytes().to_vec(), gzip.finish().unwrap(), zstd, utf16, event_log]
}

#[test]
fn inputs_hold_their_laws_wherever_they_are_cut_and_whatever_byte_is_another() {
    for bytes in kept() {
        for at in 0..bytes.len() {
            fuzzing::lines(&bytes[..at]);
            for byte in [0, b'\n', bytes[at] ^ 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = byte;
                fuzzing::lines(&changed);
            }
        }
    }
}

#[test]
fn a_saved_stream_holds_its_law_wherever_it_is_cut_and_whatever_byte_is_another() {
    let (positions, engine) = (Positions::default(), b"engine".to_vec());
    let bytes = Saved { at_ns: 1, occasion: Occasion::Checkpoint, positions, engine }.to_bytes();
    for at in 0..bytes.len() {
        fuzzing::saved(&bytes[..at]);
        for byte in 0..=255 {
            let mut changed = bytes.clone();
            changed[at] = byte;
            fuzzing::saved(&changed);
        }
    }
}
