//! Warnings about fields that nothing makes and that look misspelt.
//!
//! The law: **no false alarm**. An event may hold a field of any name, so a name is only told if it is one slip away from a
//! long name that the knowledge makes, and if neither the knowledge nor an earlier command has it. So this is not good at
//! finding short names, nor names of a product that the knowledge does not know.

use std::collections::BTreeSet;

use super::{
    effects::{self, Effect},
    origins::Origins,
    suggest::is_one_slip,
};
use crate::{
    diag::{Code, Diagnostic, Span},
    expr::glob::{Case, Glob},
    spl::tree::Pipeline,
};

/// Shorter names are too close to one another.
const MIN_LETTERS: usize = 8;

/// What is to be said of `pipeline`, in the order of its places.
pub(crate) fn lint(pipeline: &Pipeline, origins: &Origins) -> Vec<Diagnostic> {
    let mut lint = Lint { origins, written: Vec::new(), said: BTreeSet::new(), found: Vec::new() };
    for effect in pipeline.commands.iter().flat_map(effects::effects) {
        match &effect {
            // From here on there may be any field.
            Effect::Anything | Effect::Writes("*") => break,
            Effect::Writes(name) => lint.write(name),
            Effect::WritesJoined(first, last) => lint.write(&format!("{first}{last}")),
            Effect::KeepsOnly(kept) => kept.iter().for_each(|kept| lint.write(kept.name)),
            _ => effects::fields_read(&effect, &mut |name, span| lint.field(name, span)),
        }
    }
    lint.found
}

struct Lint<'o> {
    origins: &'o Origins,
    /// What earlier commands have made, or may have.
    written: Vec<Glob>,
    /// Of each field only the first reading is told.
    said: BTreeSet<String>,
    found: Vec<Diagnostic>,
}

impl Lint<'_> {
    /// Notes a field that a command makes. A pattern that stands for all makes none that was not there.
    fn write(&mut self, name: &str) {
        let pattern = if name.contains('{') { "*" } else { name };
        if name != "*" {
            self.written.push(Glob::new(pattern, Case::Sensitive));
        }
    }

    fn field(&mut self, name: &str, span: Span) {
        let Some(meant) = self.meant(name) else { return };
        if self.said.insert(name.to_owned()) {
            let message = format!("nothing makes a field `{name}`");
            let found = Diagnostic::warning(Code::UnknownField, span, message)
                .label("has a value only if the event itself holds one of that name")
                .help(format!("did you mean `{meant}`?"));
            self.found.push(found);
        }
    }

    /// The field of the knowledge that was meant by `name`, if that is a slip of the pen.
    fn meant(&self, name: &str) -> Option<String> {
        let is_known = self.origins.makes(name)
            || self.written.iter().any(|written| written.is_match(name.as_bytes()));
        if name.len() < MIN_LETTERS || name.contains('*') || is_known {
            return None;
        }
        let mut made = self.origins.made();
        made.find(|made| is_one_slip(name, made) && !is_variant(name, made)).map(str::to_owned)
    }
}

/// Whether the names are rather two fields than one field and a slip: they differ in an underscore, a digit, a capital letter or
/// the `s` of a plural.
fn is_variant(left: &str, right: &str) -> bool {
    let plain = |name: &str| {
        let letters =
            name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase());
        let letters: String = letters.collect();
        letters.strip_suffix('s').map(str::to_owned).unwrap_or(letters)
    };
    plain(left) == plain(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{knowledge::Knowledge, spl};

    /// The place and the suggestion of each warning.
    fn warnings(source: &str) -> Vec<String> {
        let (pipeline, errors) = spl::parse(source);
        assert_eq!(errors, [], "{source}");
        let found = lint(&pipeline, &Origins::of_knowledge(&Knowledge::builtin())).into_iter();
        found
            .map(|one| {
                format!("{} {}", one.primary.span.text(source), one.help.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn a_slip_in_a_long_name_is_told_once_with_what_was_meant() {
        for (source, expected) in [
            (
                "error parent_proces_name=x",
                "parent_proces_name did you mean `parent_process_name`?",
            ),
            (
                "error | where proccess_name=\"x\" OR proccess_name=\"y\"",
                "proccess_name did you mean `process_name`?",
            ),
            ("error | stats count by signatrue_id", "signatrue_id did you mean `signature_id`?"),
            (
                "error | stats values(*) as * by host | where proces_name=\"x\"",
                "proces_name did you mean `process_name`?",
            ),
        ] {
            assert_eq!(warnings(source), [expected], "{source}");
        }
    }

    #[test]
    fn what_may_be_a_field_of_its_own_is_no_matter() {
        for source in [
            "error process_name=x",
            "error usre=x proces=y",
            "error processname=x process_names=y process_name2=z Process_Name=a",
            "error | eval proces_name=1 | where proces_name=1",
            "error | stats count as proces_name | where proces_name=1",
            "error | rename x as proces_name | search proces_name=1",
            "error | eval {x}=1 | where proces_name=1",
            "error | xmlkv | where proces_name=1",
            "error | table proces_name",
            "error | regex proces_*=x",
        ] {
            assert!(warnings(source).is_empty(), "{source}: {:?}", warnings(source));
        }
    }
}
