//! The forms of rules, their stages and their expressions, in that order.
//!
//! [`forms`] lists the parts of what is public; what keeps a promise of its own is written by hand, and read by the constructor
//! that makes the promise.

use std::sync::Arc;

use ipnet::IpNet;

use super::{
    Branch, Branched, Closing, Period, Plan, PlanHash, Purpose, Reduce, Revision, Rule, RuleMeta,
    form::{Form, Loader, Saver, check, forms, place},
};
use crate::{
    agg::AggregateFunction,
    codec::Malformed,
    event::{
        extract::{self, Extraction, Matches, Method, OutputName, Template},
        labels::{self, Label, Labels},
        mapping::{self, Mapping},
        recognise::{self, Recognisers},
        selector::{self, Selector, Wild},
    },
    expr::{
        capture::Finder,
        functions::{Body, Function},
        glob::{Case, Glob},
        like::Like,
        program::{Call, Chain, Comparison, Expr, Literal, Operator, Prepared, Relation},
        raw::{RawMatcher, Reach},
        regex::Regex,
        regex_set::RegexSet,
        search::{self, Bound, Pattern, RawTest, Search, Test},
    },
    ids::TermId,
    locations::{Attribute, Language, Locations},
    lookup::{self, Index, Limits, Lookup, Table},
    outbox::{IfEmpty, Manner, is_file_name},
    scan::{Atom, Domain, needle::Needle, segment::Breaker},
    stage::{
        self, Column, FieldPattern, Stage,
        bin::{Bin, CalendarUnit, Span},
        stats::{self, Stats},
    },
};

forms! {
    struct Rule { meta, plan_hash, plan, anchor, also };
    struct RuleMeta { path, id, title, description, technique_ids };
    enum Reduce { 0 Stats(stats), 1 Collect, 2 Branched(branched) };
    struct Branched { own, branches } if is_flat;
    struct Branch { mapped, expanded, reduce, finish, purpose, most_rows } if maps;
    enum Purpose { 0 Rows, 1 Tests };
    struct Closing { bucket, by_host, period, revision };
    struct Period { span, offset_ns };
    enum Revision { 0 Never, 1 Groups, 2 Window };
    enum Domain { 0 Raw, 1 Decoded };
}

