//! How soon a rule's window can close, and the proof.
//!
//! A bucket closes on its own, seconds after it is full, if and only if the groups hold the event's own `_time`, passed
//! only through one fixed-span `bin`, and every later command is row-local, a `stats`, `eventstats`, `streamstats` or `dedup` keyed
//! by that same `_time`, or nothing but an order (`sort 0`, `reverse`): then no event of another bucket can change its rows. Otherwise
//! the rule waits for its window.

use crate::{
    compiled::{Branch, Closing, Period, Reduce, Revision, branches},
    config::SECOND_NS,
    ids::FieldId,
    names::Names,
    stage::{
        Class, Stage,
        bin::{Bin, Span},
        eventstats::Eventstats,
        fromjson::FromJson,
        xmlkv::XmlKv,
    },
};

const HOUR_NS: i64 = 3600 * SECOND_NS;

/// When the windows of a plan close, and why so, for `explain`.
pub(crate) fn prove(
    mapped: &[Stage],
    expanded: &[Stage],
    reduce: Option<&Reduce>,
    finish: &[Stage],
) -> (Closing, String) {
    let per_event: Vec<&Stage> = mapped.iter().chain(expanded).collect();
    let branched = branches(reduce);
    let (bucket, reason) = match early(&per_event, reduce, finish) {
        Ok(bucket) => (
            Some(bucket.clone()),
            "grouped by `_time`, which only one fixed `bin` has changed".to_owned(),
        ),
        Err(reason) => (None, reason.to_owned()),
    };
    let by_host = stays_grouped_by(Names::HOST, &per_event, reduce, finish);
    let stages =
        per_event.into_iter().chain(finish).chain(branched.iter().flat_map(Branch::stages));
    let period = Period { span: period_span(stages), offset_ns: 0 };
    (Closing { bucket, by_host, period, revision: revision(reduce, finish) }, reason)
}

fn revision(reduce: Option<&Reduce>, finish: &[Stage]) -> Revision {
    let all_are = |classes: &[Class]| finish.iter().all(|stage| classes.contains(&stage.class()));
    match reduce {
        Some(Reduce::Stats(_)) if all_are(&[Class::RowLocal]) => Revision::Groups,
        Some(Reduce::Stats(_))
            if all_are(&[Class::RowLocal, Class::Mergeable, Class::WholeWindow]) =>
        {
            Revision::Window
        }
        _ => Revision::Never,
    }
}

fn early<'s>(
    mapped: &[&'s Stage],
    reduce: Option<&Reduce>,
    finish: &[Stage],
) -> Result<&'s Bin, &'static str> {
    if !branches(reduce).is_empty() {
        return Err("a subsearch looks at the events of the whole window");
    }
    let Some(Reduce::Stats(stats)) = reduce else {
        return Err("no command groups the rows");
    };
    if !stats.by.contains(&Names::TIME) {
        return Err("the groups do not hold `_time`");
    }
    let mut writers = mapped.iter().filter(|stage| stage.may_write(Names::TIME));
    let bucket = match (writers.next(), writers.next()) {
        (None, _) => return Err("`_time` is not cut into buckets by `bin`"),
        (Some(Stage::Bin(bin)), None) if bin.fixed_span_ns().is_some() => bin,
        (Some(Stage::Bin(_)), None) => return Err("the buckets of `bin` have no fixed length"),
        _ => return Err("`_time` is changed by more than one `bin`"),
    };
    if stays_keyed(Names::TIME, finish) {
        Ok(bucket)
    } else {
        Err("a later command looks at rows of more than one bucket")
    }
}

/// Whether every group holds the event's own value of `field`, and no later command mixes two of them.
fn stays_grouped_by(
    field: FieldId,
    mapped: &[&Stage],
    reduce: Option<&Reduce>,
    finish: &[Stage],
) -> bool {
    matches!(reduce, Some(Reduce::Stats(stats)) if stats.by.contains(&field))
        && !mapped.iter().any(|stage| stage.may_write(field))
        && stays_keyed(field, finish)
}

