//! What became of windows when an engine was given other rules or a saved state.

use std::fmt;

use caltrop_core::engine::{Ended, LeftOut, Reason, Restored, Swapped};

use crate::{sized::Grown, str::CaltropStr};

/// `reason`: no rule has this path now.
pub const CALTROP_LEFT_OUT_UNKNOWN_RULE: u32 = 1;
/// `reason`: the rule, or what the knowledge makes of fields, is another now.
pub const CALTROP_LEFT_OUT_CHANGED_RULE: u32 = 2;
/// `reason`: the engine cuts time into other windows now.
pub const CALTROP_LEFT_OUT_CHANGED_OPTIONS: u32 = 3;
/// `reason`: a later library than this header knows why.
pub const CALTROP_LEFT_OUT_OTHER: u32 = 4;

/// What goes on.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CaltropTransfer {
    /// `sizeof(caltrop_transfer)`, to be set by the caller.
    pub struct_size: usize,
    /// Open windows that go on.
    pub windows: usize,
    /// Closed windows that can still be revised.
    pub retained: usize,
    /// Rules that did not go on, see `caltrop_engine_left_out`.
    pub left_out_count: usize,
}

/// A rule that did not go on. Of a swap, its open windows were sent; of a saved state, they are part of no alert.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropLeftOut {
    /// `sizeof(caltrop_left_out)`, to be set by the caller.
    pub struct_size: usize,
    /// The rule's path.
    pub path: CaltropStr,
    /// How many windows it had open.
    pub windows: usize,
    /// How many closed ones could still have been revised.
    pub retained: usize,
    /// `CALTROP_LEFT_OUT_*`.
    pub reason: u32,
    /// 0.
    pub reserved: u32,
}

/// The report of the last exchange.
#[derive(Default)]
pub(crate) struct Transferred {
    windows: usize,
    retained: usize,
    left_out: Vec<LeftOut>,
}

impl Transferred {
    pub(crate) fn of_swap(swapped: Swapped) -> Self {
        let Swapped { windows, retained, ended, .. } = swapped;
        let left_out = |rule: Ended| {
            let Ended { path, windows, retained, reason } = rule;
            LeftOut { path, windows, retained, reason }
        };
        Self { windows, retained, left_out: ended.into_iter().map(left_out).collect() }
    }

    pub(crate) fn of_state(restored: Restored) -> Self {
        let Restored { windows, retained, left_out } = restored;
        Self { windows, retained, left_out }
    }

    pub(crate) fn summary(&self) -> CaltropTransfer {
        let Self { windows, retained, ref left_out } = *self;
        let struct_size = size_of::<CaltropTransfer>();
        CaltropTransfer { struct_size, windows, retained, left_out_count: left_out.len() }
    }

    pub(crate) fn left_out(&self, index: usize) -> Option<CaltropLeftOut> {
        let rule = self.left_out.get(index)?;
        Some(CaltropLeftOut {
            struct_size: size_of::<CaltropLeftOut>(),
            path: CaltropStr::of(rule.path.as_bytes()),
            windows: rule.windows,
            retained: rule.retained,
            reason: reason(rule.reason),
            reserved: 0,
        })
    }
}

/// For the log.
impl fmt::Display for Transferred {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { windows, retained, left_out } = self;
        write!(
            out,
            "{windows} open and {retained} closed windows go on, {} rules do not",
            left_out.len()
        )
    }
}

fn reason(reason: Reason) -> u32 {
    match reason {
        Reason::UnknownRule => CALTROP_LEFT_OUT_UNKNOWN_RULE,
        Reason::ChangedRule => CALTROP_LEFT_OUT_CHANGED_RULE,
        Reason::ChangedOptions => CALTROP_LEFT_OUT_CHANGED_OPTIONS,
        _ => CALTROP_LEFT_OUT_OTHER,
    }
}

// SAFETY: the first field is its size, the others are integers.
unsafe impl Grown for CaltropTransfer {
    const FIRST_BYTES: usize = 32;
    const NAME: &'static str = "transfer";
}

// SAFETY: the first field is its size, the others are integers and a text.
unsafe impl Grown for CaltropLeftOut {
    const FIRST_BYTES: usize = 48;
    const NAME: &'static str = "left out rule";
}
