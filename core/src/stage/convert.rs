//! `convert`: values in other units and forms.
//!
//! Class: row-local. Conversions follow one another in the order written. Decisions where Splunk's manual is silent, and where
//! caltrop differs:
//!
//! - What cannot be converted stays as it is, but that `num` removes it; with `AS` the new field is then not written.
//! - Of a multivalue each value is converted.
//! - `auto` takes the first form that fits: a number, one with commas, a duration. Unlike Splunk, which leaves a column alone
//!   if one row does not fit, it looks at each value.
//! - A pattern selects no internal field (`_time`, `_raw` and whatever else starts with `_`) unless it starts with `_` itself,
//!   and none that `none` names.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Column, FieldPattern, Verdict};
use crate::{
    event::time,
    expr::{
        glob::Glob,
        number,
        times::{self, Read},
    },
    ids::FieldId,
    names::{Name, Names},
    row::{Cell, Env, Fields, Row},
    value::Value,
};

/// `convert`.
#[derive(Clone, Debug)]
pub struct Convert {
    /// How times are written, in the words of `strftime`.
    pub time_format: Box<[u8]>,
    /// In the order written.
    pub conversions: Box<[Conversion]>,
    /// What no pattern selects.
    pub spared: Box<[Column]>,
}

/// `function(field) AS field`.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// What is done.
    pub function: Function,
    /// To which fields, and where the results go.
    pub fields: Selection,
}

/// The fields of a conversion.
#[derive(Clone, Debug)]
pub enum Selection {
    /// One, and the one that gets the result.
    Field(FieldId, FieldId),
    /// All that match, each in place or under a new name.
    Pattern(FieldPattern, Option<Glob>),
}

/// The functions of `convert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// To a number, by whatever form fits.
    Auto,
    /// Epoch seconds to a text.
    Ctime,
    /// `1+02:03:04` to seconds.
    Dur2Sec,
    /// A size such as `2m` or `3.5G` to kilobytes.
    Memk,
    /// A text to epoch seconds.
    Mktime,
    /// `[M:]S.s` to seconds.
    Mstime,
    /// As `Auto`; what does not fit goes.
    Num,
    /// Without commas.
    RmComma,
    /// The number that stands first.
    RmUnit,
}

impl Function {
    /// Its name, and `none`, which is not one of them.
    pub(crate) const NAMES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("ctime", Self::Ctime),
        ("dur2sec", Self::Dur2Sec),
        ("memk", Self::Memk),
        ("mktime", Self::Mktime),
        ("mstime", Self::Mstime),
        ("num", Self::Num),
        ("rmcomma", Self::RmComma),
        ("rmunit", Self::RmUnit),
    ];
}

impl Convert {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        self.conversions.iter().any(|conversion| match &conversion.fields {
            Selection::Field(_, target) => *target == field,
            Selection::Pattern(..) => true,
        })
    }

    /// Converts fields of a row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        for Conversion { function, fields } in &self.conversions {
            match fields {
                Selection::Field(from, to) => {
                    let value = self.converted(*function, row.get(*from), from == to, env);
                    if from == to || !value.is_null() {
                        row.set(Name::Known(*to), value);
                    }
                }
                Selection::Pattern(from, to) => {
                    self.convert_all(*function, from, to.as_ref(), row, env);
                }
            }
        }
        Verdict::Keep
    }

    fn convert_all<'e>(
        &self,
        function: Function,
        from: &FieldPattern,
        to: Option<&Glob>,
        row: &mut Row<'e>,
        env: Env<'e>,
    ) {
        let mut cells = Vec::new();
        row.visit(|name, value| {
            let Some(captures) = from.captures(env.names.bytes(name)) else { return };
            if !self.is_spared(name, env.names) {
                let value = self.converted(function, value, to.is_none(), env);
                let to = to.map(|to| env.names.name(to.substitute(&captures, env.bump)));
                cells.push(Cell { name: to.unwrap_or(name), value });
            }
        });
        for cell in cells.iter().filter(|cell| cell.value.is_null() && to.is_none()) {
            row.set(cell.name, Value::Null);
        }
        cells.retain(|cell| !cell.value.is_null());
        row.set_all(&cells);
    }

    fn is_spared(&self, name: Name<'_>, names: &Names) -> bool {
        self.spared.iter().any(|column| column.selects(name, names))
    }

    /// What becomes of a value; what does not fit stays if `keeps` says so.
    fn converted<'e>(
        &self,
        function: Function,
        value: Value<'e>,
        keeps: bool,
        env: Env<'e>,
    ) -> Value<'e> {
        let keeps = keeps && function != Function::Num;
        let convert = |value: Value<'e>| match self.convert(function, value, env) {
            Value::Null if keeps => value,
            converted => converted,
        };
        match value {
            Value::List(texts) => {
                let texts =
                    texts.iter().filter_map(|text| convert(Value::Text(text)).text(env.bump));
                Value::from_list(BumpVec::from_iter_in(texts, env.bump).into_bump_slice())
            }
            Value::Null => Value::Null,
            value => convert(value),
        }
    }

    /// Null where the value does not fit.
    fn convert<'e>(&self, function: Function, value: Value<'e>, env: Env<'e>) -> Value<'e> {
        let Some(text) = value.text(env.bump) else { return Value::Null };
        let number = match function {
            Function::Ctime => {
                let written = time::of_value(value, env.bump).and_then(|time_ns| {
                    times::write(time_ns, &self.time_format, env.zone, env.bump)
                });
                return written.map_or(Value::Null, Value::Text);
            }
            Function::RmComma => return without_commas(text, env.bump),
            Function::Mktime => {
                let absent = Read { zone: env.zone, now_s: env.now_s };
                times::read(text, &self.time_format, absent).map(time::seconds)
            }
            Function::Auto | Function::Num => any_number(text, env.bump),
            Function::Dur2Sec => duration(text),
            Function::Mstime => minutes_and_seconds(text),
            Function::Memk => kilobytes(text),
            Function::RmUnit => number::parse(&text[..number_length(text)]),
        };
        number.map_or(Value::Null, Value::Number)
    }
}

