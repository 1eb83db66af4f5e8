//! Digests, in lower-case hexadecimal.

use bumpalo::Bump;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Function, example, value};
use crate::{
    expr::program::{Call, Scope},
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "md5",
        "md5(text)",
        "The MD5 digest in hexadecimal.",
        1..=1,
        digest::<Md5>,
        &[
            example("md5(\"abc\")", "900150983cd24fb0d6963f7d28e17f72"),
            example("md5(\"\")", "d41d8cd98f00b204e9800998ecf8427e"),
        ],
    ),
    value(
        "sha1",
        "sha1(text)",
        "The SHA-1 digest in hexadecimal.",
        1..=1,
        digest::<Sha1>,
        &[
            example("sha1(\"abc\")", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            example("sha1(missing)", "null"),
        ],
    ),
    value(
        "sha256",
        "sha256(text)",
        "The SHA-256 digest in hexadecimal.",
        1..=1,
        digest::<Sha256>,
        &[
            example(
                "sha256(\"abc\")",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            example("sha256(missing)", "null"),
        ],
    ),
    value(
        "sha512",
        "sha512(text)",
        "The SHA-512 digest in hexadecimal.",
        1..=1,
        digest::<Sha512>,
        &[
            example("len(sha512(\"abc\"))", "128"),
            example("substr(sha512(\"abc\"), 1, 16)", "ddaf35a193617aba"),
        ],
    ),
];

fn digest<'e, D: Digest>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    call.text(0, scope)
        .map_or(Value::Null, |text| Value::Text(hexadecimal::<D>(text, scope.env.bump)))
}

#[inline(never)] // The state of a digest must not lie in the frame that evaluates the argument.
fn hexadecimal<'e, D: Digest>(text: &[u8], bump: &'e Bump) -> &'e [u8] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digest = D::digest(text);
    let digits =
        digest.iter().flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    let bytes = 2 * digest.len();
    let mut digits = digits.into_iter();
    bump.alloc_slice_fill_with(bytes, |_| digits.next().unwrap_or_default())
}
