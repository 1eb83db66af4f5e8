//! The directives of format strings, such as `%Y` and `%3N`.

/// One piece of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'f> {
    /// A byte that stands for itself.
    Literal(u8),
    /// One part of a time.
    Part(Part),
    /// A directive that is short for this format; it holds no other of its kind.
    Format(&'f [u8]),
}

/// One part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A number.
    Number(Number, Pad),
    /// A fraction of a second: this many digits if the format says how many, else its default.
    Fraction { digits: Option<usize>, default: usize },
    /// The name of the month, at length or in three letters.
    Month(Length),
    /// The name of the day of the week, at length or in three letters.
    Weekday(Length),
    /// `AM` or `PM`.
    HalfDay,
    /// Seconds since the epoch.
    Epoch,
    /// The zone's abbreviation.
    ZoneName,
    /// How far the zone is ahead of UTC.
    Offset(Offset),
    /// The same in minutes.
    OffsetMinutes,
}

/// A part that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// `%Y`.
    Year,
    /// `%y`: the last two digits of the year.
    YearOfCentury,
    /// `%C`: the others.
    Century,
    /// `%G`: the year that the ISO week belongs to.
    IsoYear,
    /// `%g`: its last two digits.
    IsoYearOfCentury,
    /// `%m`.
    Month,
    /// `%d` and `%e`.
    Day,
    /// `%j`: from 001.
    DayOfYear,
    /// `%w`: from 0, which is Sunday.
    Weekday,
    /// `%u`: from 1, which is Monday, to 7.
    IsoWeekday,
    /// `%V`.
    IsoWeek,
    /// `%U`: the first Sunday starts week 1.
    SundayWeek,
    /// `%W`: the first Monday starts week 1.
    MondayWeek,
    /// `%H` and `%k`.
    Hour,
    /// `%I` and `%l`: from 1 to 12.
    HalfDayHour,
    /// `%M`.
    Minute,
    /// `%S`.
    Second,
}

/// How a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// At length.
    Full,
    /// In three letters.
    Short,
}

/// What a number is filled up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    /// Zeros.
    Zero,
    /// Spaces.
    Space,
    /// Nothing.
    None,
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offset {
    /// `+hhmm`.
    Plain,
    /// `+hh:mm`.
    Minutes,
    /// `+hh:mm:ss`.
    Seconds,
    /// `+hh`.
    Hours,
}

impl Number {
    /// How many digits it has.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Year | Self::IsoYear => 4,
            Self::DayOfYear => 3,
            Self::Weekday | Self::IsoWeekday => 1,
            _ => 2,
        }
    }
}

/// The pieces of `format`, in order. A `%` that starts no directive stands for itself.
pub(super) fn pieces(format: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = format;
    std::iter::from_fn(move || {
        let (&first, after) = rest.split_first()?;
        let (piece, after) = match first {
            b'%' => directive(after).unwrap_or((Piece::Literal(b'%'), after)),
            literal => (Piece::Literal(literal), after),
        };
        rest = after;
        Some(piece)
    })
}

