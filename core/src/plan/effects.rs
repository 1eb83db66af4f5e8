//! What each command does to fields, told once for all who ask: lints, `explain`, the search for an anchor.

use crate::plan::lower::location_fields;
use crate::{
    diag::{Span, Spanned},
    spl::tree::{
        AggregateArgument, Border, Bracketed, Chart, Command, CommandKind, Dedup, Expr, ExprKind,
        Fields, Listed, Lookup, Replace, Rex, RexMode, Search, Stats, StrCat, StrCatSource,
        Streamstats, Top, Transaction,
    },
};

/// One thing that a command does. Of one command they stand in the order in which they happen.
#[derive(Clone, Debug)]
pub(crate) enum Effect<'t> {
    /// Tests the raw text and fields.
    Searches(&'t Search),
    /// Computes with fields.
    Computes(&'t Expr),
    /// Tests, counts or computes with a field, or with every field of a pattern.
    Reads(&'t Spanned<String>),
    /// Tests the raw text, at that place.
    ReadsRaw(Span),
    /// Reads `_time`, which is not written there.
    ReadsTime,
    /// Hands a field on, or every field of a pattern, under the same name or another. That it may be absent does no harm.
    Lists(&'t Spanned<String>),
    /// Writes a field, every field of a pattern, or with `{x}` in it a field whose name is not known.
    Writes(&'t str),
    /// Writes a field whose name is these two texts together.
    WritesJoined(&'t str, &'t str),
    /// Drops every field but these.
    KeepsOnly(Vec<Kept<'t>>),
    /// Nothing is known of what it does.
    Anything,
}

/// A field that a command keeps, or a pattern of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept<'t> {
    /// Its name.
    pub(crate) name: &'t str,
    /// Whether a leading `*` leaves out the internal fields, `_raw` among them.
    pub(crate) is_result: bool,
}

/// Whether the command looks at each event alone, whatever it makes of it.
pub(crate) fn is_per_event(kind: &CommandKind) -> bool {
    match kind {
        CommandKind::FillNull(listed) => return !listed.names.is_empty(),
        CommandKind::AddTotals(listed) => return listed.option("col").is_none(),
        _ => {}
    }
    matches!(
        kind,
        CommandKind::Search(_)
            | CommandKind::Regex(_)
            | CommandKind::Table(_)
            | CommandKind::Fields(_)
            | CommandKind::Bin(_)
            | CommandKind::Where(_)
            | CommandKind::Eval(_)
            | CommandKind::Rename(_)
            | CommandKind::Lookup(_)
            | CommandKind::Rex(_)
            | CommandKind::Foreach(_)
            | CommandKind::MakeMv(_)
            | CommandKind::MvExpand(_)
            | CommandKind::NoMv(_)
            | CommandKind::AvlBase64(_)
            | CommandKind::IpLocation(_)
            | CommandKind::SPath(_)
            | CommandKind::FromJson(_)
            | CommandKind::XmlKv(_)
            | CommandKind::Extract(_)
            | CommandKind::Convert(_)
            | CommandKind::Replace(_)
            | CommandKind::StrCat(_)
    )
}

/// What `command` does, in order.
pub(crate) fn effects(command: &Command) -> Vec<Effect<'_>> {
    match &command.kind {
        CommandKind::Search(search) => vec![Effect::Searches(search)],
        CommandKind::Regex(regex) => vec![match &regex.field {
            Some(field) => Effect::Reads(field),
            None => Effect::ReadsRaw(regex.pattern.span),
        }],
        CommandKind::Table(columns) => lists_and_keeps(columns, None),
        CommandKind::Fields(Fields { remove: false, names }) => lists_and_keeps(names, Some("_*")),
        CommandKind::Bin(bin) => {
            let target = bin.target.as_ref().or(bin.field.as_ref());
            vec![
                bin.field.as_ref().map_or(Effect::ReadsTime, Effect::Reads),
                Effect::Writes(target.map_or("_time", |field| &field.value)),
            ]
        }
        CommandKind::Stats(stats) => of_stats(stats),
        CommandKind::Eventstats(stats) => of_added_stats(stats),
        CommandKind::Streamstats(streamstats) => {
            let Streamstats { stats, reset_before, reset_after } = streamstats;
            let before = reset_before.iter().map(Effect::Computes);
            let after = reset_after.iter().map(Effect::Computes);
            before.chain(of_added_stats(stats)).chain(after).collect()
        }
        CommandKind::Where(expr) => vec![Effect::Computes(expr)],
        CommandKind::Eval(assignments) => {
            let each = assignments.iter().flat_map(|assignment| {
                [Effect::Computes(&assignment.value), Effect::Writes(&assignment.field.value)]
            });
            each.collect()
        }
        CommandKind::Rename(pairs) => {
            let each = pairs.iter().flat_map(|pair| {
                let writes = [Effect::Writes(&pair.to.value), Effect::Writes(&pair.from.value)];
                std::iter::once(Effect::Lists(&pair.from)).chain(writes)
            });
            each.collect()
        }
        CommandKind::Lookup(lookup) => of_lookup(lookup),
        CommandKind::Rex(rex) => of_rex(rex),
        CommandKind::Foreach(foreach) => of_foreach(foreach),
        CommandKind::FillNull(Listed { names, .. }) => {
            let each = names.iter();
            each.flat_map(|name| [Effect::Lists(name), Effect::Writes(&name.value)]).collect()
        }
        CommandKind::MakeMv(Listed { names, .. })
        | CommandKind::MvExpand(Listed { names, .. })
        | CommandKind::NoMv(Listed { names, .. })
        | CommandKind::MvCombine(Listed { names, .. }) => {
            let each = names.iter();
            each.flat_map(|name| [Effect::Reads(name), Effect::Writes(&name.value)]).collect()
        }
        CommandKind::AddTotals(listed) => of_addtotals(listed),
        CommandKind::AvlBase64(listed) => {
            let each = listed.option("field").into_iter();
            each.flat_map(|field| {
                [Effect::Reads(field), Effect::WritesJoined("base64_", &field.value)]
            })
            .collect()
        }
        CommandKind::IpLocation(listed) => of_iplocation(listed),
        CommandKind::SPath(listed) => of_spath(listed, command.name.span),
        CommandKind::FromJson(listed) => {
            listed.names.iter().map(Effect::Reads).chain([Effect::Writes("*")]).collect()
        }
        CommandKind::Outlier(listed) => {
            let each = listed.names.iter();
            each.flat_map(|name| [Effect::Reads(name), Effect::Writes(&name.value)]).collect()
        }
        CommandKind::XmlKv(listed) => {
            vec![reads_or_raw(listed.names.first(), command.name.span), Effect::Writes("*")]
        }
        CommandKind::Extract(_) | CommandKind::MultiKv(_) => {
            vec![Effect::ReadsRaw(command.name.span), Effect::Writes("*")]
        }
        CommandKind::Convert(convert) => {
            let each = convert.conversions.iter().flat_map(|conversion| {
                let target = conversion.target.as_ref().unwrap_or(&conversion.field);
                [Effect::Lists(&conversion.field), Effect::Writes(&target.value)]
            });
            each.collect()
        }
        CommandKind::Replace(replace) => of_replace(replace),
        CommandKind::StrCat(strcat) => of_strcat(strcat),
        CommandKind::Head(head) => head.condition.iter().map(Effect::Computes).collect(),
        CommandKind::Sort(sort) => sort.keys.iter().map(|key| Effect::Reads(&key.field)).collect(),
        CommandKind::Dedup(dedup) => of_dedup(dedup),
        CommandKind::Chart(chart) => of_chart(chart),
        CommandKind::Top(top) => of_top(top),
        CommandKind::Transaction(transaction) => of_transaction(transaction),
        // A field that is removed holds nothing that the event does not.
        CommandKind::Fields(_)
        | CommandKind::Tail { .. }
        | CommandKind::Reverse
        | CommandKind::OutputLookup(_)
        | CommandKind::Broken => Vec::new(),
        CommandKind::Join(join) => {
            join.names.iter().map(Effect::Reads).chain([Effect::Anything]).collect()
        }
        CommandKind::Append(_)
        | CommandKind::AppendPipe(_)
        | CommandKind::Format(_)
        | CommandKind::ToJson(_)
        | CommandKind::Return(_)
        | CommandKind::MakeResults(_)
        | CommandKind::InputLookup(_)
        | CommandKind::Other(_) => {
            vec![Effect::Anything]
        }
    }
}

/// Calls `found` with the name and the place of each field that `effect` tests, counts or computes with.
pub(super) fn fields_read(effect: &Effect<'_>, found: &mut dyn FnMut(&str, Span)) {
    match effect {
        Effect::Searches(search) => fields_of_search(search, found),
        Effect::Computes(expr) => fields_of_expr(expr, found),
        Effect::Reads(field) => found(&field.value, field.span),
        _ => {}
    }
}

fn fields_of_search(search: &Search, found: &mut dyn FnMut(&str, Span)) {
    match search {
        Search::And(terms) | Search::Or(terms) => {
            terms.iter().for_each(|term| fields_of_search(term, found));
        }
        Search::Not(term, _) => fields_of_search(term, found),
        Search::Compare(test) => found(&test.field.value, test.field.span),
        Search::In { field, .. } => found(&field.value, field.span),
        Search::Raw(_) | Search::All(_) | Search::TimeModifier { .. } | Search::Subsearch(_) => {}
    }
}

fn fields_of_expr(expr: &Expr, found: &mut dyn FnMut(&str, Span)) {
    match &expr.kind {
        ExprKind::Field(name) => found(name, expr.span),
        ExprKind::Negate(inner) | ExprKind::Not(inner) => fields_of_expr(inner, found),
        ExprKind::Arithmetic(_, left, right)
        | ExprKind::Compare(_, left, right)
        | ExprKind::Xor(left, right) => {
            fields_of_expr(left, found);
            fields_of_expr(right, found);
        }
        ExprKind::And(terms) | ExprKind::Or(terms) => {
            terms.iter().for_each(|term| fields_of_expr(term, found));
        }
        ExprKind::Call { arguments, .. } => {
            arguments.iter().for_each(|argument| fields_of_expr(argument, found));
        }
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Subsearch(_) | ExprKind::Broken => {}
    }
}

/// `table` and `fields`.
fn lists_and_keeps<'t>(names: &'t [Spanned<String>], besides: Option<&'t str>) -> Vec<Effect<'t>> {
    let kept = names.iter().map(|name| name.value.as_str()).chain(besides);
    let kept = kept.map(|name| Kept { name, is_result: false }).collect();
    names.iter().map(Effect::Lists).chain([Effect::KeepsOnly(kept)]).collect()
}

/// Without `OUTPUT` the columns of the table are written, and a tree knows no tables.
fn of_lookup(lookup: &Lookup) -> Vec<Effect<'_>> {
    let reads = lookup.inputs.iter().map(|input| Effect::Reads(input.field()));
    let outputs = lookup.outputs.iter().flat_map(|outputs| &outputs.fields);
    let writes = outputs.map(|output| Effect::Writes(&output.field().value));
    reads.chain(writes).chain(lookup.outputs.is_none().then_some(Effect::Writes("*"))).collect()
}

/// The effects of the template, each name with a placeholder in it being any.
fn of_foreach(foreach: &Bracketed) -> Vec<Effect<'_>> {
    let template = foreach.pipeline.commands.iter().flat_map(effects);
    let template = template.map(|effect| match effect {
        Effect::Writes(name) if is_placeholder(name) => Effect::Writes("*"),
        effect => effect,
    });
    foreach.names.iter().map(Effect::Lists).chain(template).collect()
}

/// Whether a name of a template is known only when it runs.
pub(super) fn is_placeholder(name: &str) -> bool {
    name.contains("<<")
}

fn of_rex(rex: &Rex) -> Vec<Effect<'_>> {
    let reads = match &rex.field {
        Some(field) => Effect::Reads(field),
        None => Effect::ReadsRaw(rex.pattern.span),
    };
    let offsets = rex.offset_field.iter().map(|field| Effect::Writes(&field.value));
    let written: Vec<Effect<'_>> = match rex.mode {
        RexMode::Sed => {
            vec![Effect::Writes(rex.field.as_ref().map_or("_raw", |field| &field.value))]
        }
        RexMode::Extract => group_names(&rex.pattern.text).map(Effect::Writes).collect(),
    };
    std::iter::once(reads).chain(written).chain(offsets).collect()
}

