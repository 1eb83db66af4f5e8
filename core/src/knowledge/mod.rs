//! What names mean: macros, extracted fields, field aliases, calculated fields, event types, tags.
//!
//! Meaning is data, in the files that Splunk people already own: macros.conf, props.conf, transforms.conf, eventtypes.conf,
//! tags.conf; the tables of lookups; and the macros and lookups of security_content. The default knowledge is part of the
//! program; users lay their apps over it, stanza by stanza and key by key.
//! No file is opened here: the host reads them and hands over paths and texts.
//!
//! Other files of an app (dashboards, scripts) are taken without a word and without effect.

pub mod conf;
mod content;
mod embed;
pub mod eventtypes;
pub mod extractions;
pub mod lookups;
pub mod macros;
pub mod props;
pub mod recognisers;
mod scope;
pub mod tags;
pub mod transforms;
mod words;

use conf::{Conf, Setting};
use eventtypes::Eventtypes;
use lookups::Lookups;
use macros::Macros;
use props::Props;
use tags::Tags;
use transforms::Transforms;

use sha2::{Digest, Sha256};

use crate::{codec::Writer, diag::Diagnostic};

/// All that is known of names.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// The macros by name and number of arguments.
    pub macros: Macros,
    /// What props.conf says about fields.
    pub props: Props,
    /// The extractions that props.conf names, by name.
    pub transforms: Transforms,
    /// The lookup tables, and what is said of them.
    pub lookups: Lookups,
    /// The event types by name.
    pub eventtypes: Eventtypes,
    /// The tags by field and value.
    pub tags: Tags,
    macro_settings: Conf,
    prop_settings: Conf,
    transform_settings: Conf,
    eventtype_settings: Conf,
    tag_settings: Conf,
}

impl Knowledge {
    /// The default knowledge.
    #[must_use]
    pub fn builtin() -> Self {
        let mut knowledge = Self::default();
        let problems = knowledge.overlay(embed::FILES);
        debug_assert!(problems.is_empty(), "the files that ship have no errors: {problems:?}");
        knowledge
    }

    /// Lays the files of one app over what is known: `(path within the app, content)`. Files of a folder `local` go over
    /// all others, whatever their order. Returns what is wrong with them, by path; what is right counts all the same.
    pub fn overlay<'f>(&mut self, files: &[(&'f str, &'f str)]) -> Vec<(&'f str, Diagnostic)> {
        let mut problems = Vec::new();
        let mut ordered = files.to_vec();
        ordered.sort_by_key(|(path, _)| is_local(path));
        for (path, text) in ordered {
            if let Some(name) = lookups::table_name(path) {
                let found = self.lookups.add_file(name, text);
                problems.extend(found.into_iter().map(|diagnostic| (path, diagnostic)));
                continue;
            }
            let Some(lay) = Self::overlay_of(path) else { continue };
            let (conf, diagnostics) = settings_of(path, text);
            let diagnostics = diagnostics.into_iter().chain(lay(self, conf));
            problems.extend(diagnostics.map(|diagnostic| (path, diagnostic)));
        }
        problems
    }

    /// What lays the settings of the file at `path` over what is known; none if it holds no knowledge.
    fn overlay_of(path: &str) -> Option<fn(&mut Self, Conf) -> Vec<Diagnostic>> {
        Some(match (file_name(path), content::kind(path)) {
            ("macros.conf", _) | (_, Some(content::Kind::Macro)) => Self::overlay_macros,
            ("transforms.conf", _) | (_, Some(content::Kind::Lookup)) => Self::overlay_transforms,
            ("props.conf", _) => Self::overlay_props,
            ("eventtypes.conf", _) => Self::overlay_eventtypes,
            ("tags.conf", _) => Self::overlay_tags,
            _ => return None,
        })
    }

    /// SHA-256 of every setting that says what a field is, stanza by stanza in the order of their names, without the files that
    /// they stand in. Macros are no part of it, for what they stand for is in the text of the rules that call them, unless an
    /// event type calls one.
    #[must_use]
    pub fn field_digest(&self) -> [u8; 32] {
        let mut out = Writer::default();
        let files = [
            &self.prop_settings,
            &self.transform_settings,
            &self.eventtype_settings,
            &self.tag_settings,
        ];
        let calls_macros = self.eventtypes.values().any(|eventtype| eventtype.search.contains('`'));
        for conf in files.into_iter().chain(calls_macros.then_some(&self.macro_settings)) {
            out.count(conf.stanzas.len());
            for (name, stanza) in &conf.stanzas {
                out.text(name.as_bytes());
                out.count(stanza.settings.len());
                for (key, setting) in &stanza.settings {
                    out.text(key.as_bytes());
                    out.text(setting.value.value.as_bytes());
                }
            }
        }
        Sha256::digest(out.into_bytes()).into()
    }

    fn overlay_macros(&mut self, upper: Conf) -> Vec<Diagnostic> {
        let names: Vec<String> = upper.stanzas.keys().cloned().collect();
        self.macro_settings.overlay(upper);
        let mut problems = Vec::new();
        for name in names {
            match macros::define(&name, &self.macro_settings.stanzas[&name]) {
                Ok(defined) => self.macros.extend(defined),
                Err(diagnostic) => problems.push(diagnostic),
            }
        }
        problems
    }

    fn overlay_props(&mut self, upper: Conf) -> Vec<Diagnostic> {
        let names: Vec<String> = upper.stanzas.keys().cloned().collect();
        self.prop_settings.overlay(upper);
        let mut problems = Vec::new();
        for name in names {
            problems.extend(self.props.read(&name, &self.prop_settings.stanzas[&name]));
        }
        problems
    }

    fn overlay_transforms(&mut self, upper: Conf) -> Vec<Diagnostic> {
        let names: Vec<String> = upper.stanzas.keys().cloned().collect();
        self.transform_settings.overlay(upper);
        let mut problems = Vec::new();
        for name in names {
            problems.extend(self.overlay_lookup(&name));
            self.transforms.remove(&name);
            match transforms::define(&self.transform_settings.stanzas[&name]) {
                Ok(defined) => {
                    self.transforms.extend(defined.map(|transform| (name, transform)));
                }
                Err(diagnostic) => problems.push(diagnostic),
            }
        }
        problems
    }
}

