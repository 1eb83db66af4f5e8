//! The options that a plugin has in every shipper, with the same names, defaults and complaints.

use std::{path::PathBuf, time::Duration};

use caltrop_core::{
    config::{Input, Mode, Options, SECOND_NS, Window},
    ruleset::BuildOptions,
};
use caltrop_host::units;

/// The names of these options.
pub const KEYS: [&str; 25] = [
    "rules",
    "knowledge",
    "geoip",
    "strict",
    "strict_raw",
    "reload",
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
];

/// What the operator wants.
#[derive(Clone, Debug)]
pub struct Setup {
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
}

/// The keys that lead to a value.
pub type Path = Box<[Box<[u8]>]>;

/// What is the same for every record, or said by each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// This text.
    Literal(Box<[u8]>),
    /// The text that a record has there.
    Key(Path),
}

/// The options as they are written in the configuration of the shipper.
pub trait Source {
    /// The value of an option.
    fn text(&self, key: &str) -> Option<String>;

    /// The values of an option that may have several; none where it is not set.
    fn list(&self, key: &str) -> Vec<String>;
}

/// Reads options, and collects what is wrong with them.
pub struct Reader<'a> {
    source: &'a dyn Source,
    /// A sentence for each value that is wrong.
    pub errors: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads from `source`.
    #[must_use]
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, errors: Vec::new() }
    }

    /// Reads what every plugin has. `raw_keys` are those of the shipper, where the operator names none.
    pub fn setup(&mut self, raw_keys: &[&str]) -> Setup {
        let rules = self.paths("rules");
        if rules.is_empty() {
            self.errors.push("`rules` is missing: name rule files, folders or patterns".to_owned());
        }
        Setup {
            rules,
            knowledge: self.paths("knowledge"),
            geoip: self.text("geoip").map(PathBuf::from),
            strict: self.value("strict", flag).unwrap_or(true),
            build: BuildOptions {
                strict_raw: self.value("strict_raw", flag).unwrap_or(false),
                ..BuildOptions::default()
            },
            engine: self.engine(),
            reload: self.value("reload", interval).flatten(),
            raw_keys: self.raw_keys(raw_keys),
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
        }
    }

    fn engine(&mut self) -> Options {
        let default = Options::default();
        let duration_ns = units::duration_ns;
        Options {
            mode: Mode::Stream,
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

    /// The value of an option, where it is not empty.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        let text = self.source.text(key)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The value of an option that `parse` understands; `None` where it is not set, or is wrong, which is noted.
    pub fn value<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
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
        self.source.list(key).into_iter().map(PathBuf::from).collect()
    }

    fn raw_keys(&self, default: &[&str]) -> Vec<Box<[u8]>> {
        let keys = self.source.list("raw_key");
        if keys.is_empty() {
            return default.iter().map(|key| key.as_bytes().into()).collect();
        }
        keys.iter().map(|key| key.as_bytes().into()).collect()
    }
}

/// Keys joined by dots.
#[must_use]
pub fn path(text: &str) -> Path {
    text.split('.').map(|key| key.as_bytes().into()).collect()
}

/// `on` or `off`, in other words too.
///
/// # Errors
/// When it is neither.
pub fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(format!("`{text}` is neither on nor off")),
    }
}

/// A duration, a number of seconds, or nothing for `off` and 0.
///
/// # Errors
/// When it is none of these.
pub fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let seconds = text.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(SECOND_NS));
    let length_ns = seconds.map_or_else(|| units::duration_ns(text), Ok)?;
    let length_ns = u64::try_from(length_ns).map_err(|_| format!("`{text}` is negative"))?;
    Ok((length_ns > 0).then(|| Duration::from_nanos(length_ns)))
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
