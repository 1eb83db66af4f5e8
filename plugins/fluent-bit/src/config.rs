//! The section of the filter in the configuration of the shipper.
//!
//! Fluent Bit hands out the value of a key that is asked for, and does not tell which keys there are. So that a slip does not
//! pass in silence, [`Config::read`] asks for every key that is one letter away from one of its own as well, and for some
//! that belong elsewhere.

use std::{path::PathBuf, time::Duration};

use caltrop_core::{
    config::{Input, Mode as Stream, Options, SECOND_NS, Window},
    ruleset::BuildOptions,
};
use caltrop_host::units;

/// Every key of the filter, beside those that Fluent Bit reads itself: name, match, match_regex, alias, log_level.
pub const KEYS: [&str; 29] = [
    "rules",
    "knowledge",
    "geoip",
    "strict",
    "strict_raw",
    "reload",
    "mode",
    "emit",
    "raw_key",
    "time_key",
    "host",
    "source",
    "sourcetype",
    "index",
    "format",
    "tz",
    "window",
    "lateness",
    "idle",
    "retain",
    "max_future",
    "max_lag",
    "max_state",
    "max_rule_state",
    "max_event_bytes",
    "state",
    "checkpoint",
    "metrics",
    "metrics_records",
];

/// Keys of other programs, and of the command line, that mean nothing here.
const FOREIGN: [&str; 14] = [
    "rule",
    "rules_path",
    "rules_file",
    "rule_path",
    "threads",
    "output",
    "stats",
    "no_prefilter",
    "prefilter",
    "allow_write",
    "follow",
    "stream",
    "tag",
    "max_hosts",
];

/// What the operator wants.
#[derive(Clone, Debug)]
pub struct Config {
    /// Rule files, folders and patterns.
    pub rules: Vec<PathBuf>,
    /// App folders laid over the built-in knowledge.
    pub knowledge: Vec<PathBuf>,
    /// The database that says where addresses are.
    pub geoip: Option<PathBuf>,
    /// Whether a refused rule fails the start, and keeps a changed set out.
    pub strict: bool,
    /// How rules are compiled.
    pub build: BuildOptions,
    /// How the engine works.
    pub engine: Options,
    /// How often the rule files are looked at.
    pub reload: Option<Duration>,
    /// What becomes of records.
    pub mode: Mode,
    /// Where detections go.
    pub emit: Emit,
    /// The keys that may hold the raw text of a record; the first that is there does.
    pub raw_keys: Vec<Box<[u8]>>,
    /// The key that holds the time of a record.
    pub time_key: Option<Path>,
    /// Splunk's host of events that name none.
    pub host: Option<Given>,
    /// Splunk's source.
    pub source: Option<Given>,
    /// Splunk's sourcetype.
    pub sourcetype: Option<Given>,
    /// Splunk's index.
    pub index: Option<Given>,
    /// Where the state is kept.
    pub state: Option<PathBuf>,
    /// How often it is saved, in seconds.
    pub checkpoint_s: f64,
    /// How often counters are told, in seconds.
    pub metrics_s: Option<f64>,
    /// Whether counters are told as records too.
    pub metrics_records: bool,
}

/// The keys that lead to a value.
pub type Path = Box<[Box<[u8]>]>;

/// What becomes of the records of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those that pass the per-event stages of a rule say so.
    Annotate,
    /// Only those go on.
    Keep,
    /// Those go no further.
    Drop,
    /// Nothing.
    Observe,
}

/// Where detections go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// To the companion input where there is one, else into the stream.
    Found,
    /// To the companion input.
    Input,
    /// Into the stream, behind the records that caused them.
    Instream,
    /// Nowhere: they are counted.
    None,
}

/// What is the same for every record, or said by each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// This text.
    Literal(Box<[u8]>),
    /// The text that a record has there.
    Key(Path),
}

impl Config {
    /// Reads the section in which `value_of` looks up a key.
    ///
    /// # Errors
    /// A sentence for each key and value that is wrong.
    pub fn read(value_of: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut section = Section { value_of, errors: unknown_keys(value_of) };
        let config = section.config();
        match section.errors.is_empty() {
            true => Ok(config),
            false => Err(section.errors),
        }
    }
}

