//! The Armory's YAML: one rule a file, its SPL under `logic`.
//!
//! Lists may be a bare text, a list in a list or null, for the catalog has all of them.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{RuleSource, bad_yaml, no_search, stem, wrong_kind};
use crate::{
    diag::{Code, Diagnostic, Span},
    yaml::{self, Texts},
};

/// The keys of the file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    id: Option<String>,
    title: Option<String>,
    description: Option<String>,
    logic_format: Option<Spanned<String>>,
    logic: Option<Spanned<String>>,
    techniques: Texts,
    technique_id: Texts,
    data_category: Texts,
    references: Texts,
}

/// Reads the rule of the file at `path`.
pub(super) fn parse(path: &str, text: &str) -> Result<RuleSource, Diagnostic> {
    let keys: Keys = yaml::read(text).map_err(bad_yaml)?;
    keys.refuse_other_formats(text)?;
    let Some(logic) = keys.logic else {
        let error = Diagnostic::error(Code::MissingKey, Span::at(0), "the rule has no `logic`");
        return Err(error.help("write the SPL under the key `logic`"));
    };
    if logic.value.trim().is_empty() {
        return Err(no_search(Span::at(yaml::start(text, &logic))));
    }
    Ok(RuleSource {
        path: path.to_owned(),
        id: keys.id.unwrap_or_else(|| stem(path)),
        title: keys.title.unwrap_or_else(|| stem(path)),
        description: keys.description.unwrap_or_default(),
        techniques: keys.techniques.0,
        technique_ids: keys.technique_id.0,
        data_categories: keys.data_category.0,
        references: keys.references.0,
        map: yaml::map(text, &logic),
        spl: logic.value,
        ..RuleSource::default()
    })
}

impl Keys {
    fn refuse_other_formats(&self, text: &str) -> Result<(), Diagnostic> {
        match &self.logic_format {
            Some(format) if !format.value.eq_ignore_ascii_case("splunk") => {
                let message = format!("the rule is written for `{}`, not for Splunk", format.value);
                Err(wrong_kind(yaml::span(text, format), message))
            }
            _ => Ok(()),
        }
    }
}