/// What the groups of a pattern are called, as far as its text tells: more rather than less.
fn group_names(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split("(?").skip(1).filter_map(|group| {
        let name = group.strip_prefix('P').unwrap_or(group);
        let (name, closing) = match name.strip_prefix('<') {
            Some(name) => (name, '>'),
            None => (name.strip_prefix('\'')?, '\''),
        };
        let (name, _) = name.split_once(closing)?;
        (!name.is_empty() && !name.starts_with(['=', '!'])).then_some(name)
    })
}

fn of_addtotals(listed: &Listed) -> Vec<Effect<'_>> {
    let total = listed.option("fieldname").map_or("Total", |name| &name.value);
    let label = listed.option("labelfield").map(|name| Effect::Writes(&name.value));
    let read = listed.names.iter().map(Effect::Lists);
    read.chain([Effect::Writes(total)]).chain(label).collect()
}

fn of_iplocation(listed: &Listed) -> Vec<Effect<'_>> {
    let prefix = listed.option("prefix").map_or("", |prefix| &prefix.value);
    let written = location_fields().map(|name| Effect::WritesJoined(prefix, name));
    listed.names.iter().map(Effect::Reads).chain(written).collect()
}

fn of_spath(listed: &Listed, place: Span) -> Vec<Effect<'_>> {
    let path = listed.option("path").or(listed.names.first());
    let written = listed.option("output").or(path).map_or("*", |name| &name.value);
    vec![reads_or_raw(listed.option("input"), place), Effect::Writes(written)]
}

