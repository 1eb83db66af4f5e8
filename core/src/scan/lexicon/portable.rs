//! The pass for any machine: what a byte is stands in a table.

use super::{
    super::segment::{Breaker, class},
    BLOCK_BYTES, Block, CODES, Escapes, Lexicon, Visit,
};

const BREAKS: u8 = 1;
const BACKSLASH: u8 = 2;
const CODES_BIT: u8 = 4;
const PERCENT: u8 = 8;

/// What each byte is.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    // No byte beyond ASCII is a breaker.
    let mut byte = 0_u8;
    while byte < 128 {
        if !matches!(class(byte), Breaker::None) {
            kinds[byte as usize] = BREAKS;
        }
        byte += 1;
    }
    kinds[b'\\' as usize] |= BACKSLASH;
    kinds[b'%' as usize] |= PERCENT;
    let mut index = 0;
    while index < CODES.len() {
        kinds[CODES[index] as usize] |= CODES_BIT;
        index += 1;
    }
    kinds
};

pub(super) fn search(lexicon: &Lexicon, raw: &[u8], escapes: Escapes, visit: &mut Visit<'_>) {
    lexicon.pass(raw, |bytes| classify(bytes, escapes), visit);
}

pub(super) fn classify(bytes: &[u8; BLOCK_BYTES], escapes: Escapes) -> Block {
    let marks = if escapes == Escapes::Read { BACKSLASH | PERCENT } else { PERCENT };
    let mut block = Block { breakers: 0, marks: 0, codes: 0 };
    for (index, &byte) in bytes.iter().enumerate() {
        let kind = KINDS[usize::from(byte)];
        block.breakers |= u64::from(kind & BREAKS) << index;
        block.marks |= u64::from(kind & marks != 0) << index;
        block.codes |= (u64::from(kind & CODES_BIT) / u64::from(CODES_BIT)) << index;
    }
    block
}
