//! `rex` to its stage: groups become fields, and what sed is to do is read.

use super::{Lowering, regex::compile};
use crate::{
    diag::{Code, Diagnostic},
    expr::capture::Finder,
    names::Names,
    spl::tree::{Pattern, Rex, RexMode},
    stage::rex::{self, Action, Edit, Group, Occurrence},
};

/// The stage of `rex`; `None` once it was reported why there is none.
pub(super) fn lower(rex: &Rex, lowering: &mut Lowering<'_>) -> Option<rex::Rex> {
    let field = match &rex.field {
        Some(field) => lowering.names.intern(&field.value),
        None => Names::RAW,
    };
    let action = match rex.mode {
        RexMode::Extract => extract(rex, lowering)?,
        RexMode::Sed => Action::Edit(edits(&rex.pattern, lowering)?),
    };
    Some(rex::Rex { field, action })
}

fn extract(rex: &Rex, lowering: &mut Lowering<'_>) -> Option<Action> {
    let finder = compile(&rex.pattern, lowering, Finder::compile)?;
    let names = &mut lowering.names;
    let groups: Box<[Group]> = finder
        .group_names()
        .enumerate()
        .filter_map(|(index, name)| Some(Group { index, field: names.intern(name?) }))
        .collect();
    let offsets = rex.offset_field.as_ref().map(|field| names.intern(&field.value));
    if groups.is_empty() {
        lowering.report(no_groups(&rex.pattern));
    }
    let max_match = usize::try_from(rex.max_match).ok().filter(|&most| most > 0);
    Some(Action::Extract { finder, groups, max_match: max_match.unwrap_or(usize::MAX), offsets })
}

fn no_groups(pattern: &Pattern) -> Diagnostic {
    let message = "the pattern of `rex` has no named group";
    Diagnostic::error(Code::BadArgument, pattern.span, message)
        .label("expected a group such as `(?<user>\\w+)`")
        .help("name what it is to extract, or filter with `regex` instead")
}

/// `s/re/text/flags` or `y/from/to/`, one behind the other; what follows the first letter separates the parts.
fn edits(pattern: &Pattern, lowering: &mut Lowering<'_>) -> Option<Box<[Edit]>> {
    let (mut edits, mut rest) = (Vec::new(), pattern.text.trim());
    while !rest.is_empty() || edits.is_empty() {
        let Some(written) = Written::read(rest) else {
            lowering.report(no_sed(pattern));
            return None;
        };
        rest = written.rest;
        edits.push(edit(written, pattern, lowering)?);
    }
    Some(edits.into())
}

/// One command of sed.
struct Written<'t> {
    /// What it does.
    letter: char,
    /// What is looked for, what takes its place, and the flags.
    parts: [String; 3],
    /// What stands behind it.
    rest: &'t str,
}

impl<'t> Written<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let mut chars = text.chars();
        let letter = chars.next().filter(|letter| matches!(letter, 's' | 'y'))?;
        let separator = chars.next().filter(|c| !c.is_alphanumeric() && !c.is_whitespace())?;
        let (from, rest) = part(chars.as_str(), separator)?;
        let (to, rest) = part(rest, separator)?;
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let flags = rest[..end].to_owned();
        Some(Self { letter, parts: [from, to, flags], rest: rest[end..].trim_start() })
    }
}

/// What stands before `separator`, where no backslash stands before that, and what stands behind it.
fn part(text: &str, separator: char) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '\\' => match chars.next() {
                Some(escaped) if escaped == separator => part.push(separator),
                escaped => part.extend(['\\'].into_iter().chain(escaped)),
            },
            c if c == separator => return Some((part, chars.as_str())),
            c => part.push(c),
        }
    }
}

fn edit(written: Written<'_>, whole: &Pattern, lowering: &mut Lowering<'_>) -> Option<Edit> {
    let [from, to, flags] = written.parts;
    let edit = match written.letter {
        's' => substitute(whole, from, to, &flags, lowering)?,
        _ if flags.is_empty() && from.chars().count() == to.chars().count() => {
            Some(Edit::Transliterate { pairs: from.chars().zip(to.chars()).collect() })
        }
        _ => None,
    };
    if edit.is_none() {
        lowering.report(no_sed(whole));
    }
    edit
}

/// `None` once a bad pattern was reported; `Some(None)` where the flags are none.
fn substitute(
    whole: &Pattern,
    regex: String,
    text: String,
    flags: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Option<Edit>> {
    let which = match flags {
        "" => Occurrence::Number(1),
        "g" => Occurrence::Every,
        number => match number.parse() {
            Ok(number) if number > 0 => Occurrence::Number(number),
            _ => return Some(None),
        },
    };
    let pattern = Pattern { text: regex, quoted_alone: None, span: whole.span };
    let finder = compile(&pattern, lowering, Finder::compile)?;
    Some(Some(Edit::Substitute { finder, text: text.into_bytes().into(), which }))
}

fn no_sed(pattern: &Pattern) -> Diagnostic {
    let message = format!("`{}` is nothing that `mode=sed` can do", pattern.text);
    Diagnostic::error(Code::BadArgument, pattern.span, message)
        .label("expected `s/regex/text/flags` or `y/abc/xyz/`")
        .help("the flags are `g` for every match or a number for that one; `y` needs as many letters on both sides")
}
