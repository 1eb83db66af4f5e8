//! The commands, ready to run: one file each.
//!
//! A command that looks at one row at a time has `apply(&self, row, env) -> Verdict`; one that makes several rows of one, or
//! needs the rows of a whole window, has `apply_all(&self, rows, env) -> rows`, rows in and out in the order of the search.

pub mod addtotals;
pub mod append;
pub mod avlbase64;
pub mod bin;
pub mod chart;
mod column;
pub mod convert;
pub mod dedup;
pub mod eval;
pub mod eventstats;
pub mod extract;
pub mod fields;
pub mod fillnull;
pub mod fit;
pub mod foreach;
pub mod format;
pub mod fromjson;
pub mod head;
pub mod inputlookup;
pub mod iplocation;
pub mod join;
pub mod lookup;
pub mod makemv;
pub mod makeresults;
pub mod multikv;
pub mod mvcombine;
pub mod mvexpand;
pub mod nomv;
pub mod outlier;
pub mod outputlookup;
pub mod regex;
pub mod rename;
pub mod replace;
pub mod return_;
pub mod reverse;
pub mod rex;
pub mod sort;
pub mod spath;
pub mod stats;
pub mod strcat;
pub mod streamstats;
mod supplied;
pub mod table;
pub mod tail;
pub mod tojson;
pub mod top;
pub mod transaction;
pub mod where_;
pub mod xmlkv;

#[cfg(test)]
pub(crate) mod testing;

pub use column::{Column, FieldPattern};

use crate::{
    expr::search::Search,
    row::{Env, Row},
};

/// What the stages make of rows, one after the other.
#[must_use]
pub fn run<'e>(stages: &[Stage], rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
    stages.iter().fold(rows, |rows, stage| stage.apply_all(rows, env))
}

/// What a row-local command says of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The row goes on.
    Keep,
    /// The row ends here.
    Drop,
}

impl Verdict {
    /// Keeps the row if `passes`.
    #[must_use]
    pub fn keep_if(passes: bool) -> Self {
        if passes { Self::Keep } else { Self::Drop }
    }
}

/// One command of a pipeline.
#[derive(Debug)]
pub enum Stage {
    /// `search`
    Search(Search),
    /// `regex`
    Regex(regex::Regex),
    /// `where`
    Where(where_::Where),
    /// `eval`
    Eval(eval::Eval),
    /// `table`
    Table(table::Table),
    /// `fields`
    Fields(fields::Fields),
    /// `bin`
    Bin(bin::Bin),
    /// `bin` without `span`
    Fit(fit::Fit),
    /// `rename`
    Rename(rename::Rename),
    /// `append`
    Append(append::Append),
    /// `appendpipe`
    AppendPipe(append::AppendPipe),
    /// `join`
    Join(join::Join),
    /// `format`
    Format(format::Format),
    /// `return`
    Return(return_::Return),
    /// `rex`
    Rex(rex::Rex),
    /// `foreach`
    Foreach(foreach::Foreach),
    /// `fillnull`
    FillNull(fillnull::FillNull),
    /// `makemv`
    MakeMv(makemv::MakeMv),
    /// `multikv`
    MultiKv(multikv::MultiKv),
    /// `mvexpand`
    MvExpand(mvexpand::MvExpand),
    /// `nomv`
    NoMv(nomv::NoMv),
    /// `mvcombine`
    MvCombine(mvcombine::MvCombine),
    /// `addtotals`
    AddTotals(addtotals::AddTotals),
    /// `avlbase64`
    AvlBase64(avlbase64::AvlBase64),
    /// `iplocation`
    IpLocation(iplocation::IpLocation),
    /// `spath`
    SPath(spath::SPath),
    /// `fromjson`
    FromJson(fromjson::FromJson),
    /// `tojson`
    ToJson(tojson::ToJson),
    /// `outlier`
    Outlier(outlier::Outlier),
    /// `xmlkv`
    XmlKv(xmlkv::XmlKv),
    /// `extract`
    Extract(extract::Extract),
    /// `convert`
    Convert(convert::Convert),
    /// `replace`
    Replace(replace::Replace),
    /// `strcat`
    StrCat(strcat::StrCat),
    /// `stats`
    Stats(stats::Stats),
    /// `eventstats`
    Eventstats(eventstats::Eventstats),
    /// `streamstats`
    Streamstats(streamstats::Streamstats),
    /// `head`
    Head(head::Head),
    /// `tail`
    Tail(tail::Tail),
    /// `reverse`
    Reverse(reverse::Reverse),
    /// `sort`
    Sort(sort::Sort),
    /// `dedup`
    Dedup(dedup::Dedup),
    /// `top` and `rare`
    Top(top::Top),
    /// `chart` and `timechart`
    Chart(chart::Chart),
    /// `transaction`
    Transaction(transaction::Transaction),
    /// `makeresults`
    MakeResults(makeresults::MakeResults),
    /// `lookup`
    Lookup(lookup::Lookup),
    /// `inputlookup`
    InputLookup(inputlookup::InputLookup),
    /// `outputlookup`
    OutputLookup(outputlookup::OutputLookup),
}

