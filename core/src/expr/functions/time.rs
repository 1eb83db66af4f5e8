//! Functions of time.

use super::{Function, example, value};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[value(
    "now",
    0..=0,
    |_, scope| Value::Number(scope.env.now_s),
    &[example("now()", "1700000000"), example("now() - 60", "1699999940")],
)];
