//! What the knowledge says of fields, ready to run: names become ids, patterns and expressions are compiled.
//!
//! Every mistake is said with its place, and what is right counts all the same.

use std::collections::BTreeMap;

use super::{labels, lookups::Lookups, lower::Lowering, spelling};
use crate::{
    diag::{Code, Diagnostic, Span, Spanned},
    event::{
        extract::{Extraction, Matches, Method, Output, OutputName, Piece, Template},
        mapping::{Alias, AliasSetting, ExtractionSetting, LookupSetting, Mapping, Stanza},
        recognise::{Recogniser, Recognisers},
    },
    expr::{
        capture::Finder,
        regex::{RegexError, RegexIds},
        regex_set::{Pattern, RegexSet},
    },
    knowledge::{
        self, Knowledge,
        conf::Origin,
        extractions,
        props::{self, AliasMode, AutomaticLookup, Calculation, FieldAlias},
        transforms::{self, Transform},
    },
    names::Names,
    spl,
};

/// The mapping that runs, and what is wrong with it: the file, and a diagnostic whose spans point into that file.
pub(crate) fn mapping(
    knowledge: &Knowledge,
    names: &mut Names,
    regexes: &mut RegexIds,
    lookups: &mut Lookups,
) -> (Mapping, Vec<(String, Diagnostic)>) {
    let mut resolver = Resolver {
        knowledge,
        names,
        regexes,
        lookups,
        mapping: Mapping::default(),
        transforms: BTreeMap::new(),
        problems: Vec::new(),
    };
    for stanza in knowledge.props.stanzas() {
        let stanza = resolver.stanza(stanza);
        resolver.mapping.stanzas.push(stanza);
    }
    resolver.mapping.recognisers = resolver.recognisers();
    let Resolver { mut mapping, mut problems, .. } = resolver;
    mapping.labels = labels::labels(knowledge, names, regexes, &mut problems);
    mapping.seal();
    problems.extend(spelling::misspelt(knowledge));
    (mapping, problems)
}

/// The extraction of that name, if transforms.conf defines one that compiles.
pub(crate) fn transform(
    name: &str,
    knowledge: &Knowledge,
    names: &mut Names,
    regexes: &mut RegexIds,
) -> Option<Extraction> {
    let mut resolver = Resolver {
        knowledge,
        names,
        regexes,
        lookups: &mut Lookups::new(&knowledge.lookups),
        mapping: Mapping::default(),
        transforms: BTreeMap::new(),
        problems: Vec::new(),
    };
    let (name, transform) = knowledge.transforms.get_key_value(name)?;
    let place = resolver.transform(name, transform)?;
    Some(resolver.mapping.extractions.swap_remove(place))
}

struct Resolver<'a> {
    knowledge: &'a Knowledge,
    names: &'a mut Names,
    regexes: &'a mut RegexIds,
    lookups: &'a mut Lookups,
    mapping: Mapping,
    /// The places of the transforms that were compiled; `None` for those that do not compile.
    transforms: BTreeMap<&'a str, Option<usize>>,
    problems: Vec<(String, Diagnostic)>,
}

impl<'a> Resolver<'a> {
    fn stanza(&mut self, stanza: &'a props::Stanza) -> Stanza {
        let calculations = stanza.calculations.iter();
        Stanza {
            selector: stanza.selector.clone(),
            sourcetype: stanza.sourcetype.as_deref().map(Into::into),
            reads_pairs: stanza.reads_pairs,
            extractions: stanza.extractions.iter().map(|setting| self.extract(setting)).collect(),
            reports: stanza.reports.iter().map(|setting| self.report(setting)).collect(),
            aliases: stanza.aliases.iter().map(|setting| self.aliases(setting)).collect(),
            lookups: stanza.lookups.iter().map(|setting| self.lookup(setting)).collect(),
            calculations: calculations
                .filter_map(|calculation| {
                    let field = self.names.intern(&calculation.field);
                    let is_removed = calculation.expression.is_empty();
                    let place = if is_removed { None } else { Some(self.calculated(calculation)?) };
                    Some((field, place))
                })
                .collect(),
        }
    }

