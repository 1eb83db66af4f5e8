//! What the knowledge makes of an event's fields: aliases and calculated fields by source, host and sourcetype.
//!
//! Built by `plan::resolve` from props.conf. The stanzas that hold for an event are its [`Class`]; where several of them
//! give the same setting, the strongest one's counts. Aliases are applied in the order of their names, each after those
//! that it overrides would have been.

use super::selector::{Metadata, Selector};
use crate::{expr::program::Expr, ids::FieldId};
use bumpalo::{Bump, collections::Vec as BumpVec};

/// All stanzas of a rule set, the strongest first.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// In order of precedence.
    pub stanzas: Vec<Stanza>,
}

/// One stanza of props.conf.
#[derive(Clone, Debug)]
pub struct Stanza {
    /// For which events it holds.
    pub selector: Selector,
    /// FIELDALIAS settings.
    pub aliases: Vec<AliasSetting>,
    /// EVAL settings. `None` takes a weaker stanza's calculation away.
    pub calculations: Vec<(FieldId, Option<Expr>)>,
}

/// One `FIELDALIAS-class`.
#[derive(Clone, Debug)]
pub struct AliasSetting {
    /// What follows `FIELDALIAS-`.
    pub class: Box<str>,
    /// Its aliases, in order.
    pub aliases: Vec<Alias>,
}

/// `from AS to`.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The field that is there.
    pub from: FieldId,
    /// Its other name.
    pub to: FieldId,
    /// Whether a field that has this name already stays: `ASNEW`.
    pub keeps_existing: bool,
}

/// The stanzas that hold for one event, the strongest first.
#[derive(Clone, Copy, Debug)]
pub struct Class<'e> {
    stanzas: &'e [&'e Stanza],
}

impl Mapping {
    /// The stanzas that hold for an event.
    #[must_use]
    pub fn class<'e>(&'e self, metadata: &Metadata<'_>, bump: &'e Bump) -> Class<'e> {
        let stanzas = self.stanzas.iter().filter(|stanza| stanza.selector.holds(metadata));
        Class { stanzas: BumpVec::from_iter_in(stanzas, bump).into_bump_slice() }
    }
}

impl<'e> Class<'e> {
    /// The calculated field of that name.
    #[must_use]
    pub fn calculation(&self, field: FieldId) -> Option<&'e Expr> {
        self.stanzas
            .iter()
            .flat_map(|stanza| &stanza.calculations)
            .find_map(|(name, expr)| (*name == field).then_some(expr.as_ref()))
            .flatten()
    }

    /// The aliases that make a field of that name, the weakest first: each may override those before it.
    pub fn aliases(self, field: FieldId) -> impl Iterator<Item = &'e Alias> {
        let settings = self.stanzas.iter().enumerate().rev().flat_map(move |(strength, stanza)| {
            stanza.aliases.iter().filter(move |setting| !self.is_overridden(setting, strength))
        });
        settings.flat_map(|setting| &setting.aliases).filter(move |alias| alias.to == field)
    }

    fn is_overridden(self, setting: &AliasSetting, strength: usize) -> bool {
        let stronger = self.stanzas[..strength].iter().flat_map(|stanza| &stanza.aliases);
        stronger.into_iter().any(|other| other.class == setting.class)
    }

    /// Every name that the stanzas could make; a name may come more than once.
    pub fn produced(&self) -> impl Iterator<Item = FieldId> {
        self.stanzas.iter().flat_map(|stanza| {
            let aliases = stanza.aliases.iter().flat_map(|setting| &setting.aliases);
            let calculations = stanza.calculations.iter().map(|(field, _)| *field);
            aliases.map(|alias| alias.to).chain(calculations)
        })
    }
}
