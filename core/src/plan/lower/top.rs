//! `top` and `rare` to their stage.

use super::{Lowering, options};
use crate::{
    agg::AggregateFunction,
    spl::tree::{Command, Top},
    stage::{
        stats::{Aggregate, Input, Output, Stats},
        top,
    },
};

const OPTIONS: &str =
    "`limit`, `countfield`, `percentfield`, `showcount`, `showperc`, `useother` and `otherstr`";

/// The stage of `top` or `rare`.
pub(super) fn lower(tree: &Top, command: &Command, lowering: &mut Lowering<'_>) -> top::Top {
    let mut stage = top::Top {
        is_rare: tree.is_rare,
        groups: tree.by.len(),
        limit: Some(10),
        shows_count: true,
        shows_percent: true,
        other: None,
        percent: lowering.names.intern("percent"),
        counts: counts(tree, lowering),
    };
    let (mut has_other, mut other_text) = (false, "OTHER".to_owned());
    for (name, value) in &tree.options {
        match name.value.to_ascii_lowercase().as_str() {
            "limit" => stage.limit = options::limit(value, lowering),
            "countfield" => {
                let count = lowering.names.intern(&value.value);
                stage.counts.aggregates[0].output = Output::Field(count);
            }
            "percentfield" => stage.percent = lowering.names.intern(&value.value),
            "showcount" => stage.shows_count = options::switch(name, value, lowering),
            "showperc" => stage.shows_percent = options::switch(name, value, lowering),
            "useother" => has_other = options::switch(name, value, lowering),
            "otherstr" => other_text.clone_from(&value.value),
            _ => options::refuse(name, &command.name.value, OPTIONS, lowering),
        }
    }
    stage.other = has_other.then(|| other_text.into_bytes().into());
    stage
}

/// `stats count BY` the BY fields, then the others.
fn counts(tree: &Top, lowering: &mut Lowering<'_>) -> Stats {
    let fields = tree.by.iter().chain(&tree.fields);
    let count = Aggregate {
        function: AggregateFunction::Count,
        input: Input::None,
        output: Output::Field(lowering.names.intern("count")),
    };
    Stats {
        by: fields.map(|name| lowering.names.intern(&name.value)).collect(),
        aggregates: Box::new([count]),
        all_numeric: false,
        distinct_splits: false,
    }
}
