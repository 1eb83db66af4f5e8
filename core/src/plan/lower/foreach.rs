//! `foreach` to its stage.
//!
//! The template is lowered once, as if its placeholders were names; the names that hold one become [`Hole`]s, which the
//! stage fills for each field. A placeholder in a string and one that stands bare are told apart from names by a first
//! letter that no name of a rule has.

use std::collections::BTreeSet;

use super::Lowering;
use crate::{
    diag::{Code, Diagnostic, Spanned},
    plan::{
        effects::{self, Effect},
        explain,
    },
    spl::tree::{Bracketed, Command, CommandKind, Expr, ExprKind, Listed, Pipeline},
    stage::{
        Column,
        foreach::{self, Collection, Hole, HoleKind, Over, Part},
    },
};

/// Stands before the text of a string that has placeholders in it.
const TEXT: char = '"';
/// Stands before a bare name in an expression, which may turn out to be a number.
const BARE: char = '#';

const PLACEHOLDERS: &[(&str, Part)] = &[
    ("<<FIELD>>", Part::Field),
    ("<<MATCHSTR>>", Part::Match),
    ("<<MATCHSEG1>>", Part::Segment(0)),
    ("<<MATCHSEG2>>", Part::Segment(1)),
    ("<<MATCHSEG3>>", Part::Segment(2)),
    ("<<ITEM>>", Part::Item),
];

/// The stage of `foreach`; `None` once it was reported why there is none.
pub(super) fn lower(foreach: &Bracketed, lowering: &mut Lowering<'_>) -> Option<foreach::Foreach> {
    let over = over(foreach, lowering)?;
    let template = with_holes(&foreach.pipeline, lowering.source);
    let mut stages = Vec::new();
    for command in &template.commands {
        if !can_run(command) {
            lowering.report(not_in_template(command));
            return None;
        }
        stages.push(super::stage(1, command, lowering)?);
    }
    let (holes, written) = holes(&template.commands, lowering);
    let is_plain = |name: &String| name == "<<FIELD>>" || first_placeholder(name).is_none();
    let may_write_internal = foreach.names.iter().any(|name| name.value.starts_with('_'))
        || !written.iter().all(is_plain);
    Some(foreach::Foreach { over, template: stages.into(), holes, may_write_internal })
}

fn over(foreach: &Bracketed, lowering: &mut Lowering<'_>) -> Option<Over> {
    let mut mode = "multifield".to_owned();
    for (name, value) in &foreach.options {
        match name.value.to_ascii_lowercase().as_str() {
            "mode" => mode = value.value.to_ascii_lowercase(),
            // The template was read with the usual placeholders in the place of these.
            "fieldstr" | "matchstr" | "matchseg1" | "matchseg2" | "matchseg3" | "itemstr" => {}
            _ => {
                lowering.report(unknown_option(name));
                return None;
            }
        }
    }
    match (mode.as_str(), &foreach.names[..]) {
        ("multifield", names) => {
            let columns = names.iter().map(|name| Column::new(&name.value, lowering.names));
            Some(Over::Fields(columns.collect()))
        }
        (mode, [name]) if collection(mode).is_some() => {
            let field = lowering.names.intern(&name.value);
            collection(mode).map(|collection| Over::Items(field, collection))
        }
        (_, names) => {
            lowering.report(unknown_mode(&mode, names));
            None
        }
    }
}

/// What the items of a field are in that mode.
fn collection(mode: &str) -> Option<Collection> {
    match mode {
        "multivalue" => Some(Collection::Values),
        "json_array" => Some(Collection::JsonArray),
        "auto_collections" => Some(Collection::Any),
        _ => None,
    }
}

/// The commands that a template may hold: those that read and write fields by their names.
fn can_run(command: &Command) -> bool {
    match &command.kind {
        CommandKind::Eval(_) | CommandKind::Where(_) => true,
        CommandKind::Rex(rex) => first_placeholder(&rex.pattern.text).is_none(),
        CommandKind::Regex(regex) => first_placeholder(&regex.pattern.text).is_none(),
        CommandKind::FillNull(listed) => !listed.names.is_empty() && has_plain_options(listed),
        CommandKind::MakeMv(listed) | CommandKind::NoMv(listed) => has_plain_options(listed),
        CommandKind::Rename(pairs) => !pairs.iter().any(|pair| pair.from.value.contains('*')),
        _ => false,
    }
}