fn reads_or_raw(field: Option<&Spanned<String>>, place: Span) -> Effect<'_> {
    field.map_or(Effect::ReadsRaw(place), Effect::Reads)
}

fn of_replace(replace: &Replace) -> Vec<Effect<'_>> {
    if replace.fields.is_empty() {
        return vec![Effect::Writes("*")];
    }
    let each = replace.fields.iter();
    each.flat_map(|name| [Effect::Lists(name), Effect::Writes(&name.value)]).collect()
}

fn of_strcat(strcat: &StrCat) -> Vec<Effect<'_>> {
    let read = strcat.sources.iter().filter_map(|source| match source {
        StrCatSource::Text(_) => None,
        StrCatSource::Field(field) => Some(Effect::Lists(field)),
    });
    read.chain([Effect::Writes(&strcat.target.value)]).collect()
}

fn of_stats(stats: &Stats) -> Vec<Effect<'_>> {
    let mut effects = read_by_aggregates(stats);
    let by = stats.by.iter().map(|name| Kept { name: &name.value, is_result: false });
    effects.push(Effect::KeepsOnly(by.chain(outputs(stats)).collect()));
    effects
}

/// Where there are columns by value, their names are not known.
fn of_chart(chart: &Chart) -> Vec<Effect<'_>> {
    let Chart { is_timechart, stats, over, kept: _ } = chart;
    let mut effects = read_by_aggregates(stats);
    effects.extend(over.iter().map(Effect::Reads));
    let rows = over.iter().chain(&stats.by).map(|field| field.value.as_str());
    let rows = rows.chain(is_timechart.then_some("_time"));
    let rows = rows.map(|name| Kept { name, is_result: false });
    let has_columns = over.is_some() || *is_timechart || stats.by.len() > 1;
    let columns = has_columns.then_some(Kept { name: "*", is_result: true });
    effects.push(Effect::KeepsOnly(rows.chain(outputs(stats)).chain(columns).collect()));
    effects.extend(is_timechart.then_some(Effect::ReadsTime));
    effects
}

