//! The pass with AVX2: 32 bytes are told apart at a time.
//!
//! A byte belongs to a set if the row of its upper half and the column of its lower half have a bit in common, and a
//! shuffle looks up 32 rows or columns at once. A byte beyond ASCII has no column: shuffles give zero for it.
#![allow(unsafe_code, reason = "AVX2 loads; benches/examples/catalog.rs measures them")]

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16,
};

use super::{
    super::segment::{Breaker, class},
    BLOCK_BYTES, Block, CODES, Escapes, Lexicon, Visit,
};

const LANES: usize = 32;

/// For each lower half of a byte, a bit for each upper half with which it is of the set; for both lanes of a shuffle.
type Columns = [u8; LANES];

const BREAKERS: Columns = {
    let mut columns = [0; LANES];
    let mut byte = 0;
    while byte < 128_u8 {
        if !matches!(class(byte), Breaker::None) {
            add(&mut columns, byte);
        }
        byte += 1;
    }
    columns
};

const CODE_COLUMNS: Columns = {
    let mut columns = [0; LANES];
    let mut index = 0;
    while index < CODES.len() {
        add(&mut columns, CODES[index]);
        index += 1;
    }
    columns
};

/// For each upper half of an ASCII byte, its bit.
const ROWS: [u8; LANES] = {
    let mut rows = [0; LANES];
    let mut half = 0;
    while half < 8 {
        rows[half] = 1 << half;
        rows[half + 16] = 1 << half;
        half += 1;
    }
    rows
};

const fn add(columns: &mut Columns, byte: u8) {
    let half = (byte & 15) as usize;
    columns[half] |= 1 << (byte >> 4);
    columns[half + 16] |= 1 << (byte >> 4);
}

pub(super) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("bmi2")
        && std::arch::is_x86_feature_detected!("lzcnt")
}

pub(super) fn search(lexicon: &Lexicon, raw: &[u8], escapes: Escapes, visit: &mut Visit<'_>) {
    debug_assert!(is_available());
    // SAFETY: `Form::Avx2` is chosen only where the machine has these instructions.
    unsafe {
        match escapes {
            Escapes::Read => search_with_avx2::<true>(lexicon, raw, visit),
            Escapes::None => search_with_avx2::<false>(lexicon, raw, visit),
        }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn search_with_avx2<const ESCAPES: bool>(lexicon: &Lexicon, raw: &[u8], visit: &mut Visit<'_>) {
    lexicon.pass(raw, |bytes| classify::<ESCAPES>(bytes), visit);
}

#[target_feature(enable = "avx2")]
#[inline]
fn classify<const ESCAPES: bool>(bytes: &[u8; BLOCK_BYTES]) -> Block {
    let (low, high) = bytes.split_at(LANES);
    let half = |bytes| classify_half::<ESCAPES>(load(bytes));
    let (low, high) = (half(low), half(high));
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << LANES;
    Block {
        breakers: join(low[0], high[0]),
        marks: join(low[1], high[1]),
        codes: join(low[2], high[2]),
    }
}

/// Which of 32 bytes are breakers, marks and codes.
#[target_feature(enable = "avx2")]
#[inline]
fn classify_half<const ESCAPES: bool>(bytes: __m256i) -> [u32; 3] {
    let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15));
    let rows = _mm256_shuffle_epi8(load(&ROWS), upper);
    let is = |byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()));
    let percents = is(b'%');
    let marks = if ESCAPES { _mm256_or_si256(is(b'\\'), percents) } else { percents };
    [
        members(bytes, rows, &BREAKERS),
        _mm256_movemask_epi8(marks).cast_unsigned(),
        members(bytes, rows, &CODE_COLUMNS),
    ]
}

#[target_feature(enable = "avx2")]
#[inline]
fn members(bytes: __m256i, rows: __m256i, columns: &Columns) -> u32 {
    let common = _mm256_and_si256(_mm256_shuffle_epi8(load(columns), bytes), rows);
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(common, _mm256_setzero_si256())).cast_unsigned()
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8]) -> __m256i {
    assert!(bytes.len() >= LANES);
    // SAFETY: 32 bytes are readable, as was just made sure.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// What the bytes are, where the machine can tell.
#[cfg(test)]
pub(super) fn classified(bytes: &[u8; BLOCK_BYTES], escapes: Escapes) -> Option<Block> {
    // SAFETY: the machine has the instructions.
    is_available().then(|| unsafe {
        match escapes {
            Escapes::Read => classify::<true>(bytes),
            Escapes::None => classify::<false>(bytes),
        }
    })
}