impl Form for PlanHash {
    fn save(&self, out: &mut Saver) {
        out.out.plain(&self.to_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.bytes.plain().map(Self::from_bytes)
    }
}

forms! {
    struct Plan { mapped, expanded, reduce, finish, closing, generates } if can_run;
    struct Atom { text, starts_token, ends_token, domain } if can_be_found;
}

/// Whether each part can do what the engine asks of it.
fn can_run(plan: &Plan) -> bool {
    let closes_apart = plan.closing.bucket.is_some() || plan.closing.by_host;
    plan.mapped.iter().all(is_row_local)
        && plan.expanded.iter().all(|stage| stage.class().is_per_event())
        && (matches!(plan.reduce, Some(Reduce::Stats(_))) || !closes_apart)
}

/// Whether no pipeline of a rule with branches has branches of its own: these are all the rule's.
fn is_flat(branched: &Branched) -> bool {
    let of_branches = branched.branches.iter().map(|branch| &branch.reduce);
    !of_branches.chain([&branched.own]).any(|reduce| matches!(reduce, Reduce::Branched(_)))
}

/// The same for a branch.
fn maps(branch: &Branch) -> bool {
    branch.mapped.iter().all(is_row_local)
        && branch.expanded.iter().all(|stage| stage.class().is_per_event())
}

fn is_row_local(stage: &Stage) -> bool {
    stage.class() == stage::Class::RowLocal
}

fn can_be_found(atom: &Atom) -> bool {
    is_literal(&atom.text)
}

/// Whether a text can be looked for in any case.
fn is_literal(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().any(u8::is_ascii_uppercase)
}

forms! {
    enum Stage {
        0 Search(it), 1 Regex(it), 2 Where(it), 3 Eval(it), 4 Table(it), 5 Fields(it), 6 Bin(it), 7 Rename(it), 8 Append(it),
        9 AppendPipe(it), 10 Join(it), 11 Format(it), 12 Return(it), 13 Rex(it), 14 Foreach(it), 15 FillNull(it), 16 MakeMv(it),
        17 MvExpand(it), 18 NoMv(it), 19 MvCombine(it), 20 AddTotals(it), 21 AvlBase64(it), 22 IpLocation(it), 23 SPath(it),
        24 XmlKv(it), 25 Extract(it), 26 Convert(it), 27 Replace(it), 28 StrCat(it), 29 Stats(it), 30 Eventstats(it),
        31 Streamstats(it), 32 Head(it), 33 Tail(it), 34 Reverse(it), 35 Sort(it), 36 Dedup(it), 37 Top(it), 38 Chart(it),
        39 Transaction(it), 40 MakeResults(it), 41 Lookup(it), 42 InputLookup(it), 43 OutputLookup(it), 44 FromJson(it), 45 Outlier(it),
        46 Fit(it), 47 ToJson(it), 48 MultiKv(it),
    };

    struct stage::regex::Regex { field, negated, pattern };
    struct stage::where_::Where { predicate };
    struct stage::eval::Eval { assignments };
    enum stage::eval::Target { 0 Field(it), 1 Template(it) };
    enum stage::eval::Piece { 0 Text(it), 1 Field(it) };
    struct stage::table::Table { columns };
    struct stage::fields::Fields { mode, columns };
    enum stage::fields::Mode { 0 Keep, 1 Remove };
    struct Bin { field, target, span, origin };
    enum stage::bin::Origin { 0 At(it), 1 Relative(it) };
    struct stage::tojson::ToJson { members, usual, fills_null, includes_internal, output };
    enum stage::tojson::Kind { 0 None, 1 Auto, 2 Bool, 3 Json, 4 Number, 5 Text };
    struct stage::multikv::MultiKv { header, fields, filters, copies, replaces };
    enum stage::multikv::Header { 0 Found, 1 Line(it), 2 None };
    struct stage::fit::Fit { field, target, most, least, start, end, origin };
    enum CalendarUnit { 0 Day, 1 Week, 2 Month };
    struct stage::rename::Rename { pairs };
    enum stage::rename::Renaming { 0 Field { from, to }, 1 Pattern { from, to } };
    enum stage::append::Source { 0 Generated(stages), 1 Branch(branch) };
    struct stage::append::Append { source, most };
    struct stage::append::AppendPipe { stages };
    struct stage::join::Join { keys, kind, most, overwrites, source };
    enum stage::join::Kind { 0 Inner, 1 Left };
    struct stage::format::Format {
        start, row_start, between_fields, row_end, between_rows, end, between_values, empty, most_rows,
    };
    struct stage::return_::Return { count, items, gives };
    enum stage::return_::Gives { 0 Text, 1 Rows };
    struct stage::return_::Item { field, name };
    struct stage::rex::Rex { field, action };
    enum stage::rex::Action { 0 Extract { finder, groups, max_match, offsets }, 1 Edit(it) };
    struct stage::rex::Group { index, field };
    enum stage::rex::Edit { 0 Substitute { finder, text, which }, 1 Transliterate { pairs } };
    enum stage::rex::Occurrence { 0 Every, 1 Number(it) };
    enum stage::foreach::Over { 0 Fields(it), 1 Items(field, kind) };
    enum stage::foreach::Collection { 0 Values, 1 JsonArray, 2 Any };
    struct stage::foreach::Hole { field, kind, parts };
    enum stage::foreach::HoleKind { 0 Name, 1 Bare, 2 Text };
    enum stage::foreach::Part { 0 Text(it), 1 Field, 2 Match, 3 Segment(it), 4 Item };
    struct stage::fillnull::FillNull { value, columns };
    enum stage::fillnull::Columns { 0 Listed(it), 1 All };
    struct stage::makemv::MakeMv { field, splitter, keeps_empty };
    enum stage::makemv::Splitter { 0 Delimiter(it), 1 Tokenizer(it) };
    struct stage::mvexpand::MvExpand { field, limit };
    struct stage::nomv::NoMv { field, delimiter };
    struct stage::mvcombine::MvCombine { field };
    struct stage::addtotals::AddTotals { columns, total, summary };
    struct stage::addtotals::Summary { field, label };
    struct stage::avlbase64::AvlBase64 { field, target };
    enum Attribute { 0 City, 1 Country, 2 Region, 3 Continent, 4 Latitude, 5 Longitude, 6 MetroCode, 7 Timezone };
    enum Language { 0 Code(it), 1 Iso };
    struct stage::fromjson::FromJson { field, prefix };
    struct stage::outlier::Outlier { fields, action, reach, looks_below };
    enum stage::outlier::Action { 0 Cut, 1 Mark, 2 Remove };
    struct stage::spath::SPath { input, place };
    enum stage::spath::Place { 0 Path(path, field), 1 Everywhere };
    struct stage::xmlkv::XmlKv { field };
    struct stage::extract::Extract { extractions, automatic, adds_values, limit, max_bytes };
    struct stage::convert::Convert { time_format, conversions, spared };
    struct stage::convert::Conversion { function, fields };
    enum stage::convert::Selection { 0 Field(from_field, to), 1 Pattern(from_fields, to) };
    enum stage::convert::Function {
        0 Auto, 1 Ctime, 2 Dur2Sec, 3 Memk, 4 Mktime, 5 Mstime, 6 Num, 7 RmComma, 8 RmUnit,
    };
    struct stage::replace::Replace { pairs, fields };
    struct stage::replace::Pair { old, new };
    struct stage::strcat::StrCat { sources, target, all_required };
    enum stage::strcat::Source { 0 Text(it), 1 Field(it) };
    struct Stats { by, aggregates, all_numeric, distinct_splits };
    enum stats::Input { 0 None, 1 Field(it), 2 Pattern(it), 3 Expr(it) };
    enum stats::Output { 0 Field(it), 1 Pattern(it) };
    struct stage::eventstats::Eventstats { stats };
    struct stage::head::Head { limit, condition, null_holds, keeps_last };
    struct stage::tail::Tail { limit };
    struct stage::reverse::Reverse {};
    struct stage::sort::Sort { keys, limit };
    struct stage::sort::Key { field, kind, descending };
    enum stage::sort::Kind { 0 Auto, 1 Number, 2 Text, 3 Address };
    struct stage::dedup::Dedup { limit, fields, sort, keeps_events, keeps_empty, consecutive };
    enum stage::transaction::Border { 0 Search(it), 1 Eval(it) };
    enum stage::transaction::Lists { 0 None, 1 Of(it), 2 All };
    enum stage::makeresults::MakeResults { 0 Times(it), 1 Objects(it) };
    struct stage::lookup::Lookup { table };
    enum stage::inputlookup::Place { 0 First, 1 Behind };
    enum Column { 0 Field(it), 1 Pattern(it) };
    struct stage::foreach::Foreach { over, template, holes, may_write_internal } if is_of_one_row;
    struct stage::iplocation::IpLocation { field, outputs, language, locations };
    struct stats::Aggregate { function, input, output } if has_one_name;
    struct stage::streamstats::Streamstats {
        order, plain, costly, window, includes_current, resets_on_change, reset_before, reset_after,
    } if is_bounded;
    struct stage::streamstats::Window { rows, time_ns, of_each_group };
    struct stage::top::Top {
        is_rare, groups, limit, shows_count, shows_percent, other, percent, counts,
    } if counts_its_groups;
    struct stage::chart::Chart {
        row, column, buckets, series, other, null, naming, is_continuous, rates, shown, stats,
    };
    struct stage::chart::Shown { field, expr, counts_nothing_as_zero };
    enum stage::chart::Piece { 0 Text(it), 1 Aggregate, 2 Value };
    struct stage::chart::Series { scores, score, is_of_groups, kept };
    enum stage::chart::Kept {
        0 Greatest(it), 1 Least(it), 2 NotGreatest(it), 3 NotLeast(it), 4 Above(it), 5 Below(it),
    };
    struct stage::chart::Rate { field, unit_ns };
    enum stage::chart::Buckets { 0 None, 1 Bin(it), 2 Fit(it) };
    struct stage::transaction::Transaction {
        fields, starts_with, ends_with, max_span_ns, max_pause_ns, max_events, max_open, max_open_events, is_connected,
        unifies_ends, keeps_evicted, keeps_orphans, lists, lists_raw, null_text, columns,
    };
    struct stage::inputlookup::InputLookup { table, columns, filter, start, most, place } if has_its_columns;
    struct stage::inputlookup::Column { place, field };
    struct stage::outputlookup::OutputLookup { file, manner, most } if names_a_file;
    enum Manner { 0 Replace(if_empty), 1 Append, 2 Update(column) };
    enum IfEmpty { 0 Remove, 1 Keep, 2 Empty };
    enum Span { 0 Fixed(ns), 1 Calendar(count, unit), 2 Linear { units, decimals }, 3 Log { coefficient, base } } if has_width;
}

fn is_of_one_row(foreach: &stage::foreach::Foreach) -> bool {
    foreach.template.iter().all(is_row_local)
}

fn has_one_name(aggregate: &stats::Aggregate) -> bool {
    matches!(aggregate.input, stats::Input::Pattern(_))
        == matches!(aggregate.output, stats::Output::Pattern(_))
}

fn is_bounded(streamstats: &stage::streamstats::Streamstats) -> bool {
    let rows = streamstats.window.rows;
    rows.is_none_or(|rows| (1..=stage::streamstats::MAX_WINDOW_ROWS).contains(&rows))
}

fn counts_its_groups(top: &stage::top::Top) -> bool {
    top.groups <= top.counts.by.len()
        && matches!(
            *top.counts.aggregates,
            [stats::Aggregate { function: AggregateFunction::Count, .. }]
        )
}

fn names_a_file(lookup: &stage::outputlookup::OutputLookup) -> bool {
    is_file_name(&lookup.file)
}

fn has_its_columns(lookup: &stage::inputlookup::InputLookup) -> bool {
    lookup.columns.iter().all(|column| column.place < lookup.table.columns().len())
}

fn has_width(span: &Span) -> bool {
    match *span {
        Span::Fixed(width_ns) => width_ns > 0,
        Span::Calendar(count, _) => (1..=Span::MOST_UNITS).contains(&count),
        Span::Linear { units, decimals } => {
            units.is_finite() && units > 0.0 && (0..=15).contains(&decimals)
        }
        Span::Log { coefficient, base } => {
            coefficient.is_finite() && coefficient > 0.0 && base.is_finite() && base > 1.0
        }
    }
}

/// A database is of the machine that runs the rules: the file says only that the rule asks for one.
impl Form for Option<Locations> {
    fn save(&self, _: &mut Saver) {}

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        Ok(from.locations.clone())
    }
}

