//! What each command does to fields, told once for all who ask: lints, `explain`, the search for an anchor.

use crate::{
    diag::{Span, Spanned},
    spl::tree::{
        AggregateArgument, Border, Chart, Command, CommandKind, Dedup, Expr, Fields, Search, Stats,
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
        | CommandKind::Broken => Vec::new(),
        CommandKind::MakeResults { .. } | CommandKind::Other(_) => vec![Effect::Anything],
    }
}

/// `table` and `fields`.
fn lists_and_keeps<'t>(names: &'t [Spanned<String>], besides: Option<&'t str>) -> Vec<Effect<'t>> {
    let kept = names.iter().map(|name| name.value.as_str()).chain(besides);
    let kept = kept.map(|name| Kept { name, is_result: false }).collect();
    names.iter().map(Effect::Lists).chain([Effect::KeepsOnly(kept)]).collect()
}

fn of_stats(stats: &Stats) -> Vec<Effect<'_>> {
    let mut effects = read_by_aggregates(stats);
    let by = stats.by.iter().map(|name| Kept { name: &name.value, is_result: false });
    effects.push(Effect::KeepsOnly(by.chain(outputs(stats)).collect()));
    effects
}

/// Where there are columns by value, their names are not known.
fn of_chart(chart: &Chart) -> Vec<Effect<'_>> {
    let Chart { is_timechart, stats, over } = chart;
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
