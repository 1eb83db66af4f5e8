//! A stand-in until the programs come.

use crate::{
    ids::FieldId,
    row::{Env, Fields},
    value::Value,
};

/// What an expression reads.
pub struct Scope<'a, 'e> {
    /// The row.
    pub fields: &'a dyn Fields<'e>,
    /// The rest.
    pub env: Env<'e>,
}

/// An expression: here the test that a field is `x`.
#[derive(Clone, Debug)]
pub struct Expr(pub FieldId);

impl Expr {
    /// Its value.
    #[must_use]
    pub fn value<'e>(&self, scope: &Scope<'_, 'e>) -> Value<'e> {
        self.test(scope).map_or(Value::Null, Value::Bool)
    }

    /// Whether it is true.
    #[must_use]
    pub fn test(&self, scope: &Scope<'_, '_>) -> Option<bool> {
        scope.fields.get(self.0).text(scope.env.bump).map(|text| text == b"x")
    }
}