forms! {
    enum AggregateFunction {
        0 Count, 1 DistinctCount, 2 Values, 3 List, 4 Min, 5 Max, 6 Range, 7 Sum, 8 SumOfSquares, 9 Mean, 10 Mode, 11 Median,
        12 Percentile(it), 13 ExactPercentile(it), 14 Stdev, 15 StdevP, 16 Var, 17 VarP, 18 First, 19 Last, 20 Earliest,
        21 Latest, 22 EarliestTime, 23 LatestTime, 24 Rate, 25 EstimateError,
    };
    struct Lookup { index, inputs, outputs, keeps_existing, limits, times } if has_its_keys;
    struct lookup::Times { rows_ns, least_offset_ns, most_offset_ns } if is_newest_first;
    struct lookup::Output { column, field };
    struct Limits { most, least, default };
    struct lookup::Key { column, matching };
    enum lookup::Matching { 0 Exact, 1 Network, 2 Wildcard };
}

fn is_newest_first(times: &lookup::Times) -> bool {
    times.rows_ns.is_sorted_by(|first, second| first >= second)
}

fn has_its_keys(lookup: &Lookup) -> bool {
    let columns = lookup.index.table().columns().len();
    let rows = lookup.index.table().row_count();
    lookup.inputs.len() == lookup.index.keys().len()
        && lookup.outputs.iter().all(|output| output.column < columns)
        && lookup.times.as_ref().is_none_or(|times| times.rows_ns.len() == rows)
}