/// Whether no command of `finish` takes rows together that differ in `field`.
fn stays_keyed(field: FieldId, finish: &[Stage]) -> bool {
    let mut is_own = true;
    finish.iter().all(|stage| {
        let keeps_apart = match stage {
            Stage::Stats(stats) | Stage::Eventstats(Eventstats { stats }) => {
                is_own && stats.by.contains(&field)
            }
            Stage::Sort(sort) => sort.limit.is_none(),
            Stage::Reverse(_) => true,
            Stage::Top(top) => is_own && top.is_group(field),
            Stage::Streamstats(streamstats) => is_own && streamstats.keeps_apart(field),
            Stage::Dedup(dedup) => is_own && dedup.keeps_apart(field),
            other => other.class().is_per_event(),
        };
        is_own &= !stage.may_write(field);
        keeps_apart
    })
}

/// The least multiple of the largest span of time that is at least an hour.
fn period_span<'s>(stages: impl Iterator<Item = &'s Stage>) -> Span {
    match largest_span(stages) {
        Some(calendar @ Span::Calendar(..)) => calendar,
        Some(Span::Fixed(span_ns @ 1..)) => {
            let spans_an_hour = HOUR_NS.div_euclid(span_ns) + i64::from(HOUR_NS % span_ns != 0);
            Span::Fixed(span_ns.saturating_mul(spans_an_hour))
        }
        _ => Span::Fixed(HOUR_NS),
    }
}

fn largest_span<'s>(stages: impl Iterator<Item = &'s Stage>) -> Option<Span> {
    let spans = stages.filter_map(|stage| match stage {
        Stage::Bin(bin) if bin.field == Names::TIME => Some(bin.span),
        _ => None,
    });
    spans.max_by_key(|span| span.length_ns())
}

/// About how long the longest buckets are that `stages` cut time into; 0 if they cut none.
pub(crate) fn largest_span_ns<'s>(stages: impl Iterator<Item = &'s Stage>) -> i64 {
    largest_span(stages).map_or(0, Span::length_ns)
}

