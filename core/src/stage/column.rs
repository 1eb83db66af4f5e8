//! The names of a field list: literal ones and patterns.

use crate::{
    expr::glob::{Case, Glob},
    ids::FieldId,
    names::{Name, Names},
};

/// One entry of the list of `table` or `fields`.
#[derive(Clone, Debug)]
pub enum Column {
    /// A field by its name.
    Field(FieldId),
    /// Every field whose name matches.
    Pattern(FieldPattern),
}

/// A pattern over field names. Names that start with `_` are internal: only a pattern that starts so itself selects them.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    glob: Glob,
    internal: bool,
}

impl Column {
    /// The entry written as `text`; a literal name enters `names`.
    #[must_use]
    pub fn new(text: &str, names: &mut Names) -> Self {
        match text.contains('*') {
            true => Self::Pattern(FieldPattern::new(text)),
            false => Self::Field(names.intern(text)),
        }
    }

    /// Whether the entry selects `name`.
    #[must_use]
    pub fn selects(&self, name: Name<'_>, names: &Names) -> bool {
        match self {
            Self::Field(field) => name == Name::Known(*field),
            Self::Pattern(pattern) => pattern.is_match(names.bytes(name)),
        }
    }
}

impl FieldPattern {
    /// The pattern written as `text`; every `*` is any run of characters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { glob: Glob::new(text, Case::Sensitive), internal: text.starts_with('_') }
    }

    /// The same made of its parts.
    pub(crate) fn of_glob(glob: Glob, selects_internal: bool) -> Self {
        Self { glob, internal: selects_internal }
    }

    /// The pattern.
    pub(crate) fn glob(&self) -> &Glob {
        &self.glob
    }

    /// Whether it selects names that begin with `_`.
    pub(crate) fn selects_internal(&self) -> bool {
        self.internal
    }

    /// Whether it selects the field of that name.
    #[must_use]
    pub fn is_match(&self, name: &[u8]) -> bool {
        self.may_select(name) && self.glob.is_match(name)
    }

    /// What each `*` stands for, if it selects the field of that name.
    #[must_use]
    pub fn captures<'t>(&self, name: &'t [u8]) -> Option<Vec<&'t [u8]>> {
        self.may_select(name).then(|| self.glob.captures(name))?
    }

    fn may_select(&self, name: &[u8]) -> bool {
        self.internal || !name.starts_with(b"_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_leave_internal_names_alone_unless_they_start_so() {
        let cases = [
            ("*", "host", true),
            ("*", "_time", false),
            ("*time", "_time", false),
            ("_*", "_time", true),
            ("_*", "host", false),
            ("p*", "process", true),
            ("process_*", "process", false),
            ("P*", "process", false),
        ];
        for (pattern, name, selected) in cases {
            assert_eq!(
                FieldPattern::new(pattern).is_match(name.as_bytes()),
                selected,
                "{pattern} {name}"
            );
        }
    }
}
