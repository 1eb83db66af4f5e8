//! Chunks as nobody would write them: put together from records of every encoding, then cut, joined and damaged.
//!
//! The filter may do as it likes with what cannot be read, but it neither fails, nor loses a byte that it does not drop on
//! purpose. `CALTROP_CHUNKS` says how many are tried; `scripts/verify` tries ten million under AddressSanitizer.

#![cfg(target_os = "linux")]

mod common;

use caltrop_fluent_bit::msgpack::Reader;
use common::{Outcome, Plugin, Running, folder_with_rule};

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.number() % bound as u64).expect("it is small")
    }

    fn of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }
}

const TEXTS: [&str; 8] = [
    "error code=1",
    "fine",
    "log",
    "message",
    "<Event><EventID>1</EventID> error</Event>",
    "{\"error\":[1,{\"a\":null}]}",
    "caltrop",
    "",
];

fn write_text(draw: &mut Draw, out: &mut Vec<u8>) {
    let text = draw.of(&TEXTS);
    let length = u8::try_from(text.len()).expect("it is short");
    match draw.below(7) {
        0 if length < 32 => out.push(0xa0 | length),
        1 => out.extend([0xda, 0, length]),
        2 => out.extend([0xdb, 0, 0, 0, length]),
        3 => out.extend([0xc4, length]),
        4 => out.extend([0xc5, 0, length]),
        5 => out.extend([0xc6, 0, 0, 0, length]),
        _ => out.extend([0xd9, length]),
    }
    out.extend(text.as_bytes());
}

fn write_head(draw: &mut Draw, out: &mut Vec<u8>, short: u8, wide: u8, count: u8) {
    match draw.below(3) {
        0 => out.push(short | count),
        1 => out.extend([wide, 0, count]),
        _ => out.extend([wide + 1, 0, 0, 0, count]),
    }
}

fn write_value(draw: &mut Draw, out: &mut Vec<u8>, depth: usize) {
    let count = u8::try_from(draw.below(4)).expect("it is small");
    match draw.below(if depth < 4 { 10 } else { 8 }) {
        0..4 => write_text(draw, out),
        4 => out.extend(draw.of::<[u8]>(&[
            &[0xc0],
            &[0xc2],
            &[0xc3],
            &[0x05],
            &[0xe1],
            &[0xcc, 200],
            &[0xd1, 0xff, 0],
        ])),
        5 => out.extend([0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0]),
        6 => out.extend([0xd4, 1, 2]),
        7 => out.extend([0xc7, 2, 5, 1, 2]),
        8 => {
            write_head(draw, out, 0x90, 0xdc, count);
            (0..count).for_each(|_| write_value(draw, out, depth + 1));
        }
        _ => write_map(draw, out, depth + 1),
    }
}

fn write_map(draw: &mut Draw, out: &mut Vec<u8>, depth: usize) {
    let count = u8::try_from(draw.below(4)).expect("it is small");
    write_head(draw, out, 0x80, 0xde, count);
    for _ in 0..count {
        if draw.below(8) == 0 {
            write_value(draw, out, depth)
        } else {
            write_text(draw, out)
        }
        write_value(draw, out, depth);
    }
}

fn write_time(draw: &mut Draw, out: &mut Vec<u8>) {
    match draw.below(6) {
        0 => out.extend([0xce, 0x65, 0, 0, 0]),
        1 => out.extend([0xcb, 0x41, 0xd9, 0x40, 0, 0, 0, 0, 0]),
        2 => out.extend([0xd7, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
        _ => {
            out.extend([0xd7, 0, 0x65, 0, 0]);
            out.push(u8::try_from(draw.below(256)).expect("it is a byte"));
            out.extend([0, 0, 0, 0]);
        }
    }
}

fn write_record(draw: &mut Draw, out: &mut Vec<u8>) {
    write_head(draw, out, 0x90, 0xdc, 2);
    if draw.below(4) == 0 {
        write_time(draw, out);
    } else {
        write_head(draw, out, 0x90, 0xdc, 2);
        write_time(draw, out);
        write_map(draw, out, 3);
    }
    write_map(draw, out, 0);
}

fn damage(draw: &mut Draw, chunk: &mut Vec<u8>) {
    match draw.below(4) {
        0 => chunk.truncate(draw.below(chunk.len() + 1)),
        1 if !chunk.is_empty() => {
            let at = draw.below(chunk.len());
            chunk[at] = draw.number().to_be_bytes()[0];
        }
        2 if !chunk.is_empty() => {
            let at = draw.below(chunk.len());
            chunk.remove(at);
        }
        _ => chunk.extend(draw.number().to_be_bytes()),
    }
}

fn chunk(draw: &mut Draw) -> Vec<u8> {
    let mut chunk = Vec::new();
    (0..draw.below(4)).for_each(|_| write_record(draw, &mut chunk));
    if draw.below(2) == 0 {
        damage(draw, &mut chunk);
    }
    chunk
}

/// What cannot be read of a chunk.
fn unread(chunk: &[u8]) -> &[u8] {
    let mut reader = Reader::new(chunk, 0);
    while reader.skip().is_some() {}
    &chunk[reader.position()..]
}

fn check(filter: &Running, mode: &str, chunk: &[u8]) {
    let Outcome::Changed(out) = filter.filter(chunk) else { return };
    assert!(out.ends_with(unread(chunk)), "{mode}: {chunk:x?} became {out:x?}");
    assert_eq!(
        unread(&out[..out.len() - unread(chunk).len()]),
        b"",
        "{mode}: {chunk:x?} became {out:x?}"
    );
    if mode == "observe" {
        let read = chunk.len() - unread(chunk).len();
        assert!(out.starts_with(&chunk[..read]), "{mode}: {chunk:x?} became {out:x?}");
    }
}

#[test]
fn no_chunk_makes_the_filter_fail_or_lose_what_it_does_not_drop() {
    let count =
        std::env::var("CALTROP_CHUNKS").map_or(20_000, |text| text.parse().expect("a number"));
    let seed = std::env::var("CALTROP_SEED").map_or(5975, |text| text.parse().expect("a number"));
    let (_folder, rules) = folder_with_rule("error | table _time, code");
    let modes = ["annotate", "keep", "drop", "observe"];
    let start = |mode: &str| {
        let section = [
            ("rules", rules.as_str()),
            ("mode", mode),
            ("emit", "instream"),
            ("host", "$log"),
            ("time_key", "$message"),
        ];
        Plugin::linked().start(mode, &section).expect("it starts")
    };
    let filters = modes.map(start);
    let mut draw = Draw(seed);
    for number in 0..count {
        let chunk = chunk(&mut draw);
        let mode = number % modes.len();
        check(&filters[mode], modes[mode], &chunk);
    }
}