impl Knowledge {
    fn overlay_lookup(&mut self, name: &str) -> Vec<Diagnostic> {
        let (definition, problems) = lookups::define(&self.transform_settings.stanzas[name]);
        match definition {
            Some(definition) => self.lookups.define(name, definition),
            None => self.lookups.remove(name),
        }
        problems
    }

    fn overlay_eventtypes(&mut self, upper: Conf) -> Vec<Diagnostic> {
        let names: Vec<String> = upper.stanzas.keys().cloned().collect();
        self.eventtype_settings.overlay(upper);
        for name in names {
            self.eventtypes.remove(&name);
            let defined = eventtypes::define(&self.eventtype_settings.stanzas[&name]);
            self.eventtypes.extend(defined.map(|eventtype| (name, eventtype)));
        }
        Vec::new()
    }

    fn overlay_tags(&mut self, upper: Conf) -> Vec<Diagnostic> {
        let names: Vec<String> = upper.stanzas.keys().cloned().collect();
        self.tag_settings.overlay(upper);
        let mut problems = Vec::new();
        for name in names {
            let Some(key) = tags::key(&name) else { continue };
            let (tags, diagnostics) = tags::read(&self.tag_settings.stanzas[&name]);
            self.tags.insert(key, tags);
            problems.extend(diagnostics);
        }
        problems
    }

    /// Every setting of props.conf, by its key.
    pub(crate) fn prop_settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        settings(&self.prop_settings)
    }

    /// Every setting of transforms.conf, by its key.
    pub(crate) fn transform_settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        settings(&self.transform_settings)
    }
}

/// The settings of the file at `path`, and what is wrong with it.
fn settings_of(path: &str, text: &str) -> (Conf, Vec<Diagnostic>) {
    let Some(kind) = content::kind(path) else { return conf::parse(path, text) };
    match content::parse(kind, path, text) {
        Ok(conf) => (conf, Vec::new()),
        Err(diagnostic) => (Conf::default(), vec![diagnostic]),
    }
}