struct Section<'a> {
    value_of: &'a dyn Fn(&str) -> Option<String>,
    errors: Vec<String>,
}

impl Section<'_> {
    fn config(&mut self) -> Config {
        let rules = self.paths("rules");
        if rules.is_empty() {
            self.errors.push("`rules` is missing: name rule files, folders or patterns".to_owned());
        }
        Config {
            rules,
            knowledge: self.paths("knowledge"),
            geoip: self.text("geoip").map(PathBuf::from),
            strict: self.value("strict", flag).unwrap_or(true),
            build: BuildOptions { strict_raw: self.value("strict_raw", flag).unwrap_or(false) },
            engine: self.engine(),
            reload: self.value("reload", interval).flatten(),
            mode: self.value("mode", mode).unwrap_or(Mode::Annotate),
            emit: self.value("emit", emit).unwrap_or(Emit::Found),
            raw_keys: self.raw_keys(),
            time_key: self.text("time_key").map(|key| path(key.strip_prefix('$').unwrap_or(&key))),
            host: self.value("host", given),
            source: self.value("source", given),
            sourcetype: self.value("sourcetype", given),
            index: self.value("index", given),
            state: self.text("state").map(PathBuf::from),
            checkpoint_s: self
                .value("checkpoint", interval)
                .flatten()
                .map_or(10.0, |time| time.as_secs_f64()),
            metrics_s: self.value("metrics", interval).flatten().map(|time| time.as_secs_f64()),
            metrics_records: self.value("metrics_records", flag).unwrap_or(false),
        }
    }

    fn engine(&mut self) -> Options {
        let default = Options::default();
        let duration_ns = units::duration_ns;
        Options {
            mode: Stream::Stream,
            window: self.value("window", units::window).unwrap_or(Window::Rule),
            lateness_ns: self.value("lateness", duration_ns).unwrap_or(default.lateness_ns),
            idle_ns: self.value("idle", duration_ns).unwrap_or(default.idle_ns),
            max_future_ns: self.value("max_future", duration_ns).unwrap_or(default.max_future_ns),
            max_lag_ns: self.value("max_lag", duration_ns).unwrap_or(default.max_lag_ns),
            retain_ns: self.value("retain", duration_ns),
            max_event_bytes: self
                .value("max_event_bytes", units::bytes)
                .unwrap_or(default.max_event_bytes),
            max_state_bytes: self
                .value("max_state", units::bytes)
                .unwrap_or(default.max_state_bytes),
            max_rule_state_bytes: self.value("max_rule_state", units::bytes),
            input: self.value("format", format).unwrap_or(default.input),
            zone: self.value("tz", units::zone).unwrap_or(default.zone.clone()),
            ..default
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        (self.value_of)(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn value<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.push(format!("`{key}`: {error}"));
                None
            }
        }
    }

    fn paths(&self, key: &str) -> Vec<PathBuf> {
        list(&self.text(key).unwrap_or_default()).map(PathBuf::from).collect()
    }

    fn raw_keys(&self) -> Vec<Box<[u8]>> {
        let keys = self.text("raw_key").unwrap_or_else(|| "log, message".to_owned());
        list(&keys).map(|key| key.as_bytes().into()).collect()
    }
}

/// The parts of a list with commas.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Keys joined by dots.
fn path(text: &str) -> Path {
    text.split('.').map(|key| key.as_bytes().into()).collect()
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(format!("`{text}` is neither on nor off")),
    }
}

/// A duration, a number of seconds, or nothing for `off` and 0.
fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let seconds = text.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(SECOND_NS));
    let length_ns = seconds.map_or_else(|| units::duration_ns(text), Ok)?;
    let length_ns = u64::try_from(length_ns).map_err(|_| format!("`{text}` is negative"))?;
    Ok((length_ns > 0).then(|| Duration::from_nanos(length_ns)))
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "annotate" => Ok(Mode::Annotate),
        "keep" => Ok(Mode::Keep),
        "drop" => Ok(Mode::Drop),
        "observe" => Ok(Mode::Observe),
        _ => Err(format!("`{text}` is none of annotate, keep, drop, observe")),
    }
}