impl Stage {
    /// Whether the command can give `field` a value that is not the event's own.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        match self {
            Self::Search(_)
            | Self::Regex(_)
            | Self::Where(_)
            | Self::Table(_)
            | Self::Fields(_) => false,
            Self::Bin(bin) => bin.target == field,
            Self::Fit(fit) => fit.target == field,
            Self::Eval(eval) => eval.may_write(field),
            Self::Rename(rename) => rename.may_write(field),
            Self::Rex(rex) => rex.may_write(field),
            Self::Foreach(foreach) => foreach.may_write(field, field == Names::TIME),
            Self::FillNull(fill) => fill.may_write(field),
            Self::MakeMv(make) => make.field == field,
            Self::MultiKv(_) => field != Names::TIME,
            Self::MvExpand(expand) => expand.field == field,
            Self::NoMv(join) => join.field == field,
            Self::MvCombine(combine) => combine.field == field,
            // The row of sums is no event's.
            Self::AddTotals(add) => add.total == Some(field) || add.summary.is_some(),
            Self::AvlBase64(decode) => decode.target == field,
            Self::IpLocation(locate) => locate.may_write(field),
            Self::SPath(spath) => spath.may_write(field),
            Self::FromJson(_) => FromJson::may_write(field),
            Self::ToJson(tojson) => tojson.output == field,
            Self::Outlier(outlier) => outlier.may_write(field),
            Self::XmlKv(_) => XmlKv::may_write(field),
            Self::Extract(extract) => extract.may_write(field),
            Self::Convert(convert) => convert.may_write(field),
            Self::Replace(replace) => replace.may_write(field),
            Self::StrCat(join) => join.target == field,
            Self::Stats(stats) => !stats.by.contains(&field),
            Self::Lookup(lookup) => lookup.may_write(field),
            Self::Streamstats(streamstats) => {
                streamstats.plain.adds(field) || streamstats.costly.adds(field)
            }
            Self::Eventstats(eventstats) => eventstats.stats.adds(field),
            Self::Head(_)
            | Self::Tail(_)
            | Self::Reverse(_)
            | Self::Sort(_)
            | Self::OutputLookup(_) => false,
            Self::Dedup(dedup) => dedup.may_write(field),
            Self::Append(_)
            | Self::AppendPipe(_)
            | Self::Join(_)
            | Self::Format(_)
            | Self::Return(_)
            | Self::MakeResults(_)
            | Self::InputLookup(_) => true,
            Self::Top(top) => !top.is_group(field),
            Self::Chart(_) | Self::Transaction(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{expr::testing::Bench, plan::lower, spl};

    fn closing(spl: &str) -> Closing {
        let (pipeline, found) = spl::parse(spl);
        assert!(found.is_empty(), "{spl}: {found:?}");
        let mut bench = Bench::default();
        let (plan, _) = lower::plan(&pipeline, &mut bench.lowering(spl));
        assert!(bench.diagnostics.is_empty(), "{spl}: {:?}", bench.diagnostics);
        plan.closing
    }

    /// `early`: its buckets close on their own. `host`: by the watermark of one host.
    fn shown(spl: &str) -> String {
        let Closing { bucket, by_host, revision, .. } = closing(spl);
        let words = [(bucket.is_some(), "early"), (by_host, "host")];
        let words = words.into_iter().filter_map(|(is_so, word)| is_so.then_some(word));
        let revision = match revision {
            Revision::Never => "never",
            Revision::Groups => "groups",
            Revision::Window => "window",
        };
        words.chain([revision]).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_later_command_keeps_buckets_and_hosts_apart_only_if_it_is_keyed_by_them() {
        const START: &str = "x | bin span=1s | stats values(*) as * by _time, host";
        let cases = [
            ("", "early host groups"),
            ("| where a=1", "early host groups"),
            ("| eventstats dc(a) as d by _time, host", "early host window"),
            ("| eventstats dc(a) as d by _time", "early window"),
            ("| eventstats dc(a) as d by host", "host window"),
            ("| eventstats dc(a) as d by a", "window"),
            ("| eventstats count", "window"),
            ("| eventstats count by _time, host | stats dc(a) by _time, host", "early host window"),
            ("| sort 0 a", "early host window"),
            ("| sort a", "window"),
            ("| reverse | eventstats count by host, _time", "early host window"),
            ("| streamstats count by _time, host", "early host never"),
            ("| streamstats window=3 count by _time, host", "never"),
            (
                "| streamstats window=3 global=f time_window=1m count by _time, host",
                "early host never",
            ),
            ("| streamstats reset_on_change=t count by _time, host", "never"),
            ("| streamstats reset_after=(count>3) count by _time, host", "never"),
            ("| streamstats reset_before=(a=1) count by _time, host", "never"),
            ("| top a by _time, host", "early host window"),
            ("| top _time, host", "window"),
            ("| transaction host", "never"),
            ("| dedup a _time host", "early host never"),
            ("| dedup _time", "early never"),
            ("| dedup a host consecutive=t", "never"),
            ("| dedup _time keepevents=t | dedup _time host", "never"),
            ("| tail", "never"),
            // What it writes is the events' own no longer.
            (
                "| eventstats max(a) as host by _time, host | stats count by _time, host",
                "early window",
            ),
            ("| eventstats values(*) as * by _time | stats count by _time, host", "early window"),
            (
                "| eventstats max(b) as _time by _time, host | eventstats count by _time, host",
                "host window",
            ),
        ];
        for (end, expected) in cases {
            assert_eq!(shown(&format!("{START} {end}")), expected, "{end}");
        }
    }
}
