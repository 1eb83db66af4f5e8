//! The events that a rule looks at: who writes them, their ids, their titles.
//!
//! A rule with a feed (a macro that means one kind of log) has the ids that it tests, in its search terms or in a field; one
//! whose file names sources says them in words, `Sysmon EventID 1 AND Sysmon EventID 3`. What says neither is told by the
//! kinds of data that the file names. The feeds, sources and titles are tables of `data/`.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{
    attack::rows,
    entry::{Coverage, Indicator},
    written::Written,
};

/// The fields that hold the id of an event.
const ID_FIELDS: &[&str] = &["EventCode", "EventID", "signature_id"];

/// Whoever writes the Windows event logs, the most common first.
const WINDOWS: &[&str] =
    &["Windows Security", "Windows System", "Windows Application", "Windows Defender"];

static EVENTS: LazyLock<Events> = LazyLock::new(Events::read);

struct Events {
    /// Titles by provider and id.
    titles: BTreeMap<(String, String), String>,
    /// Providers by the name of a macro.
    feeds: BTreeMap<String, String>,
    /// How a source starts, the longest first, and its provider.
    sources: Vec<(String, String)>,
}

impl Events {
    fn read() -> Self {
        let pair = |row: csv::StringRecord| (row[0].to_owned(), row[1].to_owned());
        let titles = rows(include_str!("../data/events.csv"))
            .map(|row| ((row[0].to_owned(), row[1].to_owned()), row[2].to_owned()));
        let mut sources: Vec<_> = rows(include_str!("../data/sources.csv")).map(pair).collect();
        sources.sort_by_key(|(start, _)| std::cmp::Reverse(start.len()));
        Self {
            titles: titles.collect(),
            feeds: rows(include_str!("../data/feeds.csv")).map(pair).collect(),
            sources,
        }
    }

    fn event(&self, provider: &str, id: &str) -> Coverage {
        let provider = self.provider(provider, id);
        let title = self.titles.get(&(provider.clone(), id.to_owned())).cloned();
        Coverage { provider, event: Some(format!("Event ID {id}")), title }
    }

    /// `Windows` alone is any of its logs: the id says which.
    fn provider(&self, provider: &str, id: &str) -> String {
        if provider != "Windows" {
            return provider.to_owned();
        }
        let knows = |log: &&&str| self.titles.contains_key(&((**log).to_owned(), id.to_owned()));
        WINDOWS.iter().find(knows).unwrap_or(&WINDOWS[0]).to_string()
    }