impl Form for Arc<Table> {
    fn save(&self, out: &mut Saver) {
        out.pools.tables.number(place(self), self).save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.shared(|from| &from.tables)
    }
}

impl Form for Arc<Index> {
    fn save(&self, out: &mut Saver) {
        out.pools.indexes.number(place(self), self).save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.shared(|from| &from.indexes)
    }
}

impl Form for Regex {
    fn save(&self, out: &mut Saver) {
        out.pools.regexes.number(self.pattern().into(), self).save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.shared(|from| &from.regexes)
    }
}

impl Form for Finder {
    fn save(&self, out: &mut Saver) {
        out.pools.finders.number(self.pattern().into(), self).save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.shared(|from| &from.finders)
    }
}

forms! {
    struct Chain { first, rest };
    enum Operator { 0 Add, 1 Subtract, 2 Multiply, 3 Divide, 4 Modulo, 5 Concat };
    enum Relation { 0 Eq, 1 Ne, 2 Lt, 3 Le, 4 Gt, 5 Ge };
    struct Comparison { relation, left, right };
    enum Prepared { 0 None, 1 Regex(it), 2 Finder(it), 3 Like(it), 4 Net(it), 5 Element(it) };
    enum Like { 0 Glob(it), 1 Regex(it) };
    enum Test { 0 Raw(it), 1 Equals(field, patterns), 2 Differs(field, pattern), 3 Ordered(field, relation, bound) };
    struct RawTest { matcher, event_id };
    struct Pattern { glob, network };
    enum search::Relation { 0 Less, 1 LessOrEqual, 2 Greater, 3 GreaterOrEqual };
    struct Bound { text, number };
    enum RawMatcher { 0 Phrase(it), 1 Term { literal, fence }, 2 TermGlob(it) };
    enum Reach { 0 Word, 1 Anything };
    enum Breaker { 0 None, 1 Minor, 2 Major };
    enum Case { 0 Sensitive, 1 Insensitive };
}

