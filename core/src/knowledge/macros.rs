//! Search macros: what `` `name(x)` `` stands for.
//!
//! A macro is known by its name *and* its number of arguments: `m`, `m(1)` and `m(2)` are three macros. The stanza
//! `[default]` gives nothing here, for no setting of a macro could hold for all.

use std::collections::BTreeMap;

use super::conf::{Setting, Stanza};
use crate::diag::{Code, Diagnostic};

/// The macros by name and number of arguments.
pub type Macros = BTreeMap<MacroKey, MacroDefinition>;

/// A macro's name and its number of arguments.
pub type MacroKey = (String, usize);

/// What a macro call stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MacroDefinition {
    /// The names that stand as `$name$` in the definition, in the order of a call's arguments.
    pub arguments: Vec<String>,
    /// SPL, or an eval expression that gives SPL.
    pub definition: String,
    /// Whether the definition is an eval expression.
    pub is_eval: bool,
    /// An eval expression that a call's arguments must satisfy.
    pub validation: Option<String>,
    /// What to say when they do not.
    pub error_message: Option<String>,
}

/// The macro that `stanza` defines; none if it holds no settings.
pub(super) fn define(
    name: &str,
    stanza: &Stanza,
) -> Result<Option<(MacroKey, MacroDefinition)>, Diagnostic> {
    let Some(definition) = stanza.settings.get("definition") else {
        return missing_definition(name, stanza).map_or(Ok(None), Err);
    };
    let key = key(name).map_err(|reason| {
        let message = format!("the macro `{name}` {reason}");
        Diagnostic::error(Code::BadKnowledge, definition.key, message)
            .help("write `[name]` or `[name(2)]`")
    })?;
    let arguments = arguments(stanza);
    if arguments.len() != key.1 {
        return Err(wrong_arity(name, stanza, definition));
    }
    let text = |key| stanza.value(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let macro_definition = MacroDefinition {
        arguments,
        definition: definition.value.value.clone(),
        is_eval: stanza.is_true("iseval"),
        validation: text("validation"),
        error_message: text("errormsg"),
    };
    Ok(Some((key, macro_definition)))
}

/// What a stanza's name says: `group_events(2)` or `sysmon`. Else what is wrong with it.
fn key(stanza: &str) -> Result<MacroKey, &'static str> {
    let (name, arity) = match stanza.split_once('(') {
        None => (stanza, 0),
        Some((name, rest)) => {
            let digits = rest.strip_suffix(')').ok_or("lacks `)` in its name")?;
            let arity = digits.trim().parse().map_err(|_| "needs a number in parentheses")?;
            (name, arity)
        }
    };
    match name.trim() {
        "" => Err("has no name"),
        name => Ok((name.to_owned(), arity)),
    }
}

fn arguments(stanza: &Stanza) -> Vec<String> {
    let list = stanza.value("args").unwrap_or_default();
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn wrong_arity(name: &str, stanza: &Stanza, definition: &Setting) -> Diagnostic {
    let span = stanza.settings.get("args").map_or(definition.key, |args| args.value.span);
    let message = format!("the macro `{name}` lists a different number of arguments in `args`");
    Diagnostic::error(Code::BadKnowledge, span, message)
        .help("give as many names in `args` as the number in the stanza's parentheses says")
}

fn missing_definition(name: &str, stanza: &Stanza) -> Option<Diagnostic> {
    let setting = stanza.settings.values().next().filter(|_| name != super::conf::DEFAULT)?;
    let message = format!("the macro `{name}` has no `definition`");
    Some(Diagnostic::error(Code::BadKnowledge, setting.key, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::conf;

    fn read(text: &str) -> (Macros, Vec<String>) {
        let (conf, _) = conf::parse("macros.conf", text);
        let mut macros = Macros::new();
        let mut problems = Vec::new();
        for (name, stanza) in &conf.stanzas {
            match define(name, stanza) {
                Ok(defined) => macros.extend(defined),
                Err(diagnostic) => problems.push(diagnostic.message),
            }
        }
        (macros, problems)
    }

    #[test]
    fn a_macro_is_known_by_its_name_and_arity() {
        let (macros, problems) = read(
            "[m]\ndefinition = a b\n[m(2)]\nargs = x , y\ndefinition = $x$ $y$\niseval = 1\n\
             validation = isnum(x)\nerrormsg = no number\n[empty]\ndefinition =\n[nothing]\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let plain = MacroDefinition { definition: "a b".to_owned(), ..MacroDefinition::default() };
        let two = MacroDefinition {
            arguments: vec!["x".to_owned(), "y".to_owned()],
            definition: "$x$ $y$".to_owned(),
            is_eval: true,
            validation: Some("isnum(x)".to_owned()),
            error_message: Some("no number".to_owned()),
        };
        let expected = [
            (("empty".to_owned(), 0), MacroDefinition::default()),
            (("m".to_owned(), 0), plain),
            (("m".to_owned(), 2), two),
        ];
        assert_eq!(macros, Macros::from(expected));
    }

    #[test]
    fn a_macro_that_cannot_be_called_is_refused() {
        for (text, problem) in [
            ("[m(1)]\ndefinition = x", "`m(1)` lists a different number of arguments in `args`"),
            (
                "[m]\nargs = a\ndefinition = x",
                "`m` lists a different number of arguments in `args`",
            ),
            ("[m(x)]\ndefinition = x", "`m(x)` needs a number in parentheses"),
            ("[m(1]\nargs = a\ndefinition = x", "`m(1` lacks `)` in its name"),
            ("[(1)]\nargs = a\ndefinition = x", "`(1)` has no name"),
            ("[m]\niseval = 1", "`m` has no `definition`"),
        ] {
            let (macros, problems) = read(text);
            assert!(macros.is_empty(), "{text}");
            assert_eq!(problems, [format!("the macro {problem}")], "{text}");
        }
    }
}
