//! The arguments of each command: one file for each that has a tree of its own.
//!
//! Whether caltrop runs a command is not asked here: an unknown one is read as balanced words.

mod bin;
mod eval;
mod fields;
mod head;
mod inputlookup;
mod lookup;
mod makeresults;
mod other;
mod outputlookup;
mod regex;
mod rename;
mod stats;
mod table;
mod r#where;

pub(super) use inputlookup::print as print_inputlookup;
pub(super) use lookup::{parse as parse_lookup, print as print_lookup};
pub(super) use outputlookup::print as print_outputlookup;

use super::parser::Parser;
use super::tree::CommandKind;

/// Reads the arguments of the command `name`, which is lower case, up to its end.
pub(super) fn parse(parser: &mut Parser<'_>, name: &str) -> CommandKind {
    match name {
        "search" => CommandKind::Search(parser.search()),
        "regex" => regex::parse(parser),
        "table" => table::parse(parser),
        "fields" => fields::parse(parser),
        "bin" | "bucket" | "discretize" => bin::parse(parser),
        "stats" => stats::parse(parser),
        "where" => r#where::parse(parser),
        "eval" => eval::parse(parser),
        "rename" => rename::parse(parser),
        "head" => head::parse(parser),
        "makeresults" => makeresults::parse(parser),
        "lookup" => lookup::parse(parser),
        "inputlookup" => inputlookup::parse(parser),
        "outputlookup" => outputlookup::parse(parser),
        _ => other::parse(parser),
    }
}
