//! `strcat` to its stage.

use super::{
    Lowering,
    options::{refuse, switch},
};
use crate::{
    spl::tree::{StrCat, StrCatSource},
    stage::strcat::{self, Source},
};

/// The stage of `strcat`.
pub(super) fn lower(strcat: &StrCat, lowering: &mut Lowering<'_>) -> strcat::StrCat {
    let mut all_required = false;
    for (name, value) in &strcat.options {
        match name.value.eq_ignore_ascii_case("allrequired") {
            true => all_required = switch(name, value, lowering),
            false => refuse(name, "strcat", "`allrequired`", lowering),
        }
    }
    let sources = strcat.sources.iter().map(|source| match source {
        StrCatSource::Text(text) => Source::Text(text.as_bytes().into()),
        StrCatSource::Field(field) => Source::Field(lowering.names.intern(&field.value)),
    });
    let sources = sources.collect();
    strcat::StrCat { sources, target: lowering.names.intern(&strcat.target.value), all_required }
}
