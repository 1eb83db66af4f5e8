//! One page of a file of alerts, for an investigation: it needs no other file.
//!
//! Bounded whatever the alerts are: a timeline has at most [`MAX_LANES`] lanes of [`BINS`] marks, the list at most
//! [`MAX_LISTED`] alerts, and it says what is left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    alerts::{Alert, Alerts, shown},
    attack::{self, ATTACK},
    page::{
        self,
        matrix::{self, Heat},
    },
};

/// How many hosts or rules a timeline and a table show.
const MAX_LANES: usize = 25;

/// Into how many parts a timeline cuts its time.
const BINS: usize = 160;

/// How many alerts are listed.
const MAX_LISTED: usize = 2_000;

/// How many bytes of a value are shown.
const MAX_VALUE_BYTES: usize = 2_000;

/// The page of `alerts`. Rules have links if `catalog` says where their catalog stands: a path, or a web address.
#[must_use]
pub fn report(alerts: &Alerts, catalog: Option<&str>) -> String {
    let alerts = in_time(alerts);
    let links = Links { catalog: catalog.and_then(base) };
    let (rules, hosts) = (rule_groups(&alerts), host_groups(&alerts));
    let body = html! {
        p { (alerts.len()) " alerts of " (rules.len()) " rules about " (hosts.len()) " hosts" (span(&alerts)) "." }
        h2 { "Hosts in time" }
        (timeline("Alerts by host in time", &hosts, &alerts))
        h2 { "Rules in time" }
        (timeline("Alerts by rule in time", &rules, &alerts))
        h2 { "Hosts" }
        (top(&hosts, |host, _| html! { (host) }))
        h2 { "Rules" }
        (top(&rules, |_, first| links.rule(alerts[first])))
        h2 { "Techniques" }
        (matrix::matrix(&heat(&alerts), "alert", &|id| links.technique(id)))
        h2 { "Alerts" }
        (list(&alerts, &links))
    };
    whole(&body)
}

fn whole(body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Report of alerts - caltrop" }
                style { (PreEscaped(page::STYLE)) }
            }
            body { main { h1 { "Report of alerts" } (body) } }
        }
    };
    page.into_string()
}

/// The alerts, those of no time and then the earliest first; of one time in the order of the file.
fn in_time(alerts: &Alerts) -> Vec<&Alert> {
    let mut alerts: Vec<_> = alerts.alerts.iter().collect();
    let time = |alert: &Alert| alert.time.unwrap_or(f64::NEG_INFINITY);
    alerts.sort_by(|left, right| time(left).total_cmp(&time(right)));
    alerts
}

/// Where the pages of a catalog are.
struct Links {
    catalog: Option<String>,
}

impl Links {
    fn rule(&self, alert: &Alert) -> Markup {
        let title = if alert.rule.title.is_empty() { &alert.rule.id } else { &alert.rule.title };
        let place =
            self.catalog.as_ref().map(|base| base.clone() + &page::rule_file(&alert.rule.path));
        html! {
            @match place { Some(place) => a href=(place) { (title) }, None => { (title) } }
        }
    }

    fn technique(&self, id: &str) -> Option<String> {
        let base = self.catalog.as_ref().filter(|_| attack::is_id(id))?;
        Some(format!("{base}techniques/{id}.html"))
    }
}

/// What links to a catalog start with; none for an address that is neither a path nor of the web.
fn base(catalog: &str) -> Option<String> {
    let first = catalog.split(['/', '?', '#']).next().unwrap_or_default();
    let is_path = !first.contains(':');
    let is_web = ["http:", "https:"].iter().any(|scheme| first.eq_ignore_ascii_case(scheme));
    (is_path || is_web).then(|| format!("{}/", catalog.trim_end_matches('/')))
}

/// Alerts by what they have in common: the places of each group's alerts, the largest group first.
type Groups = Vec<(String, Vec<usize>)>;

fn groups(alerts: &[&Alert], key: impl Fn(&Alert) -> (String, String)) -> Groups {
    let mut groups: BTreeMap<String, (String, Vec<usize>)> = BTreeMap::new();
    for (place, alert) in alerts.iter().enumerate() {
        let (identity, name) = key(alert);
        groups.entry(identity).or_insert_with(|| (name, Vec::new())).1.push(place);
    }
    let mut groups: Groups = groups.into_values().collect();
    groups.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    groups
}

fn host_groups(alerts: &[&Alert]) -> Groups {
    groups(alerts, |alert| (alert.host(), alert.host()))
}

fn rule_groups(alerts: &[&Alert]) -> Groups {
    groups(alerts, |alert| {
        let rule = &alert.rule;
        let title = if rule.title.is_empty() { &rule.id } else { &rule.title };
        (rule.path.clone(), title.clone())
    })
}

fn heat(alerts: &[&Alert]) -> Heat {
    let mut heat = Heat::new();
    for alert in alerts {
        for id in &alert.rule.techniques {
            for tactic in ATTACK.technique(id).iter().flat_map(|known| &known.tactics) {
                *heat.entry((tactic.clone(), id.clone())).or_default() += 1;
            }
        }
    }
    heat
}

fn span(alerts: &[&Alert]) -> String {
    match extent(alerts) {
        Some((from, to)) => format!(", from {} to {}", time(from), time(to)),
        None => String::new(),
    }
}

/// The times of the first and of the last alert that have any.
fn extent(alerts: &[&Alert]) -> Option<(f64, f64)> {
    let mut times = alerts.iter().filter_map(|alert| alert.time);
    let first = times.next()?;
    Some((first, times.next_back().unwrap_or(first)))
}

