//! What the knowledge makes of an event's fields: extractions, aliases, calculated fields and lookups by source, host and
//! sourcetype.
//!
//! Built by `plan::resolve` from props.conf. The stanzas that hold for an event are found by its source, sourcetype and
//! host; where several of them give the same setting, the strongest one's counts. What remains is its [`Class`], which
//! knows the makers of each field: found once for all events of a kind, and kept in [`Classes`](super::classes::Classes).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    extract::Extraction,
    labels::Labels,
    recognise::Recognisers,
    selector::{Metadata, Selector},
};
use crate::{expr::program::Expr, ids::FieldId, lookup::Lookup, names::Names};

/// All knowledge of a rule set that speaks of fields.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The stanzas in order of precedence, the strongest first.
    pub stanzas: Vec<Stanza>,
    /// The extractions that stanzas name by their places.
    pub extractions: Vec<Extraction>,
    /// The expressions that stanzas name by their places.
    pub calculations: Vec<Expr>,
    /// The lookups that stanzas name by their places.
    pub lookups: Vec<Lookup>,
    /// Event types and tags.
    pub labels: Labels,
    /// What finds out source types.
    pub recognisers: Recognisers,
    /// By [`FieldId`]: whether some stanza makes the field.
    pub makes: Vec<bool>,
    /// Whether some extraction takes the names of its fields from the event, so that it may make any.
    pub takes_names: bool,
    /// Whether some stanza has a `KV_MODE`.
    pub has_modes: bool,
    /// Whether some stanza is chosen by the host.
    pub has_hosts: bool,
}

/// One stanza of props.conf.
#[derive(Clone, Debug)]
pub struct Stanza {
    /// For which events it holds.
    pub selector: Selector,
    /// What they are, where the caller does not say it.
    pub sourcetype: Option<Box<str>>,
    /// Whether `name=value` pairs of theirs are fields.
    pub reads_pairs: Option<bool>,
    /// EXTRACT settings.
    pub extractions: Vec<ExtractionSetting>,
    /// REPORT settings.
    pub reports: Vec<ExtractionSetting>,
    /// FIELDALIAS settings.
    pub aliases: Vec<AliasSetting>,
    /// EVAL settings by their places in [`Mapping::calculations`]. `None` takes a weaker stanza's calculation away.
    pub calculations: Vec<(FieldId, Option<usize>)>,
    /// LOOKUP settings.
    pub lookups: Vec<LookupSetting>,
}

/// One `EXTRACT-class` or `REPORT-class`.
#[derive(Clone, Debug)]
pub struct ExtractionSetting {
    /// What follows `EXTRACT-` or `REPORT-`.
    pub class: Box<str>,
    /// Its extractions by their places in [`Mapping::extractions`]; none takes a weaker stanza's setting away.
    pub extractions: Box<[usize]>,
}

/// One `FIELDALIAS-class`.
#[derive(Clone, Debug)]
pub struct AliasSetting {
    /// What follows `FIELDALIAS-`.
    pub class: Box<str>,
    /// Its aliases, in order.
    pub aliases: Vec<Alias>,
}

/// One `LOOKUP-class`.
#[derive(Clone, Debug)]
pub struct LookupSetting {
    /// What follows `LOOKUP-`.
    pub class: Box<str>,
    /// Its place in [`Mapping::lookups`]; `None` takes a weaker stanza's setting away.
    pub lookup: Option<usize>,
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

/// What holds for all events of a kind: for each field, what makes it.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// The place of each field's makers, by [`FieldId`]; 0 is that of a field which has none of its own.
    places: Vec<usize>,
    makers: Vec<Makers>,
    extractions: Vec<Placed>,
    lookups: Vec<PlacedLookup>,
    made: Vec<FieldId>,
    reads_pairs: bool,
}

/// What makes one field.
#[derive(Clone, Debug, Default)]
struct Makers {
    /// The places of extractions among those of the class, in order.
    extractions: Vec<usize>,
    aliases: Vec<Alias>,
    calculation: Option<usize>,
    /// The places of lookups among those of the class, in order.
    lookups: Vec<usize>,
}

/// An extraction among those of a class.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its place in [`Mapping::extractions`].
    pub extraction: usize,
    /// The places, in order, of those before it on whose fields it depends, also by way of others.
    pub needs: Box<[usize]>,
}

/// A lookup among those of a class.
#[derive(Clone, Debug)]
pub struct PlacedLookup {
    /// Its place in [`Mapping::lookups`].
    pub lookup: usize,
    /// The places, in order, of those before it on whose fields it depends, also by way of others.
    pub needs: Box<[usize]>,
}