/// How many rows a command looks at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One row at a time.
    RowLocal,
    /// One row at a time, and of each any number of rows.
    Expanding,
    /// All rows of a window together; cannot be merged from parts. What it makes of a row or a group is known by that row's or
    /// group's key, so that it can be made again when a late row has changed the window.
    WholeWindow,
    /// Rows one after the other, in the order of the search: what it makes of one depends on those before it. Cannot be merged
    /// from parts, and is not made again.
    Ordered,
    /// Any parts of the rows can be reduced apart and merged.
    Mergeable,
    /// Makes rows out of nothing.
    Generating,
}

impl Class {
    /// Whether the command looks at each row alone, so that it can run on an event before any other is known.
    #[must_use]
    pub fn is_per_event(self) -> bool {
        matches!(self, Self::RowLocal | Self::Expanding)
    }
}

impl Stage {
    /// How many rows the command looks at together.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Stats(_) => Class::Mergeable,
            Self::Eventstats(_)
            | Self::Sort(_)
            | Self::Reverse(_)
            | Self::Append(_)
            | Self::AppendPipe(_)
            | Self::Join(_)
            | Self::Format(_)
            | Self::Fit(_)
            | Self::Outlier(_)
            | Self::Return(_) => Class::WholeWindow,
            Self::Top(_) | Self::Chart(_) => Class::WholeWindow,
            Self::FillNull(fill) => fill.class(),
            Self::AddTotals(add) => add.class(),
            Self::MvExpand(_) | Self::MultiKv(_) => Class::Expanding,
            Self::Streamstats(_)
            | Self::Head(_)
            | Self::Tail(_)
            | Self::Dedup(_)
            | Self::Transaction(_)
            | Self::MvCombine(_)
            | Self::OutputLookup(_) => Class::Ordered,
            Self::Search(search) if search.waits() => Class::WholeWindow,
            Self::MakeResults(_) => Class::Generating,
            Self::InputLookup(lookup) => match lookup.place {
                inputlookup::Place::First => Class::Generating,
                inputlookup::Place::Behind => Class::WholeWindow,
            },
            Self::Search(_)
            | Self::Regex(_)
            | Self::Where(_)
            | Self::Eval(_)
            | Self::Table(_)
            | Self::Fields(_)
            | Self::Bin(_)
            | Self::Lookup(_)
            | Self::Rex(_)
            | Self::Foreach(_)
            | Self::MakeMv(_)
            | Self::NoMv(_)
            | Self::AvlBase64(_)
            | Self::IpLocation(_)
            | Self::SPath(_)
            | Self::FromJson(_)
            | Self::ToJson(_)
            | Self::XmlKv(_)
            | Self::Extract(_)
            | Self::Convert(_)
            | Self::Replace(_)
            | Self::StrCat(_)
            | Self::Rename(_) => Class::RowLocal,
        }
    }

    /// Runs a row-local command on one row.
    ///
    /// # Panics
    /// If the command is not row-local.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        env.caches.with_allowance(|| self.apply_alone(row, env))
    }

    fn apply_alone<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        match self {
            Self::Search(search) => Verdict::keep_if(search.test(row, env)),
            Self::Regex(regex) => regex.apply(row, env),
            Self::Where(predicate) => predicate.apply(row, env),
            Self::Eval(eval) => eval.apply(row, env),
            Self::Table(table) => table.apply(row, env),
            Self::Fields(fields) => fields.apply(row, env),
            Self::Bin(bin) => bin.apply(row, env),
            Self::Rename(rename) => rename.apply(row, env),
            Self::Lookup(lookup) => lookup.apply(row, env),
            Self::Rex(rex) => rex.apply(row, env),
            Self::Foreach(foreach) => foreach.apply(row, env),
            Self::FillNull(fill) => fill.apply(row, env),
            Self::MakeMv(make) => make.apply(row, env),
            Self::NoMv(join) => join.apply(row, env),
            Self::AddTotals(add) => add.apply(row, env),
            Self::AvlBase64(decode) => decode.apply(row, env),
            Self::IpLocation(locate) => locate.apply(row, env),
            Self::SPath(spath) => spath.apply(row, env),
            Self::FromJson(fromjson) => fromjson.apply(row, env),
            Self::ToJson(tojson) => tojson.apply(row, env),
            Self::XmlKv(xmlkv) => xmlkv.apply(row, env),
            Self::Extract(extract) => extract.apply(row, env),
            Self::Convert(convert) => convert.apply(row, env),
            Self::Replace(replace) => replace.apply(row, env),
            Self::StrCat(join) => join.apply(row, env),
            _ => unreachable!("only row-local commands are applied to a row"),
        }
    }

    /// Runs the command on the rows of a window, or on those that earlier commands made of one event.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        match self {
            Self::Stats(stats) => stats.apply_all(rows, env),
            Self::Eventstats(eventstats) => eventstats.apply_all(rows, env),
            Self::FillNull(fill) => fill.apply_all(rows, env),
            Self::MvExpand(expand) => expand.apply_all(rows, env),
            Self::MultiKv(multikv) => multikv.apply_all(rows, env),
            Self::MvCombine(combine) => combine.apply_all(rows, env),
            Self::AddTotals(add) => add.apply_all(rows, env),
            Self::Streamstats(streamstats) => streamstats.apply_all(rows, env),
            Self::Append(append) => append.apply_all(rows, env),
            Self::AppendPipe(append) => append.apply_all(rows, env),
            Self::Join(join) => join.apply_all(rows, env),
            Self::Format(format) => format.apply_all(rows, env),
            Self::Fit(fit) => fit.apply_all(rows, env),
            Self::Return(returned) => returned.apply_all(rows, env),
            Self::Head(head) => head.apply_all(rows, env),
            Self::Tail(tail) => tail.apply_all(rows),
            Self::Reverse(reverse) => reverse.apply_all(rows),
            Self::Sort(sort) => sort.apply_all(rows),
            Self::Dedup(dedup) => dedup.apply_all(rows, env),
            Self::Top(top) => top.apply_all(rows, env),
            Self::Chart(chart) => chart.apply_all(rows, env),
            Self::Transaction(transaction) => transaction.apply_all(rows, env),
            Self::MakeResults(make) => make.rows(env),
            Self::InputLookup(lookup) => lookup.apply_all(rows, env),
            Self::Outlier(outlier) => outlier.apply_all(rows, env),
            Self::OutputLookup(lookup) => lookup.apply_all(rows, env),
            _ => {
                rows.retain_mut(|row| self.apply(row, env) == Verdict::Keep);
                rows
            }
        }
    }
}