fn without_commas<'e>(text: &'e [u8], bump: &'e Bump) -> Value<'e> {
    let kept = text.iter().copied().filter(|&byte| byte != b',');
    Value::Text(BumpVec::from_iter_in(kept, bump).into_bump_slice())
}

fn any_number(text: &[u8], bump: &Bump) -> Option<f64> {
    let plain = number::parse(text).or_else(|| without_commas(text, bump).number());
    plain.or_else(|| duration(text))
}

/// `[days+]hours:minutes:seconds`.
fn duration(text: &[u8]) -> Option<f64> {
    let (days, time) = match text.split(|&byte| byte == b'+').collect::<Vec<_>>()[..] {
        [time] => (0.0, time),
        [days, time] => (whole(days)?, time),
        _ => return None,
    };
    match time.split(|&byte| byte == b':').collect::<Vec<_>>()[..] {
        [hours, minutes, seconds] => Some(
            ((days * 24.0 + whole(hours)?) * 60.0 + whole(minutes)?) * 60.0 + unsigned(seconds)?,
        ),
        _ => None,
    }
}

/// `[minutes:]seconds`.
fn minutes_and_seconds(text: &[u8]) -> Option<f64> {
    match text.split(|&byte| byte == b':').collect::<Vec<_>>()[..] {
        [seconds] => unsigned(seconds),
        [minutes, seconds] => Some(whole(minutes)? * 60.0 + unsigned(seconds)?),
        _ => None,
    }
}

fn kilobytes(text: &[u8]) -> Option<f64> {
    let (number, factor) = match text.split_last()? {
        (b'k' | b'K', number) => (number, 1.0),
        (b'm' | b'M', number) => (number, 1024.0),
        (b'g' | b'G', number) => (number, 1024.0 * 1024.0),
        _ => (text, 1.0),
    };
    Some(unsigned(number)? * factor)
}

fn whole(text: &[u8]) -> Option<f64> {
    text.iter().all(u8::is_ascii_digit).then(|| number::parse(text))?
}

fn unsigned(text: &[u8]) -> Option<f64> {
    text.first()?.is_ascii_digit().then(|| number::parse(text))?
}

/// How many bytes of `text` are a number.
fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = sign + digits(sign);
    match text.get(whole) {
        Some(b'.') => whole + 1 + digits(whole + 1),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn values_are_converted() {
        for (call, value, expected) in [
            ("ctime", "1700000000", "11/14/2023 22:13:20"),
            ("ctime", "1700000000.5", "11/14/2023 22:13:20"),
            ("ctime", "soon", "soon"),
            ("mktime", "11/14/2023␣22:13:20", "1700000000"),
            ("mktime", "yesterday", "yesterday"),
            ("dur2sec", "01:02:03", "3723"),
            ("dur2sec", "2+00:00:01", "172801"),
            ("dur2sec", "1:2", "1:2"),
            ("mstime", "02:03.5", "123.5"),
            ("mstime", "3.25", "3.25"),
            ("memk", "2m", "2048"),
            ("memk", "1.5G", "1572864"),
            ("memk", "7", "7"),
            ("memk", "7t", "7t"),
            ("rmcomma", "1,234,567.8", "1234567.8"),
            ("rmunit", "12.5kb", "12.5"),
            ("rmunit", "-3␣C", "-3"),
            ("rmunit", "kb", "kb"),
            ("auto", "1,234", "1234"),
            ("auto", "00:01:00", "60"),
            ("auto", "abc", "abc"),
            ("num", "5.0", "5"),
        ] {
            let found = run(&format!("convert {call}(f)"), &format!("f={value}"));
            assert_eq!(found, format!("f={expected}"), "{call}({value})");
        }
    }

    #[test]
    fn fields_are_selected_and_results_named() {
        for (command, row, expected) in [
            ("convert timeformat=\"%Y\" ctime(f)", "f=1700000000|0", "f=2023|1970"),
            ("convert ctime(f) AS g timeformat=%F", "f=0", "f=0 g=1970-01-01"),
            ("convert ctime(f) as g", "f=x g=old", "f=x g=old"),
            ("convert num(f)", "f=x g=1", "g=1"),
            ("convert num(f)", "f=x|2", "f=2"),
            ("convert num(*) none(b)", "a=1.0 b=2.0 c=x _d=x", "a=1 b=2.0 _d=x"),
            ("convert auto(a*) AS n_*", "a1=1,0 b=1,0", "a1=1,0 b=1,0 n_1=10"),
            ("convert rmunit(f), memk(f) AS g", "f=2m", "f=2 g=2"),
            ("convert ctime(absent)", "f=1", "f=1"),
            ("convert ctime(\"a b\")", "f=1", "f=1"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }
}