impl Form for Literal {
    fn save(&self, out: &mut Saver) {
        match self {
            Self::Null => out.out.byte(0),
            Self::Number(number) => {
                out.out.byte(1);
                number.save(out);
            }
            Self::Decimal { number, decimals } => {
                out.out.byte(2);
                number.save(out);
                out.out.byte(*decimals);
            }
            Self::Text(text) => {
                out.out.byte(3);
                text.save(out);
            }
        }
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        Ok(match from.bytes.byte()? {
            0 => Self::Null,
            1 => Self::Number(Form::load(from)?),
            2 => Self::Decimal { number: Form::load(from)?, decimals: from.bytes.byte()? },
            3 => Self::Text(Form::load(from)?),
            _ => return Err(Malformed::new("a literal is of no known kind")),
        })
    }
}

impl Form for Expr {
    fn save(&self, out: &mut Saver) {
        let number = |out: &mut Saver, number| out.out.byte(number);
        match self {
            Self::Literal(it) => (number(out, 0), it.save(out)),
            Self::Field(it) => (number(out, 1), it.save(out)),
            Self::Negate(it) => (number(out, 2), it.save(out)),
            Self::Not(it) => (number(out, 3), it.save(out)),
            Self::Chain(it) => (number(out, 4), it.save(out)),
            Self::Compare(it) => (number(out, 5), it.save(out)),
            Self::And(it) => (number(out, 6), it.save(out)),
            Self::Or(it) => (number(out, 7), it.save(out)),
            Self::Xor(it) => (number(out, 8), it.save(out)),
            Self::Call(it) => (number(out, 9), it.save(out)),
            Self::SearchMatch(it) => (number(out, 10), it.save(out)),
        };
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.level(1, |from| {
            Ok(match from.bytes.byte()? {
                0 => Self::Literal(Form::load(from)?),
                1 => Self::Field(Form::load(from)?),
                2 => Self::Negate(Form::load(from)?),
                3 => Self::Not(Form::load(from)?),
                4 => Self::Chain(Form::load(from)?),
                5 => Self::Compare(Form::load(from)?),
                6 => Self::And(Form::load(from)?),
                7 => Self::Or(Form::load(from)?),
                8 => Self::Xor(Form::load(from)?),
                9 => Self::Call(Form::load(from)?),
                10 => Self::SearchMatch(from.apart(Form::load)?),
                _ => return Err(Malformed::new("an expression is of no known kind")),
            })
        })
    }
}

