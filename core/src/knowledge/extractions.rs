//! Fields that props.conf cuts out of a text: `EXTRACT-class` and `REPORT-class`.

use std::sync::Arc;

use super::{
    conf::{Origin, Setting},
    words::words,
};
use crate::diag::{Diagnostic, Spanned};

/// One `EXTRACT-class = pattern` or `pattern in field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// What follows `EXTRACT-`.
    pub class: String,
    /// The pattern, whose named groups are the fields; byte `n` of it stands at byte `n` of the origin's range. An empty
    /// one is how an upper file takes the setting of a lower one away.
    pub pattern: String,
    /// The field that is searched; `None` is `_raw`.
    pub source: Option<String>,
    /// The file and the range of the whole value.
    pub origin: Origin,
}

/// One `REPORT-class = stanza, stanza`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What follows `REPORT-`.
    pub class: String,
    /// The stanzas of transforms.conf, in order. None is how an upper file takes the setting of a lower one away.
    pub transforms: Vec<Spanned<String>>,
    /// The file.
    pub file: Arc<str>,
}

impl Extraction {
    pub(super) fn read(class: &str, setting: &Setting) -> Self {
        let (pattern, source) = split_source(&setting.value.value);
        Self {
            class: class.to_owned(),
            pattern: pattern.to_owned(),
            source: source.map(str::to_owned),
            origin: setting.origin(),
        }
    }
}

impl Report {
    pub(super) fn read(class: &str, setting: &Setting) -> Result<Self, Diagnostic> {
        let names = words(&setting.value)?;
        let owned = |name: &Spanned<&str>| Spanned::new(name.value.to_owned(), name.span);
        Ok(Self {
            class: class.to_owned(),
            transforms: names.iter().map(owned).collect(),
            file: Arc::clone(&setting.file),
        })
    }
}

/// The pattern, and the field that it is searched in: what follows the last ` in `, if it reads as a field's name.
fn split_source(value: &str) -> (&str, Option<&str>) {
    let whole = (value, None);
    let Some((before, name)) = value.rsplit_once(char::is_whitespace) else { return whole };
    let Some(pattern) = before.trim_end().strip_suffix("in") else { return whole };
    if pattern.ends_with(char::is_whitespace) && is_field_name(name) {
        (pattern.trim_end(), Some(name))
    } else {
        whole
    }
}

/// Splunk takes letters, digits and underscores; the paths of JSON are names here, too.
fn is_field_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.{}".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_may_say_which_field_it_is_searched_in() {
        for (value, pattern, source) in [
            ("(?<a>x)", "(?<a>x)", None),
            ("(?<a>x) in source", "(?<a>x)", Some("source")),
            ("(?<a>x)   in\tuser.name", "(?<a>x)", Some("user.name")),
            ("(?<a>x) in records{}.id", "(?<a>x)", Some("records{}.id")),
            ("logged (?<a>x) in (y|z)", "logged (?<a>x) in (y|z)", None),
            ("(?<a>x) within field", "(?<a>x) within field", None),
            ("(?<a>x) in 9", "(?<a>x) in 9", None),
            ("in field", "in field", None),
            ("", "", None),
        ] {
            assert_eq!(split_source(value), (pattern, source), "{value}");
        }
    }
}
