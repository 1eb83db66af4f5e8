//! What one rule makes of one event, stage by stage: for `explain --event`, not for speed.

use super::{Engine, env, knowledge};
use crate::{
    compiled::Plan,
    config::Input,
    event::{Event, Head, Meta, rows::RowError},
    ids::RuleId,
    row::{Env, Rank, Row},
    stage::Stage,
};

/// What one rule made of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Whether the scan selects the rule for this event.
    pub is_candidate: bool,
    /// What each per-event stage said, up to the one that dropped the event.
    pub stages: Vec<StageVerdict>,
}

/// What one stage said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageVerdict {
    /// The number of the stage, from 1.
    pub stage: usize,
    /// Whether the event went on.
    pub kept: bool,
    /// The first test that failed, as written, where one is to blame.
    pub failed: Option<String>,
}

impl Engine {
    /// Runs the per-event stages of one rule on one event and says what each did. Changes nothing.
    ///
    /// # Errors
    /// If the input is rows and `raw` is none: where and why it is no JSON object.
    pub fn trace(&mut self, rule: RuleId, raw: &[u8], head: &Head<'_>) -> Result<Trace, RowError> {
        let raw = &raw[..raw.len().min(self.options.max_event_bytes)];
        self.select(raw);
        let is_candidate = self.candidates.contains(rule);
        let env = env(&self.rules, &self.options, &self.caches, &self.scratch);
        self.classes.make_room();
        let knowledge = knowledge(&self.rules, &self.options, &self.classes);
        let event = match self.options.input {
            Input::Rows => Event::of_row(raw, head, env)?,
            input => Event::new(raw, Meta::read(raw, head, input, env), knowledge, env),
        };
        let row = Row::over(env.bump.alloc(event), env.bump, Rank::default());
        let stages = stages(&self.rules.rules[rule.index()].plan, row, env);
        self.caches.take_given_up();
        self.scratch.reset();
        Ok(Trace { is_candidate, stages })
    }
}

fn stages<'e>(plan: &Plan, row: Row<'e>, env: Env<'e>) -> Vec<StageVerdict> {
    let (mut rows, mut verdicts) = (vec![row], Vec::new());
    for (stage, number) in plan.mapped.iter().chain(&plan.expanded).zip(1..) {
        let failed = match (stage, &rows[..]) {
            (Stage::Search(search), [row]) => search.blame(row, env),
            _ => None,
        };
        rows = stage.apply_all(rows, env);
        verdicts.push(StageVerdict { stage: number, kept: !rows.is_empty(), failed });
        if rows.is_empty() {
            break;
        }
    }
    verdicts
}