/// Whether no placeholder stands in the value of an option, which is read once and not for each field.
fn has_plain_options(listed: &Listed) -> bool {
    listed.options.iter().all(|(_, value)| first_placeholder(&value.value).is_none())
}

/// Every name with a placeholder in it, and the names that the template writes.
fn holes(commands: &[Command], lowering: &mut Lowering<'_>) -> (Box<[Hole]>, BTreeSet<String>) {
    let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
    for command in commands {
        explain::read_by(command, &mut read);
        written.extend(effects::effects(command).into_iter().filter_map(|effect| match effect {
            Effect::Writes(name) => Some(name.to_owned()),
            _ => None,
        }));
    }
    let names = read.union(&written).filter(|name| first_placeholder(name).is_some());
    (names.map(|name| hole(name, lowering)).collect(), written)
}

fn hole(name: &str, lowering: &mut Lowering<'_>) -> Hole {
    let (kind, mut rest) = match name.chars().next() {
        Some(TEXT) => (HoleKind::Text, &name[1..]),
        Some(BARE) => (HoleKind::Bare, &name[1..]),
        _ => (HoleKind::Name, name),
    };
    let mut parts = Vec::new();
    while let Some((at, text, part)) = first_placeholder(rest) {
        parts.push(Part::Text(rest.as_bytes()[..at].into()));
        parts.push(part.clone());
        rest = &rest[at + text.len()..];
    }
    parts.push(Part::Text(rest.as_bytes().into()));
    Hole { field: lowering.names.intern(name), kind, parts: parts.into() }
}

fn first_placeholder(text: &str) -> Option<(usize, &'static str, &'static Part)> {
    let found =
        PLACEHOLDERS.iter().filter_map(|(name, part)| Some((text.find(name)?, *name, part)));
    found.min_by_key(|(at, ..)| *at)
}

/// The template with every string and bare name that holds a placeholder turned into a field of a name of its own.
fn with_holes(template: &Pipeline, source: &str) -> Pipeline {
    let mut template = template.clone();
    for command in &mut template.commands {
        match &mut command.kind {
            CommandKind::Eval(assignments) => {
                assignments.iter_mut().for_each(|one| mark(&mut one.value, source));
            }
            CommandKind::Where(expr) => mark(expr, source),
            _ => {}
        }
    }
    template
}

fn mark(expr: &mut Expr, source: &str) {
    let is_quoted = expr.span.text(source).starts_with('\'');
    match &mut expr.kind {
        ExprKind::String(text) if first_placeholder(text).is_some() => {
            expr.kind = ExprKind::Field(format!("{TEXT}{text}"));
        }
        ExprKind::Field(name) if !is_quoted && first_placeholder(name).is_some() => {
            name.insert(0, BARE);
        }
        kind => kind.children_mut().into_iter().for_each(|child| mark(child, source)),
    }
}

fn unknown_option(name: &Spanned<String>) -> Diagnostic {
    let message = format!("`foreach` with `{}` is not supported", name.value);
    Diagnostic::error(Code::UnsupportedOption, name.span, message)
        .label("not supported")
        .help("use the placeholders `<<FIELD>>`, `<<MATCHSTR>>`, `<<MATCHSEG1>>` and `<<ITEM>>`")
}

fn unknown_mode(mode: &str, names: &[Spanned<String>]) -> Diagnostic {
    let span = names.first().map_or_else(Default::default, |name| name.span);
    let message =
        format!("`foreach` over {} field(s) in mode `{mode}` is not supported", names.len());
    Diagnostic::error(Code::UnsupportedOption, span, message)
        .label("not supported")
        .help("write `mode=multifield` with any number of fields, or `multivalue`, `json_array` or `auto_collections` with one")
}

fn not_in_template(command: &Command) -> Diagnostic {
    let message =
        format!("`{}` of this form cannot stand in the template of `foreach`", command.name.value);
    Diagnostic::error(Code::UnsupportedCommand, command.span, message)
        .label("not supported here")
        .help(
            "use `eval`, `where`, `regex`, `rex`, `rename`, `fillnull` with fields, `makemv` or `nomv`; placeholders stand in \
             names and strings",
        )
}
