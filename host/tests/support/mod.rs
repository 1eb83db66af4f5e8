//! Writes small event logs of Windows, as MS-EVEN6 and the published studies of the format describe them: one chunk, each record
//! spelt out in binary XML without a template.

const CHUNK_BYTES: usize = 64 << 10;
const CHUNK_HEADER_BYTES: usize = 512;
const FILE_HEADER_BYTES: usize = 4096;

/// The time of every record, in steps of 100 ns since 1601: 2026-01-01T00:00:00Z.
const FILETIME: u64 = 134_117_280_000_000_000;

/// An element of an event: attributes, then children or a text.
pub(crate) struct Element<'a> {
    pub(crate) name: &'a str,
    pub(crate) attributes: Vec<(&'a str, &'a str)>,
    pub(crate) content: Content<'a>,
}

pub(crate) enum Content<'a> {
    Text(&'a str),
    Children(Vec<Element<'a>>),
}

pub(crate) fn element<'a>(name: &'a str, content: Content<'a>) -> Element<'a> {
    Element { name, attributes: Vec::new(), content }
}

/// A log of one chunk with these events.
pub(crate) fn event_log(events: &[Element<'_>]) -> Vec<u8> {
    let mut chunk = vec![0; CHUNK_HEADER_BYTES];
    let mut last_record = 0;
    for (index, event) in events.iter().enumerate() {
        last_record = chunk.len();
        write_record(&mut chunk, index as u64 + 1, event);
    }
    let free_space = chunk.len();
    chunk.resize(CHUNK_BYTES, 0);
    write_chunk_header(&mut chunk, events.len() as u64, last_record, free_space);
    [file_header(events.len() as u64), chunk].concat()
}

fn write_record(chunk: &mut Vec<u8>, number: u64, event: &Element<'_>) {
    let start = chunk.len();
    chunk.extend(b"\x2a\x2a\0\0\0\0\0\0");
    chunk.extend(number.to_le_bytes());
    chunk.extend(FILETIME.to_le_bytes());
    chunk.extend([0x0f, 1, 1, 0]);
    write_element(chunk, event);
    chunk.push(0);
    let size = length(chunk.len() + 4 - start);
    chunk[start + 4..start + 8].copy_from_slice(&size);
    chunk.extend(size);
}

fn write_element(chunk: &mut Vec<u8>, element: &Element<'_>) {
    let has_attributes = !element.attributes.is_empty();
    chunk.push(if has_attributes { 0x41 } else { 0x01 });
    let size_at = reserve(chunk);
    write_name(chunk, element.name);
    if has_attributes {
        let list_at = reserve(chunk);
        for (index, (name, value)) in element.attributes.iter().enumerate() {
            chunk.push(if index + 1 < element.attributes.len() { 0x46 } else { 0x06 });
            write_name(chunk, name);
            write_text(chunk, value);
        }
        fill(chunk, list_at);
    }
    chunk.push(0x02);
    match &element.content {
        Content::Text(text) => write_text(chunk, text),
        Content::Children(children) => {
            children.iter().for_each(|child| write_element(chunk, child))
        }
    }
    chunk.push(0x04);
    fill(chunk, size_at);
}

/// A name stands where it is first used, behind the place in the chunk that it has.
fn write_name(chunk: &mut Vec<u8>, name: &str) {
    let offset = length(chunk.len() + 4);
    chunk.extend(offset);
    chunk.extend([0; 4]);
    let hash = name
        .encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(u32::from(unit)));
    chunk.extend(&hash.to_le_bytes()[..2]);
    write_units(chunk, name);
    chunk.extend([0; 2]);
}

fn write_text(chunk: &mut Vec<u8>, text: &str) {
    chunk.extend([0x05, 0x01]);
    write_units(chunk, text);
}

fn write_units(chunk: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().collect();
    chunk.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
    units.iter().for_each(|unit| chunk.extend(unit.to_le_bytes()));
}

/// Leaves room for the length of what follows, which [`fill`] writes.
fn reserve(chunk: &mut Vec<u8>) -> usize {
    chunk.extend([0; 4]);
    chunk.len()
}

fn fill(chunk: &mut [u8], from: usize) {
    let size = length(chunk.len() - from);
    chunk[from - 4..from].copy_from_slice(&size);
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap().to_le_bytes()
}

fn write_chunk_header(chunk: &mut [u8], records: u64, last_record: usize, free_space: usize) {
    let records_crc = crc32(&chunk[CHUNK_HEADER_BYTES..free_space]);
    let mut put = |at: usize, bytes: &[u8]| chunk[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"ElfChnk\0");
    for at in [8, 24] {
        put(at, &1_u64.to_le_bytes());
        put(at + 8, &records.to_le_bytes());
    }
    put(40, &128_u32.to_le_bytes());
    put(44, &length(last_record));
    put(48, &length(free_space));
    put(52, &records_crc.to_le_bytes());
    let header_crc = crc32(&[&chunk[..120], &chunk[128..CHUNK_HEADER_BYTES]].concat());
    chunk[124..128].copy_from_slice(&header_crc.to_le_bytes());
}

fn file_header(records: u64) -> Vec<u8> {
    let mut header = vec![0; FILE_HEADER_BYTES];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"ElfFile\0");
    put(24, &(records + 1).to_le_bytes());
    put(32, &128_u32.to_le_bytes());
    put(36, &[1, 0, 3, 0]);
    put(40, &4096_u16.to_le_bytes());
    put(42, &1_u16.to_le_bytes());
    let crc = crc32(&header[..120]);
    header[124..128].copy_from_slice(&crc.to_le_bytes());
    header
}

/// CRC-32 as in gzip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
