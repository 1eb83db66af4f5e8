//! Macros and lookups as security_content keeps them: one YAML file each, under `macros/` and `lookups/`.
//!
//! They are made into the stanzas that the build of that catalog would make of them, and go the way of `macros.conf` and
//! `transforms.conf` from there on. Keys that say nothing to Splunk (a description, a version) are left out.

use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned as Located;

use super::conf::{Conf, Setting, Stanza};
use crate::{
    diag::{Code, Diagnostic, Span, Spanned},
    yaml::{self, Texts},
};

/// What a file of a catalog defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Macro,
    Lookup,
}

/// The kind of the file at `path`, which its folder tells.
pub(super) fn kind(path: &str) -> Option<Kind> {
    let (folder, name) = path.rsplit_once(['/', '\\'])?;
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    match folder.rsplit(['/', '\\']).next() {
        Some("macros") if is_yaml => Some(Kind::Macro),
        Some("lookups") if is_yaml => Some(Kind::Lookup),
        _ => None,
    }
}

/// The stanza of `macros.conf` or `transforms.conf` that the file at `path`, which holds `text`, stands for.
pub(super) fn parse(kind: Kind, path: &str, text: &str) -> Result<Conf, Diagnostic> {
    match kind {
        Kind::Macro => of_macro(path, text),
        Kind::Lookup => of_lookup(path, text),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Macro {
    name: Option<String>,
    arguments: Texts,
    definition: Option<Located<String>>,
}

fn of_macro(path: &str, text: &str) -> Result<Conf, Diagnostic> {
    let keys: Macro = read(text, "a macro in YAML")?;
    let arguments = keys.arguments.0;
    let (Some(name), Some(definition)) = (keys.name, keys.definition) else {
        return Err(missing("a macro needs `name` and `definition`"));
    };
    let name = if arguments.is_empty() { name } else { format!("{name}({})", arguments.len()) };
    let span = yaml::span(text, &definition);
    let settings = [("args", arguments.join(",")), ("definition", definition.value)];
    Ok(conf(path, name, settings.map(|(key, value)| (key, Spanned::new(value, span)))))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lookup {
    name: Option<Located<String>>,
    lookup_type: Texts,
    filename: Texts,
    collection: Texts,
    fields: Texts,
    fields_list: Texts,
    match_type: Texts,
    case_sensitive_match: Texts,
    default_match: Texts,
    min_matches: Texts,
    max_matches: Texts,
}

fn of_lookup(path: &str, text: &str) -> Result<Conf, Diagnostic> {
    let keys: Lookup = read(text, "a lookup in YAML")?;
    let Some(name) = &keys.name else { return Err(missing("a lookup needs `name`")) };
    let (name, span) = (name.value.clone(), yaml::span(text, name));
    let settings = keys.settings(path).into_iter();
    let written = settings.filter(|(_, value)| !value.is_empty());
    Ok(conf(path, name, written.map(|(key, value)| (key, Spanned::new(value, span)))))
}

impl Lookup {
    /// The settings under the names that `transforms.conf` has for them; those that are not set are empty.
    fn settings(self, path: &str) -> [(&'static str, String); 9] {
        let list = |texts: Texts| texts.0.join(", ");
        let has = |name: &str| self.lookup_type.0.iter().any(|found| found == name);
        let is_collection = !self.collection.0.is_empty() || has("kvstore");
        // A table whose name is not given is the file beside it.
        let file = match list(self.filename) {
            file if file.is_empty() && has("csv") => format!("{}.csv", stem(path)),
            file => file,
        };
        let fields = if self.fields_list.0.is_empty() { self.fields } else { self.fields_list };
        [
            ("filename", file),
            ("external_type", if is_collection { "kvstore".to_owned() } else { String::new() }),
            ("collection", list(self.collection)),
            ("fields_list", list(fields)),
            ("match_type", list(self.match_type)),
            ("case_sensitive_match", list(self.case_sensitive_match)),
            ("default_match", list(self.default_match)),
            ("min_matches", list(self.min_matches)),
            ("max_matches", list(self.max_matches)),
        ]
    }
}

fn read<T: serde::de::DeserializeOwned + Default>(
    text: &str,
    wanted: &str,
) -> Result<T, Diagnostic> {
    yaml::read(text).map_err(|problem| problem.into_diagnostic(Code::BadKnowledge, wanted))
}

fn missing(message: &str) -> Diagnostic {
    Diagnostic::error(Code::BadKnowledge, Span::at(0), message)
        .help("add the key, or move the file out of the folder")
}

fn conf(
    path: &str,
    name: String,
    settings: impl IntoIterator<Item = (&'static str, Spanned<String>)>,
) -> Conf {
    let file: Arc<str> = path.into();
    let settings = settings.into_iter().map(|(key, value)| {
        let setting = Setting { file: Arc::clone(&file), key: value.span, value };
        (key.to_owned(), setting)
    });
    let stanza = Stanza { settings: settings.collect() };
    Conf { stanzas: [(name, stanza)].into() }
}

/// The name of the file at `path` without folders and extension.
fn stem(path: &str) -> &str {
    let name = super::file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stanza and its settings as `key=value`.
    fn shown(path: &str, text: &str) -> (String, Vec<String>) {
        let kind = kind(path).expect("the folder tells");
        let conf = parse(kind, path, text).expect("it is right");
        let (name, stanza) = conf.stanzas.into_iter().next().expect("there is one");
        let settings = stanza.settings.into_iter();
        (name, settings.map(|(key, setting)| format!("{key}={}", setting.value.value)).collect())
    }

    #[test]
    fn a_macro_is_known_by_its_name_and_arity() {
        let plain = "definition: index=win\n  source=x\ndescription: y\nname: sysmon\n";
        let expected = ["args=", "definition=index=win source=x"];
        assert_eq!(
            shown("macros/sysmon.yml", plain),
            ("sysmon".to_owned(), expected.map(str::to_owned).into())
        );
        let two = "name: m\narguments: [a, b]\ndefinition: '$a$ $b$'\n";
        let expected = ["args=a,b", "definition=$a$ $b$"];
        assert_eq!(
            shown("x/macros/m.yml", two),
            ("m(2)".to_owned(), expected.map(str::to_owned).into())
        );
    }

    #[test]
    fn a_lookup_is_what_transforms_conf_would_say() {
        for (text, expected) in [
            (
                "name: hosts\nfilename: hosts_2.csv\nmatch_type: WILDCARD(host)\nmin_matches: 1\n\
                 default_match: 'false'\ncase_sensitive_match: 'false'\n",
                vec![
                    "case_sensitive_match=false",
                    "default_match=false",
                    "filename=hosts_2.csv",
                    "match_type=WILDCARD(host)",
                    "min_matches=1",
                ],
            ),
            (
                "name: hosts\nlookup_type: csv\nmatch_type: [CIDR(a), WILDCARD(b)]\n",
                vec!["filename=table.csv", "match_type=CIDR(a), WILDCARD(b)"],
            ),
            (
                "name: hosts\ncollection: c\nfields_list: a, b\n",
                vec!["collection=c", "external_type=kvstore", "fields_list=a, b"],
            ),
        ] {
            let (name, settings) = shown("lookups/table.yml", text);
            assert_eq!(
                (name.as_str(), settings),
                ("hosts", expected.into_iter().map(str::to_owned).collect())
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_bad_knowledge() {
        for (path, text, message) in [
            ("macros/a.yml", "name: x\n", "a macro needs `name` and `definition`"),
            ("lookups/a.yml", "filename: x.csv\n", "a lookup needs `name`"),
            ("macros/a.yml", "name: [\n", "not a macro in YAML"),
        ] {
            let kind = kind(path).expect("the folder tells");
            let error = parse(kind, path, text).expect_err("it is wrong");
            assert_eq!(error.code, Code::BadKnowledge);
            assert!(error.message.starts_with(message), "{}", error.message);
        }
    }

    #[test]
    fn only_those_two_folders_count() {
        for path in ["macros.yml", "data/x.yml", "macros/readme.md", "lookups/x.csv"] {
            assert_eq!(kind(path), None, "{path}");
        }
    }
}
