//! What kind of file a YAML file is, by the keys that it has.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Skip;
use crate::yaml::{self, Problem, Texts};

/// A kind of YAML file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A rule of the Armory.
    Armory,
    /// A detection of security_content.
    Content,
    /// A Sigma rule.
    Sigma,
    /// No rule at all.
    Other(Skip),
}

/// The kind of the file that holds `text`.
pub(super) fn kind(text: &str) -> Result<Kind, Problem> {
    Ok(yaml::read::<Outline>(text)?.kind(text))
}

/// Keys that tell kinds apart, whatever they hold.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outline {
    logic: Option<IgnoredAny>,
    logic_format: Option<IgnoredAny>,
    title: Option<IgnoredAny>,
    techniques: Option<IgnoredAny>,
    technique_id: Option<IgnoredAny>,
    search: Option<IgnoredAny>,
    how_to_implement: Option<IgnoredAny>,
    detection: Option<IgnoredAny>,
    definition: Option<IgnoredAny>,
    filename: Option<IgnoredAny>,
    collection: Option<IgnoredAny>,
    lookup_type: Option<IgnoredAny>,
    narrative: Option<IgnoredAny>,
    sourcetype: Option<IgnoredAny>,
    example_log: Option<IgnoredAny>,
    r#type: Texts,
}

impl Outline {
    fn kind(&self, text: &str) -> Kind {
        let is_empty = text.trim_start_matches('\u{feff}').trim().is_empty();
        if is_empty || self.logic.is_some() || self.logic_format.is_some() {
            Kind::Armory
        } else if self.search.is_some() {
            self.kind_of_search()
        } else if self.detection.is_some() {
            Kind::Sigma
        } else {
            self.kind_without_search()
        }
    }

    /// What fills a lookup for detections, or is run by hand after one, detects nothing.
    fn kind_of_search(&self) -> Kind {
        let is = |name: &str| self.r#type.0.iter().any(|found| found.eq_ignore_ascii_case(name));
        if is("Baseline") || is("Investigation") {
            Kind::Other(Skip::Baseline)
        } else {
            Kind::Content
        }
    }

    fn kind_without_search(&self) -> Kind {
        let has_table =
            self.filename.is_some() || self.collection.is_some() || self.lookup_type.is_some();
        if self.definition.is_some() {
            Kind::Other(Skip::Macro)
        } else if has_table {
            Kind::Other(Skip::Lookup)
        } else if self.narrative.is_some() {
            Kind::Other(Skip::Story)
        } else if self.sourcetype.is_some() || self.example_log.is_some() {
            Kind::Other(Skip::DataSource)
        } else if self.how_to_implement.is_some() {
            Kind::Content
        } else if self.title.is_some() || self.techniques.is_some() || self.technique_id.is_some() {
            Kind::Armory
        } else {
            Kind::Other(Skip::NoSearch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_known_by_its_keys() {
        for (text, expected) in [
            ("logic: x\n", Kind::Armory),
            ("title: x\ntechnique_id: T1\n", Kind::Armory),
            ("", Kind::Armory),
            ("name: x\nsearch: y\n", Kind::Content),
            ("name: x\nsearch: y\ntype: TTP\n", Kind::Content),
            ("name: x\nhow_to_implement: y\n", Kind::Content),
            ("title: x\ndetection: {}\n", Kind::Sigma),
            ("name: x\ndefinition: index=y\n", Kind::Other(Skip::Macro)),
            ("name: x\nfilename: y.csv\n", Kind::Other(Skip::Lookup)),
            ("name: x\ncollection: y\n", Kind::Other(Skip::Lookup)),
            ("name: x\nnarrative: y\n", Kind::Other(Skip::Story)),
            ("name: x\nsource: y\nsourcetype: z\n", Kind::Other(Skip::DataSource)),
            ("name: x\nsearch: y\ntype: Baseline\n", Kind::Other(Skip::Baseline)),
            ("jobs: {build: [x]}\n", Kind::Other(Skip::NoSearch)),
        ] {
            assert_eq!(kind(text).unwrap(), expected, "{text}");
        }
    }
}