impl Form for Call {
    fn save(&self, out: &mut Saver) {
        out.pools.functions.number(self.function.name, &self.function).save(out);
        self.arguments.save(out);
        self.prepared.save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let function = from.shared(|from| &from.functions)?;
        let count = from.bytes.count(1)?;
        check(function.arguments.contains(&count), "a function has too few or too many arguments")?;
        let mut arguments = Vec::new();
        for index in 0..count {
            arguments.push(argument(function, index, from)?);
        }
        Ok(Self { function, arguments: arguments.into(), prepared: Form::load(from)? })
    }
}

/// What a function chooses among is evaluated in its place, so it lies no deeper.
fn argument(function: &Function, index: usize, from: &mut Loader<'_>) -> Result<Expr, Malformed> {
    let is_chosen = matches!(function.body, Body::Choose(_)) && !function.tests.holds(index);
    if !is_chosen {
        return Expr::load(from);
    }
    from.levels -= 1;
    let argument = Expr::load(from);
    from.levels += 1;
    argument
}

/// A shared term stands at the top of a search, or is one of those that must all hold.
const SHARED_LEVELS: usize = 2;

/// One of the terms that were read before the rules.
fn shared_term(from: &mut Loader<'_>) -> Result<TermId, Malformed> {
    let number = usize::load(from)?;
    check(number < from.terms, "a rule shares a term that is not there")?;
    check(from.levels <= SHARED_LEVELS, "a shared term stands within another")?;
    Ok(TermId::new(number))
}

impl Form for Search {
    fn save(&self, out: &mut Saver) {
        match self {
            Self::All => out.out.byte(0),
            Self::And(terms) => {
                out.out.byte(1);
                terms.save(out);
            }
            Self::Or(terms) => {
                out.out.byte(2);
                terms.save(out);
            }
            Self::Not(term) => {
                out.out.byte(3);
                term.save(out);
            }
            Self::Leaf(text, test) => {
                out.out.byte(4);
                text.save(out);
                test.save(out);
            }
            Self::Agrees(text, branch) => {
                out.out.byte(5);
                text.save(out);
                branch.save(out);
            }
            Self::Shared(term) => {
                out.out.byte(6);
                term.index().save(out);
            }
        }
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.level(1, |from| {
            Ok(match from.bytes.byte()? {
                0 => Self::All,
                1 => Self::And(Form::load(from)?),
                2 => Self::Or(Form::load(from)?),
                3 => Self::Not(Form::load(from)?),
                4 => Self::Leaf(Form::load(from)?, Form::load(from)?),
                5 => Self::Agrees(Form::load(from)?, Form::load(from)?),
                6 => Self::Shared(shared_term(from)?),
                _ => return Err(Malformed::new("a search is of no known kind")),
            })
        })
    }
}