fn emit(text: &str) -> Result<Emit, String> {
    match text {
        "input" => Ok(Emit::Input),
        "instream" => Ok(Emit::Instream),
        "none" => Ok(Emit::None),
        _ => Err(format!("`{text}` is none of input, instream, none")),
    }
}

fn format(text: &str) -> Result<Input, String> {
    match text {
        "auto" => Ok(Input::Auto),
        "xml" => Ok(Input::Xml),
        "text" => Ok(Input::Text),
        "json" => Ok(Input::Json),
        "kv" => Ok(Input::Kv),
        "syslog" => Ok(Input::Syslog),
        "rows" => Ok(Input::Rows),
        _ => Err(format!("`{text}` is none of auto, xml, text, json, kv, syslog, rows")),
    }
}

fn given(text: &str) -> Result<Given, String> {
    match text.strip_prefix('$') {
        Some("") => Err("a key must stand behind `$`".to_owned()),
        Some(key) => Ok(Given::Key(path(key))),
        None => Ok(Given::Literal(text.as_bytes().into())),
    }
}

/// A sentence for each key that is set and is not one of ours, as far as it can be guessed.
fn unknown_keys(value_of: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let slips =
        KEYS.iter().flat_map(|key| slips(key).into_iter().map(move |slip| (slip, Some(*key))));
    let foreign = FOREIGN.iter().map(|key| ((*key).to_owned(), None));
    let mut unknown: Vec<(String, Option<&str>)> = foreign
        .chain(slips)
        .filter(|(slip, _)| !KEYS.contains(&slip.as_str()) && value_of(slip).is_some())
        .collect();
    unknown.sort();
    unknown.dedup_by(|later, earlier| later.0 == earlier.0);
    let sentence = |(slip, meant): (String, Option<&str>)| match meant {
        Some(key) => format!("there is no key `{slip}`: did you mean `{key}`?"),
        None => format!("there is no key `{slip}`"),
    };
    unknown.into_iter().map(sentence).collect()
}

