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
        RexMode::Sed => Action::Edit(edit(&rex.pattern, lowering)?),
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

/// `s/re/text/flags` or `y/from/to/`; what follows the first letter separates the parts.
fn edit(pattern: &Pattern, lowering: &mut Lowering<'_>) -> Option<Edit> {
    let mut chars = pattern.text.trim().chars();
    let parts = match (chars.next(), chars.next()) {
        (Some(kind @ ('s' | 'y')), Some(separator)) if !separator.is_alphanumeric() => {
            split(chars.as_str(), separator).map(|parts| (kind, parts))
        }
        _ => None,
    };
    let edit = match parts {
        Some(('s', [regex, text, flags])) => substitute(pattern, regex, text, &flags, lowering)?,
        Some((_, [from, to, flags]))
            if flags.is_empty() && from.chars().count() == to.chars().count() =>
        {
            Some(Edit::Transliterate { pairs: from.chars().zip(to.chars()).collect() })
        }
        _ => None,
    };
    if edit.is_none() {
        lowering.report(no_sed(pattern));
    }
    edit
}

/// The three parts that `separator` separates, where no backslash stands before it.
fn split(text: &str, separator: char) -> Option<[String; 3]> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let part = parts.last_mut()?;
        match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped == separator => part.push(separator),
                escaped => part.extend([c].into_iter().chain(escaped)),
            },
            _ if c == separator => parts.push(String::new()),
            _ => part.push(c),
        }
    }
    parts.try_into().ok()
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