fn settings(conf: &Conf) -> impl Iterator<Item = (&str, &Setting)> {
    let settings = conf.stanzas.values().flat_map(|stanza| &stanza.settings);
    settings.map(|(key, setting)| (key.as_str(), setting))
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn is_local(path: &str) -> bool {
    path.rsplit(['/', '\\']).nth(1) == Some("local")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::event::selector::Metadata;
    use props::Effective;

    fn effective<'k>(knowledge: &'k Knowledge, source: &str) -> Effective<'k> {
        let sources = [Some(source.as_bytes()), None];
        knowledge.props.effective(Metadata { sources, ..Metadata::default() })
    }

    fn field_names<'k>(effective: &Effective<'k>) -> BTreeSet<&'k str> {
        let aliases = effective.aliases.iter().flat_map(|class| &class.aliases);
        let calculations = effective.calculations.iter();
        aliases
            .map(|alias| alias.name.as_str())
            .chain(calculations.map(|calculation| calculation.field.as_str()))
            .collect()
    }

    #[test]
    fn the_files_that_ship_have_no_errors() {
        assert_eq!(Knowledge::default().overlay(embed::FILES), []);
    }

    #[test]
    fn every_macro_that_a_macro_calls_is_defined() {
        let knowledge = Knowledge::builtin();
        for ((name, _), definition) in &knowledge.macros {
            for called in definition.definition.split('`').skip(1).step_by(2) {
                let is_defined = knowledge.macros.contains_key(&(called.to_owned(), 0));
                assert!(is_defined, "`{called}` in `{name}`");
            }
        }
        for source in ["sysmon", "winevent", "powershell", "edr", "unix", "windows"] {
            let name = format!("get_endpoint_data_{source}");
            let definition = &knowledge.macros[&(name, 0)].definition;
            assert!(definition.starts_with('(') && definition.ends_with(')'), "{definition}");
        }
    }

    #[test]
    fn sysmon_has_the_fields_that_the_seed_rule_shows() {
        let knowledge = Knowledge::builtin();
        for source in ["XmlWinEventLog", "WinEventLog"] {
            let source = format!("{source}:Microsoft-Windows-Sysmon/Operational");
            let names = field_names(&effective(&knowledge, &source));
            for name in [
                "user",
                "process",
                "process_path",
                "process_name",
                "process_exec",
                "process_id",
                "process_guid",
                "process_current_directory",
                "process_integrity_level",
                "process_hash",
                "original_file_name",
                "parent_process",
                "parent_process_path",
                "parent_process_name",
                "parent_process_exec",
                "parent_process_id",
                "parent_process_guid",
            ] {
                assert!(names.contains(name), "{name} of {source}");
            }
        }
    }

    #[test]
    fn every_windows_event_has_its_numbers_and_reporter() {
        let knowledge = Knowledge::builtin();
        let names = field_names(&effective(&knowledge, "XmlWinEventLog:Security"));
        for name in ["EventCode", "dvc", "event_id", "signature_id", "user_id"] {
            assert!(names.contains(name), "{name}");
        }
        assert_eq!(effective(&knowledge, "/var/log/syslog"), Effective::default());
    }

    #[test]
    fn base_names_have_the_shape_that_the_planner_knows() {
        let knowledge = Knowledge::builtin();
        let source = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational";
        let calculations = effective(&knowledge, source).calculations;
        let expression = |field| {
            let mut found = calculations.iter().filter(|calculation| calculation.field == field);
            found.next().map(|calculation| calculation.expression.as_str())
        };
        for field in ["process_name", "process_exec", "parent_process_name", "file_name"] {
            let expression = expression(field).unwrap();
            assert!(expression.starts_with("mvindex(split("), "{field}: {expression}");
            assert!(expression.ends_with(r#","\\"),-1)"#), "{field}: {expression}");
        }
    }

    #[test]
    fn an_app_is_laid_over_what_is_known() {
        let mut knowledge = Knowledge::builtin();
        let problems = knowledge.overlay(&[
            ("local/macros.conf", "[m]\ndefinition = local\n"),
            ("default/macros.conf", "[m]\ndefinition = default\n[hec_collect]\ndefinition = x\n"),
            ("default/props.conf", "[source::XmlWinEventLog:...]\nEVAL-dvc = \"x\"\nbroken\n"),
            ("default/data/ui/views/x.xml", "<view/>"),
            ("README.md", "not = parsed"),
        ]);
        let messages: Vec<_> = problems
            .iter()
            .map(|(path, diagnostic)| (*path, diagnostic.message.as_str()))
            .collect();
        assert_eq!(messages, [("default/props.conf", "`broken` is no setting")]);
        assert_eq!(knowledge.macros[&("m".to_owned(), 0)].definition, "local");
        assert_eq!(knowledge.macros[&("hec_collect".to_owned(), 0)].definition, "x");
        let effective = effective(&knowledge, "XmlWinEventLog:Security");
        let mut calculations = effective.calculations.iter();
        let dvc = calculations.find(|calculation| calculation.field == "dvc").unwrap();
        assert_eq!(&*dvc.origin.file, "default/props.conf");
        assert!(!effective.aliases.is_empty(), "what the app does not set stays");
    }
}
