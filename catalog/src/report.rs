use crate::alerts::Alerts;
/// One page.
#[must_use]
pub fn report(_alerts: &Alerts, _catalog: Option<&str>) -> String { String::new() }