impl Mapping {
    /// Finds out what its parts say of the whole, once all are there.
    pub fn seal(&mut self) {
        let mut made = BTreeSet::new();
        for stanza in &self.stanzas {
            let aliases = stanza.aliases.iter().flat_map(|setting| &setting.aliases);
            made.extend(aliases.map(|alias| alias.to));
            made.extend(stanza.calculations.iter().map(|(field, _)| *field));
        }
        for extraction in &self.extractions {
            extraction.for_each_field(&mut |field| _ = made.insert(field));
        }
        let outputs = self.lookups.iter().flat_map(|lookup| &lookup.outputs);
        made.extend(outputs.map(|output| output.field));
        made.extend(self.labels.fields.iter().map(|(field, _)| *field));
        let length = made.last().map_or(0, |field| field.index() + 1);
        self.makes = (0..length).map(|index| made.contains(&FieldId::new(index))).collect();
        self.takes_names = self.extractions.iter().any(Extraction::takes_names);
        self.has_modes = self.stanzas.iter().any(|stanza| stanza.reads_pairs.is_some());
        self.has_hosts =
            self.stanzas.iter().any(|stanza| matches!(stanza.selector, Selector::Host(_)));
    }

    /// Whether the knowledge makes `field` for some events.
    #[must_use]
    pub fn may_make(&self, field: FieldId) -> bool {
        self.takes_names || self.makes.get(field.index()).copied().unwrap_or(false)
    }

    /// The places of the stanzas that hold for an event, the strongest first.
    pub fn holding<'m>(&'m self, metadata: &'m Metadata<'_>) -> impl Iterator<Item = usize> + 'm {
        let stanzas = self.stanzas.iter().enumerate();
        stanzas.filter(|(_, stanza)| stanza.selector.holds(metadata)).map(|(place, _)| place)
    }

    /// The place of the stanza that says what an event of these sources is.
    #[must_use]
    pub fn sourcetype_setter(&self, metadata: &Metadata<'_>) -> Option<usize> {
        let is_setter = |stanza: &Stanza| {
            matches!(stanza.selector, Selector::Source(_))
                && stanza.sourcetype.is_some()
                && stanza.selector.holds(metadata)
        };
        self.stanzas.iter().position(is_setter)
    }

    /// What holds where the stanzas at these places hold, the strongest first.
    #[must_use]
    pub fn class(&self, stanzas: &[usize]) -> Class {
        let stanzas: Vec<&Stanza> = stanzas.iter().map(|&place| &self.stanzas[place]).collect();
        let mut class = Class { makers: vec![Makers::default()], ..Class::default() };
        let mode = stanzas.iter().find_map(|stanza| stanza.reads_pairs);
        class.reads_pairs = mode.unwrap_or(true);
        for setting in strongest(&stanzas, |stanza| &stanza.extractions, |setting| &setting.class) {
            setting.extractions.iter().for_each(|&place| class.place(place, self));
        }
        for setting in strongest(&stanzas, |stanza| &stanza.reports, |setting| &setting.class) {
            setting.extractions.iter().for_each(|&place| class.place(place, self));
        }
        for setting in strongest(&stanzas, |stanza| &stanza.aliases, |setting| &setting.class) {
            for alias in &setting.aliases {
                class.makers_mut(alias.to).aliases.push(*alias);
            }
        }
        for (field, calculation) in
            strongest(&stanzas, |stanza| &stanza.calculations, |(field, _)| field)
        {
            if calculation.is_some() {
                class.makers_mut(*field).calculation = *calculation;
            }
        }
        for setting in strongest(&stanzas, |stanza| &stanza.lookups, |setting| &setting.class) {
            setting.lookup.iter().for_each(|&place| class.place_lookup(place, self));
        }
        class.made.sort_unstable();
        class
    }
}

