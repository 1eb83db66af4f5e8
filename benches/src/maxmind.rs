//! A small database of locations, as MaxMind writes them: its format, without the program that makes the real ones.
//!
//! Every length stands in one byte, so what is written is short.

/// How many bits of an address the tree asks for.
const BITS: u32 = 24;

/// What stands between the tree and the data.
const GAP: [u8; 16] = [0; 16];

/// A database that knows `place`, a value, of 192.0.2.0/24, and nothing of any other address.
#[must_use]
pub fn database(place: &[u8]) -> Vec<u8> {
    let network = u32::from_be_bytes([192, 0, 2, 0]);
    let node = |depth: u32| {
        let inside = if depth + 1 == BITS { BITS + 16 } else { depth + 1 };
        let is_right = network >> (31 - depth) & 1 == 1;
        let records = if is_right { [BITS, inside] } else { [inside, BITS] };
        records.map(|record| record.to_be_bytes()[1..].to_vec()).concat()
    };
    let tree: Vec<u8> = (0..BITS).flat_map(node).collect();
    [&tree[..], &GAP, place, b"\xab\xcd\xefMaxMind.com", &metadata()].concat()
}

fn metadata() -> Vec<u8> {
    map(&[
        ("node_count", sized(6, &BITS.to_be_bytes())),
        ("record_size", short(24)),
        ("ip_version", short(4)),
        ("database_type", text("Test-City")),
        ("languages", array(&[])),
        ("binary_format_major_version", short(2)),
        ("binary_format_minor_version", short(0)),
        ("build_epoch", [&[8, 2], &1_700_000_000_u64.to_be_bytes()[..]].concat()),
        ("description", map(&[])),
    ])
}

/// A map of values.
#[must_use]
pub fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let head = 7 << 5 | u8::try_from(pairs.len()).expect("it is small");
    let pairs = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
    std::iter::once(head).chain(pairs).collect()
}

/// An array of values.
#[must_use]
pub fn array(values: &[Vec<u8>]) -> Vec<u8> {
    let length = u8::try_from(values.len()).expect("it is small");
    [&[length, 4][..], &values.concat()].concat()
}

/// A text.
#[must_use]
pub fn text(text: &str) -> Vec<u8> {
    sized(2, text.as_bytes())
}

/// A number.
#[must_use]
pub fn double(number: f64) -> Vec<u8> {
    sized(3, &number.to_be_bytes())
}

/// A whole number.
#[must_use]
pub fn short(number: u16) -> Vec<u8> {
    sized(5, &number.to_be_bytes())
}

/// A value of that kind.
fn sized(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("it is short");
    match length {
        29.. => [&[kind << 5 | 29, length - 29], bytes].concat(),
        _ => [&[kind << 5 | length], bytes].concat(),
    }
}