    fn problem(&mut self, file: &str, diagnostic: Diagnostic) {
        self.problems.push((file.to_owned(), diagnostic));
    }

    fn extract(&mut self, setting: &extractions::Extraction) -> ExtractionSetting {
        let class = setting.class.as_str().into();
        if setting.pattern.is_empty() {
            return ExtractionSetting { class, extractions: Box::default() };
        }
        let source = self.names.intern(setting.source.as_deref().unwrap_or("_raw"));
        let extractions = self.finder(&setting.pattern, &setting.origin).and_then(|finder| {
            let outputs = self.named_outputs(&finder, &setting.origin, Cleaning::On)?;
            let method = Method::Pattern { finder, outputs, matches: Matches::First };
            Some(Extraction { source, method, adds_values: false, keeps_empty: false })
        });
        let places = extractions.map(|extraction| self.place(extraction));
        ExtractionSetting { class, extractions: places.into_iter().collect() }
    }

    fn report(&mut self, setting: &'a extractions::Report) -> ExtractionSetting {
        let mut places = Vec::new();
        for name in &setting.transforms {
            match self.knowledge.transforms.get_key_value(&name.value) {
                Some((name, transform)) => places.extend(self.transform(name, transform)),
                None => self.problem(&setting.file, no_transform(&name.value, name.span)),
            }
        }
        ExtractionSetting { class: setting.class.as_str().into(), extractions: places.into() }
    }

    /// The place of a transform, which several reports may name.
    fn transform(&mut self, name: &'a str, transform: &Transform) -> Option<usize> {
        if let Some(place) = self.transforms.get(name) {
            return *place;
        }
        let place = self.method(transform).map(|method| {
            let source = self.names.intern(&transform.source);
            let Transform { adds_values, keeps_empty, .. } = *transform;
            self.place(Extraction { source, method, adds_values, keeps_empty })
        });
        self.transforms.insert(name, place);
        place
    }

    fn place(&mut self, extraction: Extraction) -> usize {
        self.mapping.extractions.push(extraction);
        self.mapping.extractions.len() - 1
    }

    fn method(&mut self, transform: &Transform) -> Option<Method> {
        let cleaning = if transform.cleans_names { Cleaning::On } else { Cleaning::Off };
        match &transform.method {
            transforms::Method::Pattern { pattern, origin, format, format_origin } => {
                let finder = self.finder(pattern, origin)?;
                let outputs = match format_origin {
                    Some(origin) if !format.is_empty() => {
                        self.formatted_outputs(format, origin, &finder, cleaning)
                    }
                    _ => self.named_outputs(&finder, origin, cleaning),
                };
                Some(Method::Pattern { finder, outputs: outputs?, matches: Matches::All })
            }
            transforms::Method::Columns { delimiters, fields } => Some(Method::Columns {
                delimiters: delimiters.as_bytes().into(),
                fields: fields.iter().map(|field| self.names.intern(field)).collect(),
            }),
            transforms::Method::Pairs { between, within } => Some(Method::Pairs {
                between: between.as_bytes().into(),
                within: within.as_bytes().into(),
                cleans_names: transform.cleans_names,
            }),
        }
    }

    fn finder(&mut self, pattern: &str, origin: &Origin) -> Option<Finder> {
        match Finder::compile(pattern, self.regexes) {
            Ok(finder) => Some(finder),
            Err(error) => {
                self.problem(&origin.file, bad_pattern(&error, origin));
                None
            }
        }
    }