fn of_top(top: &Top) -> Vec<Effect<'_>> {
    let fields = || top.by.iter().chain(&top.fields);
    let named = |option: &str, default| {
        let written = top.options.iter().rfind(|(name, _)| name.value.eq_ignore_ascii_case(option));
        written.map_or(default, |(_, value)| value.value.as_str())
    };
    let kept = fields()
        .map(|field| field.value.as_str())
        .chain([named("countfield", "count"), named("percentfield", "percent")])
        .map(|name| Kept { name, is_result: false });
    let kept = Effect::KeepsOnly(kept.collect());
    fields().map(Effect::Reads).chain([kept]).collect()
}

fn of_transaction(transaction: &Transaction) -> Vec<Effect<'_>> {
    const WRITTEN: &[&str] =
        &["duration", "eventcount", "closed_txn", "field_match_sum", "linecount", "_txn_orphan"];
    let Transaction { fields, starts_with, ends_with, .. } = transaction;
    let borders = starts_with.iter().chain(ends_with).map(|border| match border {
        Border::Search(search) => Effect::Searches(search),
        Border::Eval(expr) => Effect::Computes(expr),
    });
    let read = fields.iter().map(Effect::Reads).chain(borders);
    read.chain(WRITTEN.iter().map(|name| Effect::Writes(name))).collect()
}

/// The fields are also written: `keepevents` takes them away.
fn of_dedup(dedup: &Dedup) -> Vec<Effect<'_>> {
    let read = dedup.fields.iter().chain(dedup.sort_by.iter().map(|key| &key.field));
    let written = dedup.fields.iter().map(|field| Effect::Writes(&field.value));
    read.map(Effect::Reads).chain(written).collect()
}

/// `stats` whose columns are added to the rows.
fn of_added_stats(stats: &Stats) -> Vec<Effect<'_>> {
    let mut effects = read_by_aggregates(stats);
    effects.extend(outputs(stats).map(|output| Effect::Writes(output.name)));
    effects
}

/// What the aggregates and the BY fields read.
pub(super) fn read_by_aggregates(stats: &Stats) -> Vec<Effect<'_>> {
    let arguments = stats.aggregates.iter().filter_map(|aggregate| match &aggregate.argument {
        AggregateArgument::None => None,
        AggregateArgument::Field(name) => Some(Effect::Reads(name)),
        AggregateArgument::Eval(expr) => Some(Effect::Computes(expr)),
    });
    arguments.chain(stats.by.iter().map(Effect::Reads)).collect()
}

/// The columns of the aggregates.
pub(super) fn outputs(stats: &Stats) -> impl Iterator<Item = Kept<'_>> {
    stats.aggregates.iter().map(|aggregate| {
        let alias = aggregate.alias.as_ref();
        let name = alias.map_or(aggregate.text.as_str(), |alias| alias.value.as_str());
        Kept { name, is_result: name.starts_with('*') }
    })
}
