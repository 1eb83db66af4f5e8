//! The Armory's YAML: one rule a file, its SPL under `logic`.
//!
//! Lists may be a bare text, a list in a list or null, for the catalog has all of them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_saphyr::{Location, Options, Spanned};

use super::{RuleSource, no_search, scalar, stem, wrong_kind};
use crate::diag::{Code, Diagnostic, Span};

/// How deep the YAML of a rule may nest, and how many aliases it may use.
const MAX_DEPTH: usize = 64;
const MAX_ALIASES: usize = 256;

/// The keys of the file, and those that tell the files of others.
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
    /// Of `security_content`.
    search: Option<IgnoredAny>,
    /// Of Sigma.
    detection: Option<IgnoredAny>,
}

/// Reads the rule of the file at `path`.
pub(super) fn parse(path: &str, text: &str) -> Result<RuleSource, Diagnostic> {
    let keys: Option<Keys> = serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| bad_yaml(text, &error))?;
    let keys = keys.unwrap_or_default();
    keys.refuse_other_kinds(text)?;
    let Some(logic) = keys.logic else {
        let error = Diagnostic::error(Code::MissingKey, Span::at(0), "the rule has no `logic`");
        return Err(error.help("write the SPL under the key `logic`"));
    };
    if logic.value.trim().is_empty() {
        return Err(no_search(Span::at(start_of(text, &logic.defined))));
    }
    let map = scalar::align(text, start_of(text, &logic.defined), &logic.value);
    Ok(RuleSource {
        path: path.to_owned(),
        id: keys.id.unwrap_or_else(|| stem(path)),
        title: keys.title.unwrap_or_else(|| stem(path)),
        description: keys.description.unwrap_or_default(),
        techniques: keys.techniques.0,
        technique_ids: keys.technique_id.0,
        data_categories: keys.data_category.0,
        references: keys.references.0,
        spl: logic.value,
        map,
    })
}

impl Keys {
    fn refuse_other_kinds(&self, text: &str) -> Result<(), Diagnostic> {
        if let Some(format) = &self.logic_format
            && !format.value.eq_ignore_ascii_case("splunk")
        {
            let span = scalar_span(text, &format.defined, &format.value);
            let message = format!("the rule is written for `{}`, not for Splunk", format.value);
            return Err(wrong_kind(span, message));
        }
        if self.logic.is_some() {
            return Ok(());
        }
        if self.search.is_some() {
            let message = "rules of Splunk's security_content are not read yet";
            return Err(wrong_kind(Span::at(0), message));
        }
        if self.detection.is_some() {
            return Err(wrong_kind(Span::at(0), "this is a Sigma rule, not SPL"));
        }
        Ok(())
    }
}

fn options() -> Options {
    let mut options = serde_saphyr::options! { with_snippet: false };
    if let Some(budget) = &mut options.budget {
        budget.max_depth = MAX_DEPTH;
        budget.max_aliases = MAX_ALIASES;
    }
    options
}

fn bad_yaml(text: &str, error: &serde_saphyr::Error) -> Diagnostic {
    let at = error.location().map_or(0, |location| start_of(text, &location));
    let reason = error.to_string();
    let reason = reason.lines().next().unwrap_or_default();
    // The parser says the place once more in words.
    let reason = reason.split(" at line ").next().unwrap_or_default();
    Diagnostic::error(Code::BadYaml, Span::at(at), format!("not a rule in YAML: {reason}"))
        .label("here the reading stopped")
        .help("write the keys `id`, `title` and `logic`, and quote texts that hold `: ` or `#`")
}

/// The byte at which `location` stands.
fn start_of(text: &str, location: &Location) -> usize {
    if let Some(at) = location.span().byte_offset() {
        return usize::try_from(at).map_or(text.len(), |at| at.min(text.len()));
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let in_line = text[start..].char_indices().nth(column).map_or(0, |(at, _)| at);
    start + in_line
}

fn scalar_span(text: &str, location: &Location, value: &str) -> Span {
    let map = scalar::align(text, start_of(text, location), value);
    map.original(Span::new(0, value.len()))
}

/// Texts, in whatever shape of list they were written.
#[derive(Default)]
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a list of texts, or null")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Texts, E> {
        Ok(Texts(vec![value.to_string()]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Texts, E> {
        Ok(Texts(vec![value.to_string()]))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Texts, E> {
        Ok(Texts(vec![value.to_string()]))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Texts, E> {
        Ok(Texts(vec![value.to_string()]))
    }

    fn visit_unit<E>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_none<E>(self) -> Result<Texts, E> {
        Ok(Texts::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Texts, D::Error> {
        Texts::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
        let mut texts = Texts::default();
        while let Some(Texts(more)) = items.next_element()? {
            texts.0.extend(more);
        }
        Ok(texts)
    }
}
