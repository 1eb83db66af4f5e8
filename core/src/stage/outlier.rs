//! `outlier`: numbers that lie far from the others are cut to the bound, or their rows go.
//!
//! Class: whole window. Far is more than `param` times the distance of the quartiles above the upper one or, with `uselower=t`, below the
//! lower one. Decisions where Splunk's manual is silent: quartiles lie on the line between the two nearest numbers, as those of `perc25`; a
//! multivalue and what is no number neither counts nor changes; a number that is cut is printed as `eval` prints it.

use crate::{
    ids::FieldId,
    names::Name,
    row::{Env, Row},
    value::Value,
};

/// `outlier action=rm param=2.5 fields`.
#[derive(Clone, Debug)]
pub struct Outlier {
    /// The fields; none are all that are not internal.
    pub fields: Box<[FieldId]>,
    /// What becomes of a number that lies too far off.
    pub action: Action,
    /// How far that is, in distances of the quartiles.
    pub reach: f64,
    /// Whether numbers below count, too.
    pub looks_below: bool,
}

/// What becomes of a number that lies too far off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It becomes the bound.
    Cut,
    /// It becomes the bound, with `000` before it.
    Mark,
    /// Its row goes.
    Remove,
}

/// The numbers of one field that do not lie too far off.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: f64,
    most: f64,
}

impl Outlier {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        let is_among = self.fields.is_empty() || self.fields.contains(&field);
        self.action != Action::Remove && is_among
    }

    /// The rows, in their order, without what lies too far off.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        for name in self.names(&rows, env) {
            let Some(bounds) = self.bounds(name, &rows) else { continue };
            match self.action {
                Action::Remove => rows.retain(|row| bounds.hold(row, name).is_none()),
                Action::Cut | Action::Mark => {
                    for row in &mut rows {
                        if let Some(bound) = bounds.hold(row, name) {
                            row.set(name, self.shown(bound, env));
                        }
                    }
                }
            }
        }
        rows
    }

    fn names<'e>(&self, rows: &[Row<'e>], env: Env<'e>) -> Vec<Name<'e>> {
        if !self.fields.is_empty() {
            return self.fields.iter().map(|&field| Name::Known(field)).collect();
        }
        let mut names = Vec::new();
        rows.iter().for_each(|row| row.visit(|name, _| names.push(name)));
        names.retain(|name| !env.names.bytes(*name).starts_with(b"_"));
        names.sort_by_key(|name| env.names.bytes(*name));
        names.dedup();
        names
    }

    fn bounds(&self, name: Name<'_>, rows: &[Row<'_>]) -> Option<Bounds> {
        let mut numbers: Vec<f64> = rows.iter().filter_map(|row| number(row, name)).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let (lower, upper) = (quantile(&numbers, 0.25)?, quantile(&numbers, 0.75)?);
        let reach = self.reach * (upper - lower);
        let least = if self.looks_below { lower - reach } else { f64::NEG_INFINITY };
        Some(Bounds { least, most: upper + reach })
    }

    fn shown<'e>(&self, bound: f64, env: Env<'e>) -> Value<'e> {
        match (self.action, Value::Number(bound).text(env.bump)) {
            (Action::Mark, Some(text)) => {
                Value::Text(env.bump.alloc_slice_copy(&[b"000", text].concat()))
            }
            _ => Value::Number(bound),
        }
    }
}

impl Bounds {
    /// The bound that the row's number lies beyond.
    fn hold(self, row: &Row<'_>, name: Name<'_>) -> Option<f64> {
        let number = number(row, name)?;
        let held = number.clamp(self.least, self.most);
        (held != number).then_some(held)
    }
}

fn number(row: &Row<'_>, name: Name<'_>) -> Option<f64> {
    match row.get_name(name) {
        Value::List(_) => None,
        one => one.number().filter(|number| number.is_finite()),
    }
}

/// The number at that part of the way through `sorted`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among rows, which are far fewer than 2^52"
)]
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = sorted.len().checked_sub(1)? as f64 * part;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::run_all;

    const ROWS: &[&str] = &["n=1 u=a", "n=2 u=b", "n=3 u=c", "n=4 u=d", "n=90 u=e", "n=x u=f"];

    #[test]
    fn what_lies_too_far_off_is_cut_or_goes() {
        // The quartiles are 2 and 4, so the bounds of the usual reach are -3 and 9.
        for (command, expected) in [
            ("outlier n", "1 2 3 4 9 x"),
            ("outlier", "1 2 3 4 9 x"),
            ("outlier action=tf mark=t n", "1 2 3 4 0009 x"),
            ("outlier action=RM n", "1 2 3 4 x"),
            ("outlier action=remove param=1000 n", "1 2 3 4 90 x"),
            ("outlier param=0 n", "1 2 3 4 4 x"),
            ("outlier param=0 uselower=t type=iqr n", "2 2 3 4 4 x"),
            ("outlier absent", "1 2 3 4 90 x"),
        ] {
            let shown = run_all(&format!("{command} | table n"), ROWS);
            assert_eq!(shown.replace("n=", "").replace(" /", ""), expected, "{command}");
        }
    }

    #[test]
    fn few_numbers_have_quartiles_too() {
        assert_eq!(quantile(&[], 0.25), None);
        assert_eq!(quantile(&[7.0], 0.25), Some(7.0));
        assert_eq!(quantile(&[1.0, 3.0], 0.25), Some(1.5));
        assert_eq!(run_all("outlier n", &["n=1|99", "n=2"]), "n=1|99 / n=2");
    }
}
