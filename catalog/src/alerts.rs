//! Alerts as `caltrop run` prints them: one JSON object a line.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::entry::Entry;

/// The alerts of a file.
#[derive(Debug, Default)]
pub struct Alerts {
    pub(crate) alerts: Vec<Alert>,
}

/// One line.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Alert {
    pub(crate) rule: Rule,
    /// Epoch seconds; none for a row of no time.
    pub(crate) time: Option<f64>,
    #[serde(default)]
    key: String,
    /// Whether a row that was told before is no longer so.
    #[serde(default)]
    retracted: bool,
    #[serde(default)]
    pub(crate) row: Map<String, Value>,
}

/// The rule of an alert.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) techniques: Vec<String>,
}

/// A line that is no alert.
#[derive(Debug)]
pub struct BadAlert {
    line: usize,
    error: serde_json::Error,
}

impl BadAlert {
    /// Its number, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for BadAlert {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {} is no alert of `caltrop run`: {}", self.line, self.error)
    }
}

impl std::error::Error for BadAlert {}

impl Alerts {
    /// Reads `text`, one alert a line; a later revision takes the place of an earlier one, and a retracted row goes.
    /// Second, the lines that are no alerts: they cost themselves alone.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<BadAlert>) {
        let (mut alerts, mut places, mut bad) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str::<Alert>(line) {
                Ok(alert) => keep(alert, &mut alerts, &mut places),
                Err(error) => bad.push(BadAlert { line: index + 1, error }),
            }
        }
        (Self { alerts: alerts.into_iter().flatten().collect() }, bad)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// Says of each of `rules` how many alerts it has: by path, else by an id that is the rule's alone.
    pub(crate) fn count(&self, rules: &mut [Entry]) {
        let mut of_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, rule) in rules.iter_mut().enumerate() {
            rule.alerts = Some(0);
            of_id.entry(rule.id.clone()).or_default().push(number);
        }
        let of_path: BTreeMap<String, usize> =
            rules.iter().enumerate().map(|(number, rule)| (rule.path.clone(), number)).collect();
        for alert in &self.alerts {
            let by_id = || match of_id.get(&alert.rule.id).map(Vec::as_slice) {
                Some([number]) => Some(*number),
                _ => None,
            };
            let found = of_path.get(&alert.rule.path).copied().or_else(by_id);
            if let Some(count) = found.and_then(|number| rules[number].alerts.as_mut()) {
                *count += 1;
            }
        }
    }
}

fn keep(
    alert: Alert,
    alerts: &mut Vec<Option<Alert>>,
    places: &mut BTreeMap<(String, String), usize>,
) {
    let identity = (alert.rule.path.clone(), alert.key.clone());
    let is_retracted = alert.retracted;
    let place = places.get(&identity).copied().filter(|_| !identity.1.is_empty());
    let place = place.unwrap_or_else(|| {
        alerts.push(None);
        alerts.len() - 1
    });
    places.insert(identity, place);
    alerts[place] = (!is_retracted).then_some(alert);
}

impl Alert {
    /// The field `name` as one text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.row.get(name).map(shown)
    }

    /// Whom it is about: the host of its row, else whatever else says it.
    pub(crate) fn host(&self) -> String {
        let names = ["host", "dest", "Computer", "src_ip", "user"];
        names.iter().find_map(|name| self.text(name)).unwrap_or_else(|| "(none)".to_owned())
    }
}

/// A value as one text; the values of a multivalue stand on lines of their own.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join("\n"),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_replace_and_retractions_remove() {
        let line = |key: &str, retracted: bool, user: &str| {
            format!(
                "{{\"rule\":{{\"id\":\"r\",\"path\":\"p\"}},\"time\":1,\"key\":\"{key}\",\"retracted\":{retracted},\"row\":{{\"user\":\"{user}\"}}}}\n"
            )
        };
        let text = line("a", false, "x")
            + &line("b", false, "y")
            + &line("a", false, "z")
            + &line("b", true, "y")
            + "{\n";
        let (alerts, bad) = Alerts::read(&text);
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts.alerts[0].host(), "z");
        assert_eq!((bad.len(), bad[0].line()), (1, 5));
    }
}
