//! Reads the parts of a written time, from the front.

use super::{calendar::days_in_month, fraction_ns};

/// What is left of a text. A part that is not there gives none, and then where the reader stands means nothing.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    pub(super) rest: &'t [u8],
}

impl<'t> Reader<'t> {
    /// `YYYY-MM-DD`.
    pub(super) fn date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.number(4, 9999)?;
        self.one_of(b"-")?;
        let month = self.number(2, 12).filter(|&month| month > 0)?;
        self.one_of(b"-")?;
        let day = self.number(2, days_in_month(year, month)).filter(|&day| day > 0)?;
        Some((year, month, day))
    }

    /// The second of the day that `hh:mm:ss` says.
    pub(super) fn time(&mut self) -> Option<i64> {
        let hour = self.number(2, 23)?;
        self.one_of(b":")?;
        let minute = self.number(2, 59)?;
        self.one_of(b":")?;
        Some((hour * 60 + minute) * 60 + self.number(2, 60)?)
    }

    /// The nanoseconds of a fraction, zero if there is none; none for a point without digits.
    pub(super) fn fraction(&mut self) -> Option<i64> {
        if self.one_of(b".,").is_none() {
            return Some(0);
        }
        let digits = self.digits();
        (!digits.is_empty()).then(|| fraction_ns(digits))
    }

    /// What stands to the end: the seconds that the zone is ahead of UTC, `Some(None)` without a zone.
    pub(super) fn offset(&mut self) -> Option<Option<i64>> {
        let offset_seconds = match self.one_of(b"Zz+-") {
            None => None,
            Some(b'Z' | b'z') => Some(0),
            Some(sign) => {
                let hours = self.number(2, 23)?;
                let has_minutes = self.one_of(b":").is_some() || !self.rest.is_empty();
                let minutes = if has_minutes { self.number(2, 59)? } else { 0 };
                let seconds = (hours * 60 + minutes) * 60;
                Some(if sign == b'-' { -seconds } else { seconds })
            }
        };
        self.rest.is_empty().then_some(offset_seconds)
    }

    /// A number of exactly `digits` digits that is at most `largest`.
    pub(super) fn number(&mut self, digits: usize, largest: i64) -> Option<i64> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        whole(number).filter(|&number| number <= largest)
    }

    /// A number of one or two digits that is at most `largest`.
    pub(super) fn short_number(&mut self, largest: i64) -> Option<i64> {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let digits = if is_digit(self.rest.get(1)) { 2 } else { 1 };
        self.number(digits, largest)
    }

    /// All digits up to the next other byte; there may be none.
    pub(super) fn digits(&mut self) -> &'t [u8] {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits
    }

    pub(super) fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (&first, rest) = self.rest.split_first().filter(|(first, _)| bytes.contains(first))?;
        self.rest = rest;
        Some(first)
    }

    /// Goes past `text`, its letters in any case.
    pub(super) fn word(&mut self, text: &[u8]) -> Option<()> {
        let (word, rest) = self.rest.split_at_checked(text.len())?;
        self.rest = rest;
        word.eq_ignore_ascii_case(text).then_some(())
    }

    /// Whether the last part ends here and does not go on as a longer word or number.
    pub(super) fn is_at_word_end(&self) -> bool {
        self.rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric())
    }
}

/// The number that `digits` are; none if one is no digit, or beyond 64 bits.
pub(super) fn whole(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