    /// The named groups of a pattern; `_KEY_1` holds the name of the field whose value is in `_VAL_1`.
    fn named_outputs(
        &mut self,
        finder: &Finder,
        origin: &Origin,
        cleaning: Cleaning,
    ) -> Option<Box<[Output]>> {
        let groups: Vec<(usize, &str)> = finder
            .group_names()
            .enumerate()
            .filter_map(|(group, name)| Some((group, name?)))
            .collect();
        let value_of = |key: &str| {
            let value = key.strip_prefix("_KEY_").map(|suffix| format!("_VAL_{suffix}"))?;
            groups.iter().find(|(_, name)| *name == value).map(|(group, _)| *group)
        };
        let mut outputs = Vec::new();
        for &(group, name) in &groups {
            outputs.extend(match value_of(name) {
                Some(value) => Some(Output {
                    name: supplied(Template([Piece::Group(group)].into()), cleaning),
                    value: Template([Piece::Group(value)].into()),
                }),
                None if name.starts_with("_VAL_") || name.starts_with("_KEY_") => None,
                None => Some(Output {
                    name: OutputName::Field(self.names.intern(name)),
                    value: Template([Piece::Group(group)].into()),
                }),
            });
        }
        if outputs.is_empty() {
            self.problem(&origin.file, names_no_field(origin));
            return None;
        }
        Some(outputs.into())
    }

    fn formatted_outputs(
        &mut self,
        format: &[(Template, Template)],
        origin: &Origin,
        finder: &Finder,
        cleaning: Cleaning,
    ) -> Option<Box<[Output]>> {
        let groups = finder.group_names().count();
        let pieces = format.iter().flat_map(|(name, value)| name.0.iter().chain(&value.0));
        let missing = pieces.filter_map(|piece| match piece {
            Piece::Group(group) if *group >= groups => Some(*group),
            _ => None,
        });
        if let Some(group) = missing.min() {
            self.problem(&origin.file, no_group(group, origin));
            return None;
        }
        let outputs = format.iter().map(|(name, value)| Output {
            name: self.output_name(name, cleaning),
            value: value.clone(),
        });
        Some(outputs.collect())
    }

    fn output_name(&mut self, name: &Template, cleaning: Cleaning) -> OutputName {
        match name.plain() {
            Some(text) => OutputName::Field(self.names.intern(&String::from_utf8_lossy(text))),
            None => supplied(name.clone(), cleaning),
        }
    }

    fn aliases(&mut self, setting: &FieldAlias) -> AliasSetting {
        let aliases = setting.aliases.iter().map(|alias| Alias {
            from: self.names.intern(&alias.original),
            to: self.names.intern(&alias.name),
            keeps_existing: alias.mode == AliasMode::Keep,
        });
        AliasSetting { class: setting.class.as_str().into(), aliases: aliases.collect() }
    }

    /// The place of the expression of a calculated field.
    fn calculated(&mut self, calculation: &Calculation) -> Option<usize> {
        let (expr, mut diagnostics) = spl::parse_expression(&calculation.expression);
        let mut lowering = Lowering {
            source: &calculation.expression,
            names: self.names,
            regexes: self.regexes,
            lookups: None,
            diagnostics: &mut diagnostics,
            strict_raw: false,
            allow_write: false,
            knowledge: None,
            branches: Vec::new(),
        };
        let program = lowering.value(&expr);
        let is_sound = diagnostics.is_empty();
        let origin = &calculation.origin;
        for diagnostic in diagnostics {
            self.problem(&origin.file, moved(diagnostic, origin));
        }
        is_sound.then(|| {
            self.mapping.calculations.push(program);
            self.mapping.calculations.len() - 1
        })
    }

    fn lookup(&mut self, setting: &AutomaticLookup) -> LookupSetting {
        let class = setting.class.as_str().into();
        if setting.arguments.is_empty() {
            return LookupSetting { class, lookup: None };
        }
        let (lookup, mut problems) = spl::parse_lookup(&setting.arguments);
        let parsed = lookup.filter(|_| problems.is_empty());
        let options = parsed.iter().flat_map(|lookup| &lookup.options);
        problems.extend(options.map(|(name, _)| option_of_automatic(name)));
        let lowered = parsed.and_then(|lookup| {
            self.lookups.lower(&lookup, self.names, &mut |problem| problems.push(problem))
        });
        for problem in problems {
            self.problem(&setting.origin.file, moved(problem, &setting.origin));
        }
        let lookup = lowered.map(|lookup| {
            self.mapping.lookups.push(lookup);
            self.mapping.lookups.len() - 1
        });
        LookupSetting { class, lookup }
    }

