//! Fields whose names the data chose.
//!
//! A row stands on its `_time` and `_raw`: no data may write them. What Splunk says of an event (`host`, `source`,
//! `sourcetype`, `index`) is written only where it is absent, so that nobody speaks for another host.

use crate::{
    names::{Name, Names},
    row::{Cell, Fields, Row},
    value::Value,
};

/// Writes `fields`, no name twice, into `row`.
pub(super) fn write<'e>(row: &mut Row<'e>, fields: &[(Name<'e>, Value<'e>)]) {
    let is_allowed = |name: Name<'e>| match name {
        Name::Known(Names::TIME | Names::RAW) => false,
        Name::Known(field @ (Names::HOST | Names::SOURCE | Names::SOURCETYPE | Names::INDEX)) => {
            row.get(field).is_null()
        }
        Name::Known(_) | Name::Other(_) => true,
    };
    let fields = fields.iter().filter(|(name, value)| is_allowed(*name) && !value.is_null());
    let cells: Vec<Cell<'e>> = fields.map(|&(name, value)| Cell { name, value }).collect();
    row.set_all(&cells);
}