/// Epoch seconds for people, in UTC; of a time that is none, the number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and jiff refuses what is out of its range"
)]
fn time(epoch_s: f64) -> String {
    let timestamp = Timestamp::from_second(epoch_s.floor() as i64);
    timestamp
        .map_or_else(|_| epoch_s.to_string(), |it| it.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A lane for each of the largest groups, a mark for each part of the time in which it has alerts.
fn timeline(name: &str, groups: &Groups, alerts: &[&Alert]) -> Markup {
    let lanes = &groups[..groups.len().min(MAX_LANES)];
    let height = lanes.len() * 24 + 30;
    let Some((from, to)) = extent(alerts) else { return html! { p { "There are none." } } };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            svg viewBox=(format!("0 0 1100 {height}")) width="1100" height=(height) role="img" aria-label=(name) {
                @for (index, (group, places)) in lanes.iter().enumerate() {
                    @let y = index * 24 + 14;
                    text x="0" y=(y + 4) { (cut(group, 36)) }
                    line x1="270" x2="1090" y1=(y) y2=(y) {}
                    @for (bin, count) in bins(places, alerts, from, to) { (mark(bin, count, y)) }
                }
                text x="270" y=(height - 6) { (time(from)) }
                text x="1090" y=(height - 6) text-anchor="end" { (time(to)) }
            }
        }
        @if groups.len() > MAX_LANES { p.quiet { (groups.len() - MAX_LANES) " more are not drawn." } }
    }
}

fn mark(bin: usize, count: usize, y: usize) -> Markup {
    let x = 270 + bin * 820 / BINS;
    let radius = [(100, 9), (10, 7), (2, 5)]
        .iter()
        .find(|(least, _)| count >= *least)
        .map_or(3, |(_, radius)| *radius);
    html! { circle cx=(x) cy=(y) r=(radius) { title { (count) " alerts" } } }
}

/// How many alerts stand in each part of the time.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a line is between 0 and the number of parts"
)]
fn bins(places: &[usize], alerts: &[&Alert], from: f64, to: f64) -> BTreeMap<usize, usize> {
    let mut bins = BTreeMap::new();
    for at in places.iter().filter_map(|&place| alerts[place].time) {
        let part = ((at - from) / (to - from).max(1e-9)).clamp(0.0, 1.0);
        *bins.entry((part * BINS as f64) as usize).or_default() += 1;
    }
    bins
}

fn top(groups: &Groups, name: impl Fn(&str, usize) -> Markup) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Name" } th.count scope="col" { "Alerts" } } }
            tbody {
                @for (group, places) in groups.iter().take(MAX_LANES) {
                    tr { td { (name(group, places[0])) } td.count { (places.len()) } }
                }
            }
        }
        @if groups.len() > MAX_LANES { p.quiet { (groups.len() - MAX_LANES) " more are left out." } }
    }
}

fn list(alerts: &[&Alert], links: &Links) -> Markup {
    html! {
        @if alerts.len() > MAX_LISTED { p { "The first " (MAX_LISTED) " of " (alerts.len()) "." } }
        div.scroll tabindex="0" role="region" aria-label="Alerts" {
            table {
                thead { tr { th scope="col" { "Time (UTC)" } th scope="col" { "Rule" } th scope="col" { "Host" } th scope="col" { "Row" } } }
                tbody {
                    @for alert in alerts.iter().take(MAX_LISTED) {
                        tr {
                            td { (alert.time.map(time).unwrap_or_default()) }
                            td { (links.rule(alert)) }
                            td { (alert.host()) }
                            td { (row(alert)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(alert: &Alert) -> Markup {
    html! {
        details {
            summary { (alert.row.len()) " fields" }
            table {
                tbody {
                    @for (name, value) in &alert.row {
                        tr { th scope="row" { (name) } td { code { (cut(&shown(value), MAX_VALUE_BYTES)) } } }
                    }
                }
            }
        }
    }
}

/// `text` up to `most` bytes, and dots where there is more.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(most)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(count: usize) -> Alerts {
        let line = |index: usize| {
            format!(
                "{{\"rule\":{{\"id\":\"r\",\"title\":\"<b>r</b>\",\"path\":\"rules/r.yml\",\"techniques\":[\"T1047\",\"<i>\"]}},\"time\":{index},\
                 \"key\":\"{index}\",\"row\":{{\"host\":\"h{}<script>\",\"p\":[\"a\",\"\\\"'&\"]}}}}\n",
                index % 40
            )
        };
        Alerts::read(&(0..count).map(line).collect::<String>()).0
    }

    #[test]
    fn texts_of_events_are_escaped_and_the_page_is_bounded() {
        let page = report(&alerts(5_000), Some("catalog"));
        assert!(!page.contains("<script") && !page.contains("<b>r") && !page.contains("<i>"));
        assert!(page.contains("h1&lt;script&gt;") && page.contains("href=\"catalog/rules/"));
        assert!(page.contains("The first 2000 of 5000.") && page.contains("15 more are not drawn"));
        assert!(page.contains("1970-01-01 01:23:19"));
    }

    #[test]
    fn a_report_of_nothing_is_a_report() {
        assert!(report(&Alerts::default(), None).contains("0 alerts of 0 rules"));
    }

    #[test]
    fn a_catalog_is_a_path_or_of_the_web() {
        for (text, expected) in [
            ("catalog", Some("catalog/")),
            ("../a/", Some("../a/")),
            ("https://a.example/c", Some("https://a.example/c/")),
            ("javascript:alert(1)", None),
            ("data:x", None),
        ] {
            assert_eq!(base(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn times_beyond_all_calendars_are_numbers() {
        assert_eq!(time(1e300), 1e300.to_string());
        assert_eq!(time(-1.0), "1969-12-31 23:59:59");
    }
}