/// The settings that no stronger stanza overrides, in the order of their keys.
fn strongest<'m, S: 'm, K: Ord + ?Sized + 'm>(
    stanzas: &[&'m Stanza],
    settings: impl Fn(&'m Stanza) -> &'m Vec<S>,
    key: impl Fn(&'m S) -> &'m K,
) -> Vec<&'m S> {
    let mut strongest = BTreeMap::new();
    for stanza in stanzas {
        for setting in settings(stanza) {
            strongest.entry(key(setting)).or_insert(setting);
        }
    }
    strongest.into_values().collect()
}

impl Class {
    /// The calculated field of that name, by its place in [`Mapping::calculations`].
    #[must_use]
    pub fn calculation(&self, field: FieldId) -> Option<usize> {
        self.makers(field).calculation
    }

    /// Whether nothing but an extraction makes a field of that name.
    #[must_use]
    pub fn only_extracts(&self, field: FieldId) -> bool {
        let Makers { aliases, calculation, lookups, .. } = self.makers(field);
        aliases.is_empty() && calculation.is_none() && lookups.is_empty()
    }

    /// Whether `field` is what the event itself holds, wherever it holds that and no other field of it has this name in its text.
    #[must_use]
    pub fn keeps(&self, field: FieldId, mapping: &Mapping) -> bool {
        let Makers { aliases, calculation, lookups, .. } = self.makers(field);
        self.only_finds_names(field, mapping)
            && aliases.iter().all(|alias| alias.keeps_existing)
            && calculation.is_none()
            && lookups.is_empty()
    }

    /// Whether `field` is `from` under another name, for events that hold that and whose text has nothing of this name.
    #[must_use]
    pub fn renames(&self, from: FieldId, field: FieldId, mapping: &Mapping) -> bool {
        let Makers { aliases, calculation, lookups, .. } = self.makers(field);
        self.only_finds_names(field, mapping)
            && !aliases.is_empty()
            && aliases.iter().all(|alias| alias.from == from)
            && calculation.is_none()
            && lookups.is_empty()
    }

    /// Whether only such extractions may give `field` as take the names from the text of one own field of the event.
    fn only_finds_names(&self, field: FieldId, mapping: &Mapping) -> bool {
        let any = self.extractions_of_any();
        self.extractions_of(field).iter().all(|&place| {
            let Placed { extraction, needs } = &self.extractions[place];
            let source = mapping.extractions[*extraction].source;
            any.contains(&place) && needs.is_empty() && !Names::is_metadata(source)
        })
    }

    /// The aliases that make a field of that name, the weakest first: each may override those before it.
    #[must_use]
    pub fn aliases(&self, field: FieldId) -> &[Alias] {
        &self.makers(field).aliases
    }

    /// The places of the extractions that may give a field of that name, in order.
    #[must_use]
    pub fn extractions_of(&self, field: FieldId) -> &[usize] {
        &self.makers(field).extractions
    }

    /// The places of the extractions that may give a field of any name, in order.
    #[must_use]
    pub fn extractions_of_any(&self) -> &[usize] {
        &self.makers[0].extractions
    }

    /// Every extraction, in order.
    #[must_use]
    pub fn extractions(&self) -> &[Placed] {
        &self.extractions
    }

    /// The places of the lookups that may give a field of that name, in order.
    #[must_use]
    pub fn lookups_of(&self, field: FieldId) -> &[usize] {
        &self.makers(field).lookups
    }

    /// Every lookup, in order.
    #[must_use]
    pub fn lookups(&self) -> &[PlacedLookup] {
        &self.lookups
    }

    /// Every name that the knowledge itself gives, in order of its id.
    #[must_use]
    pub fn made(&self) -> &[FieldId] {
        &self.made
    }

    /// Whether `name=value` pairs are fields.
    #[must_use]
    pub fn reads_pairs(&self) -> bool {
        self.reads_pairs
    }

    fn makers(&self, field: FieldId) -> &Makers {
        let place = self.places.get(field.index()).copied().unwrap_or(0);
        &self.makers[place]
    }

    fn makers_mut(&mut self, field: FieldId) -> &mut Makers {
        if self.places.len() <= field.index() {
            self.places.resize(field.index() + 1, 0);
        }
        let place = &mut self.places[field.index()];
        if *place == 0 {
            *place = self.makers.len();
            // What may make any field may make this one.
            let extractions = self.makers[0].extractions.clone();
            self.makers.push(Makers { extractions, ..Makers::default() });
            self.made.push(field);
        }
        &mut self.makers[*place]
    }

    /// Adds the lookup at `place` of the mapping, as the last one.
    fn place_lookup(&mut self, place: usize, mapping: &Mapping) {
        let lookup = &mapping.lookups[place];
        let last = self.lookups.len();
        let mut needs: BTreeSet<usize> = BTreeSet::new();
        for &input in &lookup.inputs {
            for &earlier in self.lookups_of(input) {
                needs.extend(&self.lookups[earlier].needs);
                needs.insert(earlier);
            }
        }
        let needs = needs.into_iter().collect();
        self.lookups.push(PlacedLookup { lookup: place, needs });
        for output in &lookup.outputs {
            let makers = self.makers_mut(output.field);
            if makers.lookups.last() != Some(&last) {
                makers.lookups.push(last);
            }
        }
    }

    /// Adds the extraction at `place` of the mapping, as the last one.
    fn place(&mut self, place: usize, mapping: &Mapping) {
        let extraction = &mapping.extractions[place];
        let last = self.extractions.len();
        let mut needs: BTreeSet<usize> = BTreeSet::new();
        for &earlier in self.extractions_of(extraction.source) {
            needs.extend(&self.extractions[earlier].needs);
            needs.insert(earlier);
        }
        let needs = needs.into_iter().collect();
        self.extractions.push(Placed { extraction: place, needs });
        extraction.for_each_field(&mut |field| {
            let makers = self.makers_mut(field);
            if makers.extractions.last() != Some(&last) {
                makers.extractions.push(last);
            }
        });
        if extraction.takes_names() {
            for makers in &mut self.makers {
                if makers.extractions.last() != Some(&last) {
                    makers.extractions.push(last);
                }
            }
        }
    }
}
