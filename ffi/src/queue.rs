//! Alerts that wait until the host pulls them.
//!
//! An alert of the engine dies when its call returns, so each is copied whole into an arena of its own. The arena and the
//! rule set that its metadata lies in live as long as the copy; that is what makes the `'static` below true.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, sync::Arc};

use bumpalo::Bump;
use caltrop_core::{
    alert::{Alert, Field},
    compiled::{RuleMeta, RuleSet},
};

use crate::alert::{CaltropAlert, CaltropRow};

/// While so many bytes wait, calls that look at events are refused. One call may go beyond it.
const MAX_WAITING_BYTES: usize = 64 << 20;

/// The alerts of one engine, oldest first.
pub(crate) struct Queue {
    /// What the next alerts are of.
    rules: Arc<RuleSet>,
    waiting: VecDeque<Kept>,
    waiting_bytes: usize,
    /// The one that the host has, until it asks for the next.
    current: Option<Kept>,
    json: Rc<RefCell<Vec<u8>>>,
}

/// A copy of an alert.
struct Kept {
    alert: *const Alert<'static>,
    arena: Bump,
    _rules: Arc<RuleSet>,
}

impl Queue {
    pub(crate) fn new(rules: Arc<RuleSet>) -> Self {
        let (waiting, current, json) = (VecDeque::new(), None, Rc::default());
        Self { rules, waiting, waiting_bytes: 0, current, json }
    }

    /// The alerts that come from now on are of `rules`.
    pub(crate) fn set_rules(&mut self, rules: Arc<RuleSet>) {
        self.rules = rules;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting_bytes >= MAX_WAITING_BYTES
    }

    pub(crate) fn keep(&mut self, alert: &Alert<'_>) {
        let kept = Kept::of(alert, Arc::clone(&self.rules));
        self.waiting_bytes += kept.arena.allocated_bytes();
        self.waiting.push_back(kept);
    }

    /// The oldest alert, which is then no longer waiting; null if there is none. It lives until the next call.
    pub(crate) fn next(&mut self) -> *const CaltropAlert {
        self.current = self.waiting.pop_front();
        let Some(current) = &self.current else { return std::ptr::null() };
        self.waiting_bytes -= current.arena.allocated_bytes();
        // SAFETY: it lies in the arena, which this queue has.
        let alert = unsafe { &*current.alert };
        let row = current.arena.alloc(CaltropRow::of(alert, &self.json));
        std::ptr::from_ref(current.arena.alloc(CaltropAlert::of(alert, row)))
    }

    /// Forgets every alert.
    pub(crate) fn clear(&mut self) {
        self.current = None;
        self.waiting.clear();
        self.waiting_bytes = 0;
    }
}

impl Kept {
    fn of(alert: &Alert<'_>, rules: Arc<RuleSet>) -> Self {
        let arena = Bump::with_capacity(bytes_of(alert));
        let rule: *const RuleMeta = &raw const rules.rule(alert.rule_id).meta;
        let fields = alert.fields.iter().map(|field| copied(field, &arena));
        let fields: &[Field<'_>] = arena.alloc_slice_fill_iter(fields.collect::<Vec<_>>());
        // SAFETY: the rule set is immutable and lives as long as the copy.
        let rule = unsafe { &*rule };
        let alert = Alert { rule, fields, ..*alert };
        let alert: *const Alert<'_> = arena.alloc(alert);
        Self { alert: alert.cast(), arena, _rules: rules }
    }
}

fn copied<'b>(field: &Field<'_>, arena: &'b Bump) -> Field<'b> {
    let texts = field.texts.iter().map(|text| -> &[u8] { arena.alloc_slice_copy(text) });
    let texts = arena.alloc_slice_fill_iter(texts.collect::<Vec<_>>());
    Field { name: arena.alloc_slice_copy(field.name), texts }
}

/// About what a copy needs, in bytes.
fn bytes_of(alert: &Alert<'_>) -> usize {
    let of_field = |field: &Field<'_>| {
        let texts = field.texts.iter().map(|text| text.len() + size_of::<&[u8]>());
        size_of::<Field<'_>>() + field.name.len() + texts.sum::<usize>()
    };
    let views = size_of::<Alert<'_>>() + size_of::<CaltropAlert>() + size_of::<CaltropRow>();
    views + alert.fields.iter().map(of_field).sum::<usize>()
}
