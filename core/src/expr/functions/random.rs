//! `random`: numbers that look drawn and can be drawn again.
//!
//! A run over the same events gives the same rows, on any machine, on any number of threads and after a restart. So a number is made of
//! where its row stands among all rows (the time of its event, its input and its offset), of the text of the event, and of the place of
//! the call in the rule. Unlike Splunk, the same row therefore gets the same number in each run.

use sha2::{Digest, Sha256};

use super::{Function, example, value};
use crate::{
    codec::Writer,
    expr::program::{Call, Scope},
    value::Value,
};

/// One more than the largest number.
const LIMIT: u32 = 1 << 31;

pub(super) const FUNCTIONS: &[Function] = &[value(
    "random",
    "random()",
    "A whole number from 0 to 2147483647: the same for the same row and place in the rule in each run.",
    0..=0,
    random,
    &[
        example("random() >= 0 AND random() < 2147483648", "True"),
        example("typeof(random())", "Number"),
    ],
)];

/// The call holds its place in the rule, which no rule writes.
fn random<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let mut seed = Writer::default();
    let place = call.arguments.first().and_then(|place| place.value(scope).number());
    seed.double(place.unwrap_or_default());
    scope.fields.rank().encode(&mut seed);
    scope.fields.any_raw_text(&mut |text| {
        seed.text(text);
        false
    });
    let digest = Sha256::digest(seed.into_bytes());
    let first = digest.first_chunk().expect("SHA-256 has 32 bytes");
    Value::Number(f64::from(u32::from_le_bytes(*first) % LIMIT))
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run_all;

    #[test]
    fn a_row_draws_the_same_numbers_in_each_run_and_no_two_are_alike() {
        let draw = || run_all("eval a=random(), b=random() | table a, b", &["n=1", "n=1"]);
        let drawn = draw();
        assert_eq!(drawn, draw());
        let mut numbers: Vec<&str> =
            drawn.split([' ', '=']).filter(|word| word.parse::<u32>().is_ok()).collect();
        assert_eq!(numbers.len(), 4, "{drawn}");
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4, "{drawn}");
    }
}