    fn recognisers(&mut self) -> Recognisers {
        let mut patterns = Vec::new();
        let mut recognisers = Vec::new();
        for recogniser in self.knowledge.props.recognisers() {
            if let Some(conditions) = self.conditions(recogniser, &mut patterns) {
                let sourcetype = recogniser.sourcetype.as_str().into();
                recognisers.push(Recogniser { sourcetype, conditions });
            }
        }
        if patterns.is_empty() {
            return Recognisers::default();
        }
        match RegexSet::new(&patterns, self.regexes) {
            Ok(set) => {
                Recognisers { patterns: Some(set), pattern_count: patterns.len(), recognisers }
            }
            Err(message) => {
                let first = &self.knowledge.props.recognisers()[0].conditions[0].origin;
                let message = format!("all recognisers together: {message}");
                self.problem(&first.file, Diagnostic::error(Code::BadRegex, first.span, message));
                Recognisers::default()
            }
        }
    }

    /// The patterns of one recogniser, if all of them compile.
    fn conditions(
        &mut self,
        recogniser: &knowledge::recognisers::Recogniser,
        patterns: &mut Vec<Pattern>,
    ) -> Option<Box<[(usize, bool)]>> {
        let mut parsed = Vec::new();
        for condition in &recogniser.conditions {
            match Pattern::parse(&condition.pattern) {
                Ok(pattern) => parsed.push((pattern, condition.matches)),
                Err(error) => {
                    let problem = bad_pattern(&error, &condition.origin);
                    self.problem(&condition.origin.file, problem);
                }
            }
        }
        if parsed.len() < recogniser.conditions.len() {
            return None;
        }
        let conditions = parsed.into_iter().map(|(pattern, matches)| {
            patterns.push(pattern);
            (patterns.len() - 1, matches)
        });
        Some(conditions.collect())
    }
}

/// Whether the names that an event supplies become names of letters, digits and underscores.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cleaning {
    On,
    Off,
}

fn supplied(template: Template, cleaning: Cleaning) -> OutputName {
    OutputName::Supplied { template, cleans: cleaning == Cleaning::On }
}

/// A diagnostic about a text, moved to where that text stands in its file.
fn moved(diagnostic: Diagnostic, origin: &Origin) -> Diagnostic {
    let start = origin.span.start;
    diagnostic.map_spans(|span| Span::new(span.start + start, span.end + start))
}

fn bad_pattern(error: &RegexError, origin: &Origin) -> Diagnostic {
    let span = Span::new(error.offset_span.start, error.offset_span.end);
    let diagnostic = Diagnostic::error(Code::BadRegex, span, error.message.clone())
        .label("in this regular expression");
    moved(diagnostic, origin)
}

fn names_no_field(origin: &Origin) -> Diagnostic {
    let message = "an extraction names no field";
    Diagnostic::error(Code::BadKnowledge, origin.span, message)
        .label("no named group")
        .help("write `(?<field>...)` around what the field shall hold")
}

fn option_of_automatic(name: &Spanned<String>) -> Diagnostic {
    let message = format!("an automatic lookup has no option `{}`", name.value);
    Diagnostic::error(Code::BadKnowledge, name.span, message).help("remove it")
}

fn no_group(group: usize, origin: &Origin) -> Diagnostic {
    let message = format!("`FORMAT` reads `${group}`, which the pattern does not have");
    Diagnostic::error(Code::BadKnowledge, origin.span, message)
        .help("write as many groups in `REGEX` as `FORMAT` reads")
}

fn no_transform(name: &str, span: Span) -> Diagnostic {
    let message = format!("no transforms.conf has an extraction `{name}`");
    Diagnostic::warning(Code::UnknownTransform, span, message)
        .label("makes no field")
        .help("define the stanza, with `REGEX` or `DELIMS`, in the app's transforms.conf")
}
