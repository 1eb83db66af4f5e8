//! The macros of the knowledge and of the rule itself, as expansion asks for them.

use bumpalo::Bump;
use jiff::tz::TimeZone;

use super::{expand::Macros, lower::Lowering};
use crate::{
    expr::{
        program::Scope,
        regex::{Caches, RegexIds},
    },
    ids::FieldId,
    knowledge::{
        Knowledge,
        macros::{self, MacroDefinition},
    },
    names::Names,
    row::{Env, Fields},
    spl,
    value::Value,
};

impl Macros for Knowledge {
    fn find(&self, name: &str, arity: usize) -> Option<&MacroDefinition> {
        self.macros.get(&(name.to_owned(), arity))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.macros.keys().map(|(name, _)| name.clone()).collect();
        names.dedup();
        names
    }

    fn evaluate(&self, expression: &str) -> Result<String, String> {
        let (expr, mut diagnostics) = spl::parse_expression(expression);
        let (mut names, mut regexes) = (Names::default(), RegexIds::default());
        let program = Lowering {
            source: expression,
            names: &mut names,
            regexes: &mut regexes,
            lookups: None,
            diagnostics: &mut diagnostics,
            strict_raw: false,
            allow_write: false,
            knowledge: None,
            branches: Vec::new(),
        }
        .value(&expr);
        if let Some(diagnostic) = diagnostics.first() {
            return Err(diagnostic.message.clone());
        }
        let (bump, caches) = (Bump::new(), Caches::new(regexes.count()));
        // A macro is expanded before there is any event, so there is no time either.
        let zone = TimeZone::UTC;
        let env = Env::new(&bump, &names, &caches, &zone, 0.0);
        let value = program.value(&Scope { fields: &NoFields, env });
        match value.text(&bump) {
            Some(text) => Ok(String::from_utf8_lossy(text).into_owned()),
            None => Err("it has no single value".to_owned()),
        }
    }
}

/// The macros that one rule may call.
pub(crate) struct RuleMacros<'r> {
    /// Those that it brings with it.
    pub(crate) own: &'r macros::Macros,
    /// Those that all rules may call, which go first: the operator means what he defines.
    pub(crate) knowledge: &'r Knowledge,
}

impl Macros for RuleMacros<'_> {
    fn find(&self, name: &str, arity: usize) -> Option<&MacroDefinition> {
        let found = self.knowledge.find(name, arity);
        found.or_else(|| self.own.get(&(name.to_owned(), arity)))
    }

    fn names(&self) -> Vec<String> {
        self.knowledge.names()
    }

    fn evaluate(&self, expression: &str) -> Result<String, String> {
        self.knowledge.evaluate(expression)
    }
}

/// Every field is absent while macros are expanded.
struct NoFields;

impl<'e> Fields<'e> for NoFields {
    fn get(&self, _: FieldId) -> Value<'e> {
        Value::Null
    }
}
