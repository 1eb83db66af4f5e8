//! The arguments of each command: one file for each that has a tree of its own.
//!
//! Whether caltrop runs a command is not asked here: an unknown one is read as balanced words.

mod bin;
pub(super) mod bracketed;
pub(super) mod chart;
pub(super) mod convert;
pub(super) mod dedup;
mod eval;
mod fields;
mod foreach;
mod head;
pub(super) mod inputlookup;
pub(super) mod listed;
pub(super) mod lookup;
mod other;
pub(super) mod outputlookup;
mod regex;
mod rename;
pub(super) mod replace;
pub(super) mod r#return;
mod reverse;
pub(super) mod rex;
pub(super) mod sort;
mod stats;
pub(super) mod strcat;
pub(super) mod streamstats;
mod table;
mod tail;
pub(super) mod top;
pub(super) mod transaction;
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
        "streamstats" => streamstats::parse(parser),
        "eventstats" => stats::parse_eventstats(parser),
        "where" => r#where::parse(parser),
        "eval" => eval::parse(parser),
        "foreach" => foreach::parse(parser),
        "append" => bracketed::parse(parser).map_or(CommandKind::Broken, CommandKind::Append),
        "appendpipe" => {
            bracketed::parse(parser).map_or(CommandKind::Broken, CommandKind::AppendPipe)
        }
        "join" => bracketed::parse(parser).map_or(CommandKind::Broken, CommandKind::Join),
        "format" => listed::parse(parser, CommandKind::Format),
        "return" => r#return::parse(parser),
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
        "fromjson" => listed::parse(parser, CommandKind::FromJson),
        "tojson" => listed::parse(parser, CommandKind::ToJson),
        "multikv" => listed::parse(parser, CommandKind::MultiKv),
        "outlier" => listed::parse(parser, CommandKind::Outlier),
        "xmlkv" => listed::parse(parser, CommandKind::XmlKv),
        "extract" | "kv" => listed::parse(parser, CommandKind::Extract),
        "convert" => convert::parse(parser),
        "replace" => replace::parse(parser),
        "strcat" => strcat::parse(parser),
        "rename" => rename::parse(parser),
        "head" => head::parse(parser),
        "tail" => tail::parse(parser),
        "reverse" => reverse::parse(parser),
        "sort" => sort::parse(parser),
        "dedup" => dedup::parse(parser),
        "chart" => chart::parse(parser, false),
        "timechart" => chart::parse(parser, true),
        "top" => top::parse(parser, false),
        "rare" => top::parse(parser, true),
        "transaction" => transaction::parse(parser),
        "makeresults" => listed::parse(parser, CommandKind::MakeResults),
        "lookup" => lookup::parse(parser),
        "inputlookup" => inputlookup::parse(parser),
        "outputlookup" => outputlookup::parse(parser),
        _ => other::parse(parser),
    }
}
