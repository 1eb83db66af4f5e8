//! `bin` to its stage: with a span each row has its bucket at once, without one all rows say how wide buckets are.

use super::{Lowering, options::refuse};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    event::time,
    expr::{number, times},
    ids::FieldId,
    names::Names,
    spl::tree::Bin,
    stage::{
        Stage,
        bin::{self, Origin, Span},
        chart::MAX_BUCKETS,
        fit::Fit,
    },
    value::Value,
};

const OPTIONS: &str = "`span`, `bins`, `minspan`, `start`, `end` and `aligntime`";

/// So many buckets where nothing is written, as in Splunk.
const USUAL_BINS: usize = 100;

/// The stage of `bin`.
pub(super) fn lower(bin: &Bin, lowering: &mut Lowering<'_>) -> Option<Stage> {
    let field = bin.field.as_ref().map_or("_time", |field| &field.value);
    let mut options = BinOptions::new(lowering.names.intern(field));
    if let Some(target) = &bin.target {
        options.fit.target = lowering.names.intern(&target.value);
    }
    for (name, value) in &bin.options {
        let option = name.value.to_ascii_lowercase();
        match options.takes(&option) {
            true => options.read(&option, value, lowering)?,
            false => refuse(name, "bin", OPTIONS, lowering),
        }
    }
    if let Some(span) = &bin.span {
        options.read("span", span, lowering)?;
    }
    Some(options.stage())
}

/// The options of `bin`, which charts take too. Beside a span only `aligntime` says something.
pub(super) struct BinOptions {
    fit: Fit,
    span: Option<Span>,
    is_written: bool,
}

impl BinOptions {
    /// Those of the buckets of `field`, which none is written of yet.
    pub(super) fn new(field: FieldId) -> Self {
        let (least, start, end, origin) = (None, None, None, None);
        let fit = Fit { field, target: field, most: USUAL_BINS, least, start, end, origin };
        Self { fit, span: None, is_written: false }
    }

    /// Whether `name`, in lower case, is one of them.
    pub(super) fn takes(&self, name: &str) -> bool {
        matches!(name, "span" | "bins" | "minspan" | "start" | "end" | "aligntime")
    }

    /// Whether any of them was read.
    pub(super) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Reads one of them; `None` once it was reported that its value is none.
    pub(super) fn read(
        &mut self,
        name: &str,
        value: &Spanned<String>,
        lowering: &mut Lowering<'_>,
    ) -> Option<()> {
        self.is_written = true;
        let fit = &mut self.fit;
        match name {
            "bins" => fit.most = bins(value, lowering)?,
            "minspan" => fit.least = Some(span(value, fit.field, lowering)?),
            "start" => fit.start = Some(edge(value, lowering)?),
            "end" => fit.end = Some(edge(value, lowering)?),
            "aligntime" => fit.origin = Some(origin(value, lowering)?),
            _ => self.span = Some(span(value, fit.field, lowering)?),
        }
        Some(())
    }

    /// The stage that they make.
    pub(super) fn stage(&self) -> Stage {
        let Fit { field, target, origin, .. } = self.fit.clone();
        match self.span {
            Some(span) => Stage::Bin(bin::Bin { field, target, span, origin }),
            None => Stage::Fit(self.fit.clone()),
        }
    }
}

/// The width that an option says; `None` once it was reported that it is none.
fn span(value: &Spanned<String>, field: FieldId, lowering: &mut Lowering<'_>) -> Option<Span> {
    let parsed = Span::parse(&value.value, field == Names::TIME);
    parsed
        .map_err(|message| {
            let error = Diagnostic::error(Code::BadArgument, value.span, message);
            lowering.report(error.label("not a span"));
        })
        .ok()
}

/// The number of buckets that an option says; `None` once it was reported that it is none.
fn bins(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<usize> {
    let bins = value.value.parse().ok().filter(|bins| (1..=MAX_BUCKETS).contains(bins));
    if bins.is_none() {
        let message = format!("`{}` is no number of buckets", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label(format!("expected a number up to {MAX_BUCKETS}"))
                .help("write `bins=100`, or say how long a bucket is with `span=`"),
        );
    }
    bins
}

fn edge(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<f64> {
    let number = number::parse(value.value.as_bytes()).filter(|number| number.is_finite());
    if number.is_none() {
        let message = format!("`{}` is no number", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label("expected where numbers begin or end")
                .help("remove it: the values say it themselves"),
        );
    }
    number
}

fn origin(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<Origin> {
    let text = value.value.as_bytes();
    if let Some(seconds) = number::parse(text) {
        let bump = bumpalo::Bump::new();
        return time::of_value(Value::Number(seconds), &bump).map(Origin::At);
    }
    if times::relative(0, text, &jiff::tz::TimeZone::UTC).is_none() {
        let message = format!("`{}` is no time to begin buckets at", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label("expected such as `@d+3h`, or epoch seconds")
                .help("`earliest` and `latest` are not known: there is no range of time to search"),
        );
        return None;
    }
    Some(Origin::Relative(text.into()))
}

#[cfg(test)]
mod tests {
    use crate::{expr::testing::Bench, plan::lower, spl};

    #[test]
    fn what_cannot_run_is_told_where_it_stands() {
        for (command, expected) in [
            ("bin bins=0 n", "E0108 at 0"),
            ("bin bins=many n", "E0108 at many"),
            ("bin minspan=1x n", "E0108 at 1x"),
            ("bin start=low n", "E0108 at low"),
            ("bin span=1h aligntime=earliest", "E0108 at earliest"),
            ("bin width=3 n", "E0303 at width"),
        ] {
            let source = format!("| {command}");
            let (pipeline, errors) = spl::parse(&source);
            assert_eq!(errors, [], "{source}");
            let mut bench = Bench::default();
            let _ = lower::stage(0, &pipeline.commands[0], &mut bench.lowering(&source));
            let [found] = &bench.diagnostics[..] else {
                panic!("{source}: {:?}", bench.diagnostics)
            };
            let told = format!("{} at {}", found.code.text(), found.primary.span.text(&source));
            assert_eq!(told, expected, "{command}");
        }
    }
}
