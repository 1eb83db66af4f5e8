//! The section of the filter in the configuration of the shipper.
//!
//! Fluent Bit hands out the value of a key that is asked for, and does not tell which keys there are. So that a slip does not
//! pass in silence, [`Config::read`] asks for every key that is one letter away from one of its own as well, and for some
//! that belong elsewhere.

use caltrop_shipper::{
    setup::{self, Reader, Setup, Source, flag, interval},
    slips::slips,
};

/// The keys that only this filter has, beside those of every plugin and those that Fluent Bit reads itself: name, match,
/// match_regex, alias, log_level.
const OWN_KEYS: [&str; 4] = ["mode", "emit", "metrics", "metrics_records"];

/// Every key of the filter.
pub fn keys() -> impl Iterator<Item = &'static str> + Clone {
    setup::KEYS.into_iter().chain(OWN_KEYS)
}

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
    /// What every plugin has.
    pub setup: Setup,
    /// What becomes of records.
    pub mode: Mode,
    /// Where detections go.
    pub emit: Emit,
    /// How often counters are told, in seconds.
    pub metrics_s: Option<f64>,
    /// Whether counters are told as records too.
    pub metrics_records: bool,
}

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

impl Config {
    /// Reads the section in which `value_of` looks up a key.
    ///
    /// # Errors
    /// A sentence for each key and value that is wrong.
    pub fn read(value_of: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let section = Section { value_of };
        let mut reader = Reader::new(&section);
        reader.errors = unknown_keys(value_of);
        let config = Self {
            setup: reader.setup(&["log", "message"]),
            mode: reader.value("mode", mode).unwrap_or(Mode::Annotate),
            emit: reader.value("emit", emit).unwrap_or(Emit::Found),
            metrics_s: reader.value("metrics", interval).flatten().map(|time| time.as_secs_f64()),
            metrics_records: reader.value("metrics_records", flag).unwrap_or(false),
        };
        if reader.errors.is_empty() { Ok(config) } else { Err(reader.errors) }
    }
}

/// A section of the configuration.
struct Section<'a> {
    value_of: &'a dyn Fn(&str) -> Option<String>,
}

impl Source for Section<'_> {
    fn text(&self, key: &str) -> Option<String> {
        (self.value_of)(key)
    }

    /// Fluent Bit loses keys that are repeated, so several values stand between commas.
    fn list(&self, key: &str) -> Vec<String> {
        let text = self.text(key).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
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

/// A sentence for each key that is set and is not one of ours, as far as it can be guessed.
fn unknown_keys(value_of: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let slips = keys().flat_map(|key| slips(key).into_iter().map(move |slip| (slip, Some(key))));
    let foreign = FOREIGN.iter().map(|key| ((*key).to_owned(), None));
    let mut unknown: Vec<(String, Option<&str>)> = foreign
        .chain(slips)
        .filter(|(slip, _)| keys().all(|key| key != slip) && value_of(slip).is_some())
        .collect();
    unknown.sort();
    unknown.dedup_by(|later, earlier| later.0 == earlier.0);
    let sentence = |(slip, meant): (String, Option<&str>)| match meant {
        Some(key) => format!("there is no key `{slip}`: did you mean `{key}`?"),
        None => format!("there is no key `{slip}`"),
    };
    unknown.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use caltrop_core::config::{Input, Mode as Stream, Options, SECOND_NS, Window};
    use caltrop_shipper::setup::{Given, path};

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
        assert_eq!(config.setup.rules, [PathBuf::from("/a/*.spl"), PathBuf::from("/b")]);
        assert_eq!(
            (config.mode, config.emit, config.setup.strict),
            (Mode::Annotate, Emit::Found, true)
        );
        assert_eq!(config.setup.raw_keys, [b"log"[..].into(), b"message"[..].into()]);
        assert_eq!(
            (config.setup.engine.mode, config.setup.engine.window),
            (Stream::Stream, Window::Rule)
        );
        assert_eq!(
            (config.setup.reload, config.metrics_s, config.setup.checkpoint_s),
            (None, None, 10.0)
        );
        let default = Options::default();
        assert_eq!(config.setup.engine.lateness_ns, default.lateness_ns);
        assert_eq!(config.setup.engine.max_state_bytes, default.max_state_bytes);
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
        assert_eq!((config.setup.knowledge.len(), config.setup.geoip), (2, Some("g.mmdb".into())));
        assert!(!config.setup.strict && config.setup.build.strict_raw && config.metrics_records);
        assert_eq!(config.setup.reload, Some(Duration::from_secs(30)));
        assert_eq!((config.mode, config.emit), (Mode::Keep, Emit::None));
        assert_eq!(config.setup.raw_keys, [b"System"[..].into()]);
        assert_eq!(config.setup.time_key, Some(path("a.b")));
        assert_eq!(config.setup.host, Some(Given::Key(path("agent.name"))));
        let literals = [config.setup.source, config.setup.sourcetype, config.setup.index];
        assert_eq!(
            literals,
            ["s", "t", "i"].map(|text| Some(Given::Literal(text.as_bytes().into())))
        );
        let engine = config.setup.engine;
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
            (config.setup.state, config.setup.checkpoint_s, config.metrics_s),
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
        let all: Vec<_> = keys().map(|key| (key, "")).collect();
        assert_eq!(
            read(&all).unwrap_err(),
            ["`rules` is missing: name rule files, folders or patterns"]
        );
    }
}
