//! What names mean: macros, field aliases, calculated fields.
//!
//! Meaning is data, in the files that Splunk people already own: macros.conf and props.conf. The default knowledge is
//! part of the program; users lay their apps over it, stanza by stanza and key by key. No file is opened here: the host
//! reads them and hands over paths and texts.
//!
//! Other files of an app (transforms.conf, lookups, dashboards) are taken without a word and without effect.

pub mod conf;
mod embed;
pub mod macros;
pub mod props;

use conf::Conf;
use macros::Macros;
use props::Props;

use crate::diag::Diagnostic;

/// All that is known of names.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// The macros by name and number of arguments.
    pub macros: Macros,
    /// What props.conf says about fields.
    pub props: Props,
    macro_settings: Conf,
    prop_settings: Conf,
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
            let read = match file_name(path) {
                "macros.conf" => Self::overlay_macros,
                "props.conf" => Self::overlay_props,
                _ => continue,
            };
            let (conf, diagnostics) = conf::parse(path, text);
            let diagnostics = diagnostics.into_iter().chain(read(self, conf));
            problems.extend(diagnostics.map(|diagnostic| (path, diagnostic)));
        }
        problems
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
            let settings = &self.prop_settings.stanzas[&name];
            let (stanza, diagnostics) = props::Stanza::read(&name, settings);
            self.props.insert(stanza);
            problems.extend(diagnostics);
        }
        problems
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn is_local(path: &str) -> bool {
    path.rsplit(['/', '\\']).nth(1) == Some("local")
}
