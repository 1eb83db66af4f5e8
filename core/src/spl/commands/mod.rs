//! The arguments of each command: one file for each that has a tree of its own.
//!
//! Whether caltrop runs a command is not asked here: an unknown one is read as balanced words.

mod bin;
pub(super) mod convert;
mod eval;
mod fields;
mod head;
pub(super) mod listed;
mod makeresults;
mod other;
mod regex;
mod rename;
pub(super) mod replace;
pub(super) mod rex;
mod stats;
pub(super) mod strcat;
mod table;
mod r#where;

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
        "eventstats" => stats::parse_eventstats(parser),
        "where" => r#where::parse(parser),
        "eval" => eval::parse(parser),
        "rex" => rex::parse(parser),
        "fillnull" => listed::parse(parser, CommandKind::FillNull),
        "makemv" => listed::parse(parser, CommandKind::MakeMv),
        "mvexpand" => listed::parse(parser, CommandKind::MvExpand),
        "nomv" => listed::parse(parser, CommandKind::NoMv),
        "mvcombine" => listed::parse(parser, CommandKind::MvCombine),
        "addtotals" => listed::parse(parser, CommandKind::AddTotals),
        "avlbase64" => listed::parse(parser, CommandKind::AvlBase64),
        "iplocation" => listed::parse(parser, CommandKind::IpLocation),
        "spath" => listed::parse(parser, CommandKind::SPath),
        "xmlkv" => listed::parse(parser, CommandKind::XmlKv),
        "extract" | "kv" => listed::parse(parser, CommandKind::Extract),
        "convert" => convert::parse(parser),
        "replace" => replace::parse(parser),
        "strcat" => strcat::parse(parser),
        "rename" => rename::parse(parser),
        "head" => head::parse(parser),
        "makeresults" => makeresults::parse(parser),
        _ => other::parse(parser),
    }
}
