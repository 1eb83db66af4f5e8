//! The rules of a stream, and what is to be said of them.

use caltrop_core::diag::short;
use caltrop_host::{Loaded, Refusals, Reload, load};

use crate::setup::Setup;

/// The compiler walks rules that are nested hundreds deep.
pub const COMPILE_STACK_BYTES: usize = 16 << 20;

/// So many complaints are told; `caltrop check` tells the rest.
const MAX_TOLD: usize = 50;

/// Reads and compiles the rules.
#[must_use]
pub fn rules(setup: &Setup) -> Loaded {
    load(&setup.rules, &setup.knowledge, setup.geoip.as_deref(), setup.build)
}

/// What watches them from now on.
#[must_use]
pub fn reload(setup: &Setup, loaded: &Loaded) -> Reload {
    let refusals = if setup.strict { Refusals::None } else { Refusals::OfIdleRules };
    Reload::new(setup.rules.clone(), setup.knowledge.clone(), setup.build, refusals, loaded)
}

/// Whether something is not as the operator wrote it: a file that cannot be read, a refused rule, a mistake in the knowledge.
#[must_use]
pub fn is_faulty(loaded: &Loaded) -> bool {
    loaded.errors().next().is_some()
        || loaded.refused().next().is_some()
        || loaded.complaints().iter().any(|complaint| complaint.diagnostic.is_error())
}

/// Every error on one line, as `caltrop check --short` tells it.
#[must_use]
pub fn errors(loaded: &Loaded) -> Vec<String> {
    let files = loaded.errors().map(ToString::to_string);
    let complaints = loaded.complaints();
    let found = complaints.iter().filter(|complaint| complaint.diagnostic.is_error());
    let found = found.map(|found| short(found.diagnostic, &found.path, found.text));
    let mut errors: Vec<String> = files.chain(found).collect();
    let more = errors.len().saturating_sub(MAX_TOLD);
    errors.truncate(MAX_TOLD);
    if more > 0 {
        errors.push(format!("... and {more} more: `caltrop check` lists them"));
    }
    errors
}