/// What comes of a word by one letter too few, too many, wrong or swapped.
fn slips(word: &str) -> Vec<String> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz_-.";
    let mut slips = Vec::new();
    for at in 0..=word.len() {
        let (before, behind) = word.split_at(at);
        slips.extend(LETTERS.chars().map(|letter| format!("{before}{letter}{behind}")));
        let Some(rest) = behind.get(1..) else { continue };
        slips.push(format!("{before}{rest}"));
        slips.extend(LETTERS.chars().map(|letter| format!("{before}{letter}{rest}")));
        if let Some(rest) = behind.get(2..) {
            slips.push(format!("{before}{}{}{rest}", &behind[1..2], &behind[..1]));
        }
    }
    slips.extend([word.replace('_', "-"), word.replace('_', "")]);
    slips.retain(|slip| slip != word);
    slips
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(section: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::read(&|key| {
            let found = section.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_section_with_rules_alone_has_the_defaults() {
        let config = read(&[("rules", "/a/*.spl, /b")]).unwrap();
        assert_eq!(config.rules, [PathBuf::from("/a/*.spl"), PathBuf::from("/b")]);
        assert_eq!((config.mode, config.emit, config.strict), (Mode::Annotate, Emit::Found, true));
        assert_eq!(config.raw_keys, [b"log"[..].into(), b"message"[..].into()]);
        assert_eq!((config.engine.mode, config.engine.window), (Stream::Stream, Window::Rule));
        assert_eq!((config.reload, config.metrics_s, config.checkpoint_s), (None, None, 10.0));
        let default = Options::default();
        assert_eq!(config.engine.lateness_ns, default.lateness_ns);
        assert_eq!(config.engine.max_state_bytes, default.max_state_bytes);
    }

    #[test]
    fn every_key_is_read() {
        let config = read(&[
            ("rules", "r"),
            ("knowledge", "k1,k2"),
            ("geoip", "g.mmdb"),
            ("strict", "off"),
            ("strict_raw", "on"),
            ("reload", "30"),
            ("mode", "keep"),
            ("emit", "none"),
            ("raw_key", "System"),
            ("time_key", "$a.b"),
            ("host", "$agent.name"),
            ("source", "s"),
            ("sourcetype", "t"),
            ("index", "i"),
            ("format", "json"),
            ("tz", "Europe/Berlin"),
            ("window", "5s"),
            ("lateness", "1s"),
            ("idle", "2s"),
            ("retain", "3s"),
            ("max_future", "4s"),
            ("max_lag", "6s"),
            ("max_state", "1MiB"),
            ("max_rule_state", "2KiB"),
            ("max_event_bytes", "3KiB"),
            ("state", "file"),
            ("checkpoint", "500ms"),
            ("metrics", "1m"),
            ("metrics_records", "yes"),
        ])
        .unwrap();
        assert_eq!((config.knowledge.len(), config.geoip), (2, Some("g.mmdb".into())));
        assert!(!config.strict && config.build.strict_raw && config.metrics_records);
        assert_eq!(config.reload, Some(Duration::from_secs(30)));
        assert_eq!((config.mode, config.emit), (Mode::Keep, Emit::None));
        assert_eq!(config.raw_keys, [b"System"[..].into()]);
        assert_eq!(config.time_key, Some(path("a.b")));
        assert_eq!(config.host, Some(Given::Key(path("agent.name"))));
        let literals = [config.source, config.sourcetype, config.index];
        assert_eq!(
            literals,
            ["s", "t", "i"].map(|text| Some(Given::Literal(text.as_bytes().into())))
        );
        let engine = config.engine;
        assert_eq!((engine.input, engine.zone.iana_name()), (Input::Json, Some("Europe/Berlin")));
        let seconds = [
            engine.lateness_ns,
            engine.idle_ns,
            engine.retain_ns(),
            engine.max_future_ns,
            engine.max_lag_ns,
        ];
        assert_eq!(seconds, [1, 2, 3, 4, 6].map(|seconds| seconds * SECOND_NS));
        assert_eq!(engine.window, Window::Fixed(5 * SECOND_NS));
        let bytes = [engine.max_state_bytes, engine.max_rule_state_bytes(), engine.max_event_bytes];
        assert_eq!(bytes, [1 << 20, 2 << 10, 3 << 10]);
        assert_eq!(
            (config.state, config.checkpoint_s, config.metrics_s),
            (Some("file".into()), 0.5, Some(60.0))
        );
    }

    #[test]
    fn every_wrong_value_is_a_sentence_that_names_its_key() {
        let wrong = [
            ("mode", "tag"),
            ("emit", "output"),
            ("strict", "maybe"),
            ("window", "week"),
            ("idle", "5"),
            ("max_state", "0"),
            ("format", "evtx"),
            ("tz", "Mars"),
            ("host", "$"),
            ("reload", "-1"),
        ];
        let errors = read(&wrong).unwrap_err();
        assert_eq!(errors.len(), wrong.len() + 1, "and `rules` is missing: {errors:?}");
        for (key, value) in wrong {
            let is_told = |error: &String| {
                error.starts_with(&format!("`{key}`: ")) && error.len() > key.len() + value.len()
            };
            assert!(errors.iter().any(is_told), "{key}: {errors:?}");
        }
    }

    #[test]
    fn a_slip_of_one_letter_in_any_key_is_told_and_so_is_a_key_of_the_command_line() {
        for (slip, meant) in [
            ("rulez", "rules"),
            ("raw-key", "raw_key"),
            ("moed", "mode"),
            ("maxstate", "max_state"),
            ("Lateness_", "lateness"),
            ("checkpoin", "checkpoint"),
        ] {
            let errors = read(&[("rules", "r"), (slip, "x")]).unwrap_err();
            let said =
                format!("there is no key `{}`: did you mean `{meant}`?", slip.to_ascii_lowercase());
            assert!(errors.contains(&said), "{slip}: {errors:?}");
        }
        assert_eq!(
            read(&[("rules", "r"), ("threads", "2")]).unwrap_err(),
            ["there is no key `threads`"]
        );
    }

    #[test]
    fn no_key_is_taken_for_a_slip_of_another() {
        let all: Vec<_> = KEYS.iter().map(|key| (*key, "")).collect();
        assert_eq!(
            read(&all).unwrap_err(),
            ["`rules` is missing: name rule files, folders or patterns"]
        );
    }
}
