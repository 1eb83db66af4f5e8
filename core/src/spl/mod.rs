//! SPL text to a syntax tree.
//!
//! Parsing never fails: it returns a tree and diagnostics, all of them, not the first. This module knows no fields and
//! no events, and no macros: `plan::expand` has replaced them before. It takes any nesting up to [`MAX_DEPTH`] and refuses
//! more, so no text overflows the stack, here or in those who walk the tree.
//!
//! ```
//! let (pipeline, diagnostics) = caltrop_core::spl::parse("error OR fail* | table _time, host");
//! assert!(diagnostics.is_empty());
//! assert_eq!(caltrop_core::spl::print(&pipeline), "error OR fail* | table _time, host");
//! ```

mod args;
mod commands;
mod expr;
mod lexer;
mod parser;
mod pipeline;
mod print;
mod search;
pub mod tree;

pub use print::print;

pub(crate) use lexer::skip_quoted;

use crate::diag::Diagnostic;
use tree::{CommandKind, Expr, Lookup, Pipeline, Search};

/// How deep parentheses, brackets, operators and function calls may nest, all together.
pub const MAX_DEPTH: usize = 256;

/// Parses `text`, whose macros are expanded. The diagnostics stand in the order of their places; where one is an error,
/// the tree has gaps.
#[must_use]
pub fn parse(text: &str) -> (Pipeline, Vec<Diagnostic>) {
    let mut parser = parser::Parser::new(text);
    let pipeline = parser.root();
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span);
    (pipeline, diagnostics)
}

/// Parses `text`, all of it, as the expression of `search`: what `searchmatch` is given.
#[must_use]
pub fn parse_search(text: &str) -> (Search, Vec<Diagnostic>) {
    let mut parser = parser::Parser::new(text);
    let search = parser.search();
    (search, parser.diagnostics)
}

/// Parses `text`, all of it, as one eval expression: a calculated field of props.conf, a macro with `iseval`.
#[must_use]
pub fn parse_expression(text: &str) -> (Expr, Vec<Diagnostic>) {
    let mut parser = parser::Parser::new(text);
    parser.command = "eval".to_owned();
    let expression = parser.whole_expression();
    (expression, parser.diagnostics)
}

/// Parses `text`, all of it, as the arguments of `lookup`: a `LOOKUP-` of props.conf. None where they are no such thing.
#[must_use]
pub fn parse_lookup(text: &str) -> (Option<Lookup>, Vec<Diagnostic>) {
    let mut parser = parser::Parser::new(text);
    parser.command = "lookup".to_owned();
    let lookup = match commands::lookup::parse(&mut parser) {
        CommandKind::Lookup(lookup) => Some(lookup),
        _ => None,
    };
    (lookup, parser.diagnostics)
}