impl Form for IpNet {
    fn save(&self, out: &mut Saver) {
        out.out.text(self.to_string().as_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let text = String::load(from)?;
        let network = text.parse().ok().filter(|network: &Self| network.to_string() == text);
        network.ok_or(Malformed::new("a text is no network"))
    }
}

impl Form for Needle {
    fn save(&self, out: &mut Saver) {
        out.out.text(self.text());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let text = from.bytes.text()?;
        check(is_literal(text), "a literal cannot be looked for")?;
        Ok(Self::new(text))
    }
}

impl Form for Glob {
    fn save(&self, out: &mut Saver) {
        self.case().save(out);
        let pieces: Vec<Box<[u8]>> = self.literal_pieces().map(Into::into).collect();
        pieces.save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let case = Case::load(from)?;
        let count = from.bytes.count(1)?;
        check(count > 0, "a pattern has no pieces")?;
        let mut again = from.bytes;
        for _ in 0..count {
            let text = from.bytes.text()?;
            let is_lower = case == Case::Sensitive || !text.iter().any(u8::is_ascii_uppercase);
            check(is_lower, "a pattern is not in lower case")?;
        }
        let pieces = (0..count).map(|_| again.text().expect("it was read just now"));
        Ok(Self::of_pieces(pieces, case))
    }
}

impl Form for FieldPattern {
    fn save(&self, out: &mut Saver) {
        self.selects_internal().save(out);
        self.glob().save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let selects_internal = bool::load(from)?;
        Ok(Self::of_glob(Glob::load(from)?, selects_internal))
    }
}

forms! {
    struct Extraction { source, method, adds_values, keeps_empty };
    enum Method {
        0 Pattern { finder, outputs, matches }, 1 Columns { delimiters, fields }, 2 Pairs { between, within, cleans_names },
    };
    enum Matches { 0 First, 1 All };
    struct extract::Output { name, value };
    enum OutputName { 0 Field(it), 1 Supplied { template, cleans } };
    enum extract::Piece { 0 Text(it), 1 Group(it) };
    struct Mapping {
        stanzas, extractions, calculations, lookups, labels, recognisers, makes, takes_names, has_modes, has_hosts,
    } if names_its_parts;
    struct mapping::Stanza {
        selector, sourcetype, reads_pairs, extractions, reports, aliases, calculations, lookups,
    };
    struct mapping::ExtractionSetting { class, extractions };
    struct mapping::AliasSetting { class, aliases };
    struct mapping::LookupSetting { class, lookup };
    struct mapping::Alias { from, to, keeps_existing };
    struct Labels { eventtypes, tagged, fields } if names_its_fields;
    struct labels::Eventtype { name, search };
    struct labels::Tagged { field, values };
    struct labels::TaggedValue { text, tags };
    enum Label { 0 Eventtype, 1 Tag, 2 TagOf(it) };
    struct Recognisers { patterns, pattern_count, recognisers } if names_its_patterns;
    struct recognise::Recogniser { sourcetype, conditions };
    enum Selector { 0 Source(it), 1 Host(it), 2 Sourcetype(it), 3 Everything };
    enum selector::Pattern { 0 Literal(it), 1 Wild(it) };
}

fn names_its_parts(mapping: &Mapping) -> bool {
    mapping.stanzas.iter().all(|stanza| {
        let settings = stanza.extractions.iter().chain(&stanza.reports);
        let mut extractions = settings.flat_map(|setting| &setting.extractions);
        let mut calculations = stanza.calculations.iter().filter_map(|(_, place)| *place);
        let mut lookups = stanza.lookups.iter().filter_map(|setting| setting.lookup);
        extractions.all(|&place| place < mapping.extractions.len())
            && calculations.all(|place| place < mapping.calculations.len())
            && lookups.all(|place| place < mapping.lookups.len())
    })
}

fn names_its_fields(labels: &Labels) -> bool {
    labels.fields.iter().all(|(_, label)| match *label {
        Label::Eventtype | Label::Tag => true,
        Label::TagOf(place) => place < labels.tagged.len(),
    })
}

fn names_its_patterns(recognisers: &Recognisers) -> bool {
    let count = recognisers.patterns.as_ref().map_or(0, |set| set.patterns().len());
    let conditions = recognisers.recognisers.iter().flat_map(|recogniser| &recogniser.conditions);
    recognisers.pattern_count == count && conditions.clone().all(|&(pattern, _)| pattern < count)
}

impl Form for Template {
    fn save(&self, out: &mut Saver) {
        self.0.save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        Form::load(from).map(Self)
    }
}

impl Form for Wild {
    fn save(&self, out: &mut Saver) {
        out.out.text(self.pattern().as_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        Form::load(from).map(Self::load)
    }
}

impl Form for RegexSet {
    fn save(&self, out: &mut Saver) {
        out.out.count(self.patterns().len());
        self.patterns().iter().for_each(|pattern| pattern.save(out));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let patterns = Form::load(from)?;
        Ok(Self::load(patterns, &mut from.ids))
    }
}