    /// The events of `Sysmon EventID 1`, `NTLM Operational 8004,8005`, `O365 Add member.`, `Suricata`.
    fn source(&self, source: &str) -> Vec<Coverage> {
        let found = self.sources.iter().find(|(start, _)| {
            let rest = source.strip_prefix(start.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        let (provider, rest) = match found {
            Some((start, provider)) => (provider.clone(), source[start.len()..].trim()),
            None => (source.to_owned(), ""),
        };
        match split_ids(if found.is_some() { rest } else { source }) {
            Some((log, ids)) => {
                let provider =
                    if found.is_some() { joined(&provider, log) } else { log.to_owned() };
                ids.split(',').map(|id| self.event(&provider, id.trim())).collect()
            }
            None => {
                let event = Some(rest.to_owned()).filter(|rest| !rest.is_empty());
                vec![Coverage { provider, event, title: None }]
            }
        }
    }
}

/// `Security 4688` to the log and the ids; the ids may be several between commas.
fn split_ids(text: &str) -> Option<(&str, &str)> {
    let (log, ids) = text.rsplit_once(' ').unwrap_or(("", text));
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    ids.split(',').all(is_id).then_some((log.trim(), ids))
}

fn joined(provider: &str, log: &str) -> String {
    if log.is_empty() { provider.to_owned() } else { format!("{provider} {log}") }
}

/// What the words of a rule file for its data mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// Kinds of data, such as `Windows event logs`.
    Categories,
    /// Sources with their events, such as `Sysmon EventID 1 AND Sysmon EventID 3`.
    Sources,
}

/// The events that a rule looks at, for whose data its file has the words `names`.
pub(crate) fn coverage(written: &Written, names: &[String], data: Data) -> Vec<Coverage> {
    let sources = names.iter().flat_map(|name| name.split(" AND ")).map(str::trim);
    let mut covered = match data {
        Data::Sources => sources.flat_map(|source| EVENTS.source(source)).collect(),
        Data::Categories => Vec::new(),
    };
    if covered.is_empty() {
        covered = of_feed(written);
    }
    if covered.is_empty() {
        covered = names.iter().map(|name| whole(name)).collect();
    }
    let mut seen = std::collections::BTreeSet::new();
    covered.retain(|event| seen.insert(event.clone()));
    covered
}

/// The ids that the rule tests, of the log that its last feed means.
fn of_feed(written: &Written) -> Vec<Coverage> {
    let mut feeds = written.macros.iter().filter_map(|call| EVENTS.feeds.get(&call.name));
    let Some(provider) = feeds.next_back() else { return Vec::new() };
    ids(written).iter().map(|id| EVENTS.event(provider, id)).collect()
}

fn whole(category: &str) -> Coverage {
    Coverage { provider: category.to_owned(), event: None, title: None }
}

/// The ids of events that a rule tests, in the order in which they are written: of terms first.
fn ids(written: &Written) -> Vec<String> {
    let terms = written.parsed_terms.iter().filter(|term| !term.negated);
    let mut found: Vec<(usize, String)> =
        terms.filter_map(|term| Some((term.stage, id_of_term(&term.text)?))).collect();
    found.extend(written.indicators.iter().flat_map(ids_of_test));
    let mut ids: Vec<String> = Vec::new();
    for (_, id) in found {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The id of `EventCode=1`, `<EventID>1<` and `EventID>1<`.
fn id_of_term(text: &str) -> Option<String> {
    let digits = text.strip_prefix("EventCode=").or_else(|| {
        let (_, rest) = text.split_once("EventID>")?;
        rest.strip_suffix('<').or(Some(rest))
    })?;
    is_number(digits).then(|| digits.to_owned())
}

fn ids_of_test(indicator: &Indicator) -> Vec<(usize, String)> {
    let is_id = ID_FIELDS.contains(&indicator.test.field.as_str())
        && matches!(indicator.test.kind, "eq" | "in");
    let values = indicator.values.iter().filter(|value| is_id && is_number(&value.value));
    values.map(|value| (indicator.stage, value.value.clone())).collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(spl: &str, categories: &[&str], data: Data) -> Vec<String> {
        let categories: Vec<_> = categories.iter().map(|&category| category.to_owned()).collect();
        let told = |event: Coverage| {
            format!(
                "{}|{}|{}",
                event.provider,
                event.event.unwrap_or_default(),
                event.title.unwrap_or_default()
            )
        };
        coverage(&crate::written::read(spl), &categories, data).into_iter().map(told).collect()
    }

    #[test]
    fn a_feed_and_ids_are_events() {
        assert_eq!(
            told(
                "`get_endpoint_data_sysmon` (\"EventCode=1\" OR \"<EventID>1<\" OR EventCode=3)",
                &["Logs"],
                Data::Categories
            ),
            ["Sysmon|Event ID 1|Process creation", "Sysmon|Event ID 3|Network connection"]
        );
        assert_eq!(
            told(
                "`get_endpoint_data` `get_endpoint_data_winevent` TERM(EventCode=7045)",
                &["Logs"],
                Data::Categories
            ),
            ["Windows System|Event ID 7045|A service was installed in the system"]
        );
    }

    #[test]
    fn without_ids_the_kinds_of_data_are_told() {
        assert_eq!(
            told("`get_endpoint_data_edr` x", &["EDR Logs", "Other"], Data::Categories),
            ["EDR Logs||", "Other||"]
        );
        assert_eq!(
            told("`get_endpoint_data_sysmon` NOT \"EventCode=1\"", &["Logs"], Data::Categories),
            ["Logs||"]
        );
    }

    #[test]
    fn sources_in_words() {
        let title = "A new process has been created";
        for (source, expected) in [
            (
                "Sysmon EventID 1 AND Sysmon EventID 3",
                vec!["Sysmon|Event ID 1|Process creation", "Sysmon|Event ID 3|Network connection"],
            ),
            ("Sysmon for Linux EventID 1", vec!["Sysmon for Linux|Event ID 1|Process creation"]),
            (
                "Powershell Script Block Logging 4104",
                vec!["PowerShell|Event ID 4104|PowerShell script block logging"],
            ),
            (
                "Windows Event Log Security 4688",
                vec![&*format!("Windows Security|Event ID 4688|{title}")],
            ),
            ("O365 Add owner to application.", vec!["O365|Add owner to application.|"]),
            ("AWS CloudTrail", vec!["AWS CloudTrail||"]),
            ("Suricata", vec!["Suricata||"]),
            (
                "NTLM Operational 1,2",
                vec!["NTLM Operational|Event ID 1|", "NTLM Operational|Event ID 2|"],
            ),
        ] {
            assert_eq!(
                told("| tstats count where a=1", &[source], Data::Sources),
                expected,
                "{source}"
            );
        }
    }
}