/// The directive whose `%` stands before `text`, and what follows it.
fn directive(text: &[u8]) -> Option<(Piece<'static>, &[u8])> {
    let (pad, text) = pad(text);
    let (&letter, after) = text.split_first()?;
    let part = |part| Some((Piece::Part(part), after));
    let number = |number, usual| part(Part::Number(number, pad.unwrap_or(usual)));
    let format = |format: &'static str| Some((Piece::Format(format.as_bytes()), after));
    match letter {
        b'Y' => number(Number::Year, Pad::Zero),
        b'y' => number(Number::YearOfCentury, Pad::Zero),
        b'C' => number(Number::Century, Pad::Zero),
        b'G' => number(Number::IsoYear, Pad::Zero),
        b'g' => number(Number::IsoYearOfCentury, Pad::Zero),
        b'm' => number(Number::Month, Pad::Zero),
        b'd' => number(Number::Day, Pad::Zero),
        b'e' => number(Number::Day, Pad::Space),
        b'j' => number(Number::DayOfYear, Pad::Zero),
        b'w' => number(Number::Weekday, Pad::Zero),
        b'u' => number(Number::IsoWeekday, Pad::Zero),
        b'V' => number(Number::IsoWeek, Pad::Zero),
        b'U' => number(Number::SundayWeek, Pad::Zero),
        b'W' => number(Number::MondayWeek, Pad::Zero),
        b'H' => number(Number::Hour, Pad::Zero),
        b'k' => number(Number::Hour, Pad::Space),
        b'I' => number(Number::HalfDayHour, Pad::Zero),
        b'l' => number(Number::HalfDayHour, Pad::Space),
        b'M' => number(Number::Minute, Pad::Zero),
        b'S' => number(Number::Second, Pad::Zero),
        b'B' => part(Part::Month(Length::Full)),
        b'b' | b'h' => part(Part::Month(Length::Short)),
        b'A' => part(Part::Weekday(Length::Full)),
        b'a' => part(Part::Weekday(Length::Short)),
        b'p' => part(Part::HalfDay),
        b's' => part(Part::Epoch),
        b'Z' => part(Part::ZoneName),
        b'z' => part(Part::Offset(Offset::Plain)),
        b'T' | b'X' => format("%H:%M:%S"),
        b'F' => format("%Y-%m-%d"),
        b'D' | b'x' => format("%m/%d/%y"),
        b'R' => format("%H:%M"),
        b'r' => format("%I:%M:%S %p"),
        b'c' => format("%a %b %e %H:%M:%S %Y"),
        b'+' => format("%a %b %e %H:%M:%S %Z %Y"),
        b'n' => Some((Piece::Literal(b'\n'), after)),
        b't' => Some((Piece::Literal(b'\t'), after)),
        b'%' => Some((Piece::Literal(b'%'), after)),
        _ => fraction(text).or_else(|| long_offset(text)),
    }
}

/// The mark that changes what a number is filled up with.
fn pad(text: &[u8]) -> (Option<Pad>, &[u8]) {
    match text {
        [b'-', rest @ ..] => (Some(Pad::None), rest),
        [b'_', rest @ ..] => (Some(Pad::Space), rest),
        [b'0', rest @ ..] => (Some(Pad::Zero), rest),
        _ => (None, text),
    }
}

/// `%f`, `%N`, `%Q`, `%3N`.
fn fraction(text: &[u8]) -> Option<(Piece<'static>, &[u8])> {
    let (digits, text) = match text {
        [digit @ b'1'..=b'9', rest @ ..] => (Some(usize::from(digit - b'0')), rest),
        _ => (None, text),
    };
    let (default, after) = match text {
        [b'N', after @ ..] => (9, after),
        [b'Q', after @ ..] => (3, after),
        [b'f', after @ ..] => (6, after),
        _ => return None,
    };
    Some((Piece::Part(Part::Fraction { digits, default }), after))
}

/// `%:z`, `%::z`, `%:::z` and `%Ez`.
fn long_offset(text: &[u8]) -> Option<(Piece<'static>, &[u8])> {
    let (part, length) = match text {
        [b':', b'z', ..] => (Part::Offset(Offset::Minutes), 2),
        [b':', b':', b'z', ..] => (Part::Offset(Offset::Seconds), 3),
        [b':', b':', b':', b'z', ..] => (Part::Offset(Offset::Hours), 4),
        [b'E', b'z', ..] => (Part::OffsetMinutes, 2),
        _ => return None,
    };
    Some((Piece::Part(part), &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_directive_stands_for_itself() {
        let text = |format: &str| -> Vec<u8> {
            pieces(format.as_bytes())
                .map(|piece| match piece {
                    Piece::Literal(byte) => byte,
                    Piece::Part(_) | Piece::Format(_) => b'*',
                })
                .collect()
        };
        let cases = [
            ("%Y-%m", "*-*"),
            ("%", "%"),
            ("%%Y", "%Y"),
            ("%!", "%!"),
            ("%-d%_m", "**"),
            ("%3N%0N%3", "**%3"),
            ("%::z%:y", "*%:y"),
            ("%Ez%E", "*%E"),
            ("%c%+", "**"),
        ];
        for (format, expected) in cases {
            assert_eq!(text(format), expected.as_bytes(), "{format}");
        }
    }

    #[test]
    fn formats_in_formats_hold_no_others() {
        for letter in 0..=u8::MAX {
            if let Some((Piece::Format(format), _)) = directive(&[letter]) {
                assert!(!pieces(format).any(|piece| matches!(piece, Piece::Format(_))));
            }
        }
    }
}
