//! Compiled rules: immutable, counted by reference, shared by any number of engines and threads.

use std::{ffi::c_void, sync::Arc};

use caltrop_core::{
    compiled::{Probe, Rule, RuleSet},
    ids::RuleId,
    locations::Locations,
    plan::explain::Explanation,
};

use crate::{
    compiler::is_writable,
    panic::guard_alone,
    sized::{Grown, put},
    status::{CALTROP_E_ARGUMENT, CaltropStatus, Fault},
    str::{CaltropStr, CaltropWriteFn},
};

/// All rules, compiled. Immutable; any thread may use it at any time. It lives until its last reference is given back and
/// its last engine is freed.
pub struct CaltropRuleset {
    rules: Arc<RuleSet>,
    /// One for each rule; none if the rule set does not hold them.
    outlines: Box<[Outline]>,
}

/// What compiled rules say of themselves.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropProbe {
    /// `sizeof(caltrop_probe)`, to be set by the caller.
    pub struct_size: usize,
    /// The version of their form.
    pub version: u32,
    /// 1 if this library reads that form, else 0.
    pub is_readable: u32,
    /// How many rules they are; 0 if the form is another.
    pub rule_count: u64,
    /// The version of the program that wrote them; empty if the form is another. It lies in the bytes.
    pub program: CaltropStr,
}

/// `what`: the commands of the rule as they are written, in their order.
pub const CALTROP_RULE_STAGE: u32 = 0;
/// `what`: the source types that the rule searches for: values and patterns of `sourcetype`, `source` or `Channel`, its
/// macros' too.
pub const CALTROP_RULE_SOURCE_TYPE: u32 = 1;
/// `what`: the fields that the rule reads.
pub const CALTROP_RULE_FIELD: u32 = 2;
/// `what`: the literals, in lower case, that the scan may look for in an event on behalf of the rule.
pub const CALTROP_RULE_LITERAL: u32 = 3;
/// `what`: the ATT&CK techniques that the rule names.
pub const CALTROP_RULE_TECHNIQUE: u32 = 4;

/// What a rule's file says of it. The texts are the rule set's and live as long as it does.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropRuleInfo {
    /// `sizeof(caltrop_rule_info)`, to be set by the caller.
    pub struct_size: usize,
    /// How many ATT&CK techniques it names, see `CALTROP_RULE_TECHNIQUE`.
    pub technique_count: usize,
    /// What it was added as: its identity.
    pub path: CaltropStr,
    /// Its id, which need not be unique; by default the file's name without its ending.
    pub id: CaltropStr,
    /// Its title.
    pub title: CaltropStr,
    /// What it finds; may be empty.
    pub description: CaltropStr,
}

/// Takes one more reference. Null is allowed. Any thread may call it.
///
/// # Safety
/// `ruleset` is null or a rule set to which the caller has a reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_ref(ruleset: *mut CaltropRuleset) {
    if !ruleset.is_null() {
        // SAFETY: it came from `Arc::into_raw` and is alive.
        unsafe { Arc::increment_strong_count(ruleset.cast_const()) };
    }
}

/// Gives a reference back; the last one frees the rule set once no engine runs it. Null is allowed. Any thread may call
/// it.
///
/// # Safety
/// `ruleset` is null or a rule set to which the caller has a reference, which is no longer used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_unref(ruleset: *mut CaltropRuleset) {
    if !ruleset.is_null() {
        guard_alone(|| {
            // SAFETY: it came from `Arc::into_raw`, and the caller gives its reference away.
            let reference = unsafe { Arc::from_raw(ruleset.cast_const()) };
            if let Some(last) = Arc::into_inner(reference) {
                stacker::grow(FREE_STACK_BYTES, || drop(last));
            }
            Ok(())
        });
    }
}

/// Gives the rule set as bytes to `write`, in one call: what `caltrop_ruleset_load` takes and loads much faster than rules
/// compile. The same rule set gives the same bytes. It needs memory for them. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: `write` returned something other than 0.
///
/// # Safety
/// `ruleset` is null or alive; `write` takes what its type says and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_save(
    ruleset: *const CaltropRuleset,
    write: CaltropWriteFn,
    userdata: *mut c_void,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live rule set.
    let Some(ruleset) = (unsafe { ruleset.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard_alone(|| {
        let write = write.ok_or_else(|| Fault::argument("the callback is null"))?;
        let bytes = stacker::grow(FILE_STACK_BYTES, || ruleset.rules.to_bytes());
        // SAFETY: the caller promises a function of this type; the bytes live until it returns.
        match unsafe { write(CaltropStr::of(&bytes), userdata) } {
            0 => Ok(()),
            _ => Err(Fault::stopped()),
        }
    })
}

/// What compiled rules say of themselves, without a look at the rest of the bytes. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or `out_probe->struct_size` is not set. `CALTROP_E_FORMAT`: they do not begin as compiled rules.
/// Nothing is written.
///
/// # Safety
/// The bytes can be read; `out_probe` is null or has as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_probe(
    bytes: CaltropStr,
    out_probe: *mut CaltropProbe,
) -> CaltropStatus {
    guard_alone(|| {
        // SAFETY: the caller promises that they can be read.
        let bytes = unsafe { bytes.some_bytes("the rule set") }?;
        let probe = RuleSet::probe(bytes);
        let probe = probe.ok_or_else(|| Fault::format("these are no compiled rules"))?;
        // SAFETY: the caller promises null or a sized struct.
        unsafe { put(out_probe, CaltropProbe::of(probe)) }
    })
}

/// The rule set that `caltrop_ruleset_save` or `caltrop compile` wrote, in `*out_ruleset`; the caller owns a reference to it.
/// `locations` is the database that `iplocation` asks, or no text. Of `caltrop_ruleset_text` it knows the techniques only.
/// The bytes may come from anywhere: they are looked at one by one, and copied. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_FORMAT`: the bytes are no compiled rules, are damaged or of another version, or the
/// database is none. Nothing is written.
///
/// # Safety
/// The bytes and the database can be read; `out_ruleset` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_load(
    bytes: CaltropStr,
    locations: CaltropStr,
    out_ruleset: *mut *mut CaltropRuleset,
) -> CaltropStatus {
    if !is_writable(out_ruleset) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        // SAFETY: the caller promises that they can be read.
        let (bytes, locations) =
            unsafe { (bytes.some_bytes("the rule set")?, locations.bytes("the database")?) };
        let rules = stacker::grow(FILE_STACK_BYTES, || loaded(bytes, locations))?;
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_ruleset = CaltropRuleset::new(rules, []).into_raw() };
        Ok(())
    })
}

/// How many rules it holds; 0 if `ruleset` is null. Any thread may call it.
///
/// # Safety
/// `ruleset` is null or alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_len(ruleset: *const CaltropRuleset) -> usize {
    // SAFETY: the caller promises null or a live rule set.
    unsafe { ruleset.as_ref() }.map_or(0, |ruleset| ruleset.rules.len())
}

/// What is known of the rule at `index`, from 0, in the order of the paths. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, no such rule, or `out_info->struct_size` is not set. Nothing is written.
///
/// # Safety
/// `ruleset` is null or alive; `out_info` is null or has as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_rule(
    ruleset: *const CaltropRuleset,
    index: usize,
    out_info: *mut CaltropRuleInfo,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live rule set.
    let Some(ruleset) = (unsafe { ruleset.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard_alone(|| {
        let rule = ruleset.rule(index)?;
        // SAFETY: the caller promises null or a sized struct.
        unsafe { put(out_info, CaltropRuleInfo::of(rule)) }
    })
}

/// Where the rule of that path stands, for calls that take its index. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or there is no such rule. Nothing is written.
///
/// # Safety
/// `ruleset` is null or alive; the text can be read; `out_index` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_find(
    ruleset: *const CaltropRuleset,
    path: CaltropStr,
    out_index: *mut usize,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live rule set.
    let Some(ruleset) = (unsafe { ruleset.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_index) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        // SAFETY: the caller promises that it can be read.
        let found = ruleset.rules.find(unsafe { path.some_bytes("the path") }?);
        let found = found.ok_or_else(|| Fault::argument("there is no such rule"))?;
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_index = found.index() };
        Ok(())
    })
}

/// One text of what is known of the rule at `rule_index`: of those that `what` (`CALTROP_RULE_*`) names, the one at `index`
/// from 0. Ask until it refuses. The text is the rule set's and lives as long as it does. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, no such rule, an unknown `what`, or no more texts. Nothing is written.
///
/// # Safety
/// `ruleset` is null or alive; `out_text` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_ruleset_text(
    ruleset: *const CaltropRuleset,
    rule_index: usize,
    what: u32,
    index: usize,
    out_text: *mut CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live rule set.
    let Some(ruleset) = (unsafe { ruleset.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_text) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        let text = ruleset.texts(rule_index, what)?.get(index);
        let text = text.ok_or_else(|| Fault::argument("there is no such text"))?;
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_text = CaltropStr::of(text.as_bytes()) };
        Ok(())
    })
}

/// A rule set is freed by recursion, as deep as its expressions: more than the 24 KiB that a caller may have left.
pub(crate) const FREE_STACK_BYTES: usize = 1 << 20;

/// Saving and loading recurse as compiling does.
const FILE_STACK_BYTES: usize = 16 << 20;

fn loaded(bytes: &[u8], locations: Option<&[u8]>) -> Result<RuleSet, Fault> {
    let locations = locations.map(|database| Locations::from_bytes(database.into())).transpose();
    let locations = locations.map_err(|error| Fault::format(error.to_string()))?;
    RuleSet::from_bytes(bytes, locations).map_err(|error| Fault::format(error.to_string()))
}

impl CaltropRuleset {
    /// `outlines` are of the rules in their order.
    pub(crate) fn new(rules: RuleSet, outlines: impl IntoIterator<Item = Outline>) -> Self {
        Self { rules: Arc::new(rules), outlines: outlines.into_iter().collect() }
    }

    /// A pointer that owns one reference.
    pub(crate) fn into_raw(self) -> *mut Self {
        Arc::into_raw(Arc::new(self)).cast_mut()
    }

    pub(crate) fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    fn rule(&self, index: usize) -> Result<&Rule, Fault> {
        if index >= self.rules.len() {
            return Err(Fault::argument("there is no such rule"));
        }
        Ok(self.rules.rule(RuleId::new(index)))
    }

    fn texts(&self, index: usize, what: u32) -> Result<&[String], Fault> {
        let rule = self.rule(index)?;
        let outline = self.outlines.get(index);
        Ok(match what {
            CALTROP_RULE_STAGE => outline.map_or(&[], |outline| &outline.stages),
            CALTROP_RULE_SOURCE_TYPE => outline.map_or(&[], |outline| &outline.source_types),
            CALTROP_RULE_FIELD => outline.map_or(&[], |outline| &outline.fields),
            CALTROP_RULE_LITERAL => outline.map_or(&[], |outline| &outline.literals),
            CALTROP_RULE_TECHNIQUE => &rule.meta.technique_ids,
            _ => return Err(Fault::argument("what is asked for is unknown")),
        })
    }
}

/// What a host may want to know of a rule to feed it: what it is made of, and what its events hold.
pub(crate) struct Outline {
    stages: Box<[String]>,
    source_types: Box<[String]>,
    fields: Box<[String]>,
    literals: Box<[String]>,
}

impl Outline {
    pub(crate) fn of(explanation: Explanation) -> Self {
        let Explanation { stages, source_types, fields, atoms, .. } = explanation;
        Self {
            stages: stages.into_iter().map(|stage| stage.text).collect(),
            source_types: source_types.into(),
            fields: fields.into_iter().map(|field| field.name).collect(),
            literals: atoms.into_iter().map(|atom| atom.text).collect(),
        }
    }
}

// SAFETY: its first field is its size, the others are integers and a text.
unsafe impl Grown for CaltropProbe {
    const FIRST_BYTES: usize = 40;
    const NAME: &'static str = "probe";
}

impl CaltropProbe {
    fn of(probe: Probe<'_>) -> Self {
        Self {
            struct_size: size_of::<Self>(),
            version: probe.version,
            is_readable: probe.is_readable().into(),
            rule_count: probe.rules,
            program: CaltropStr::of(probe.program.as_bytes()),
        }
    }
}

// SAFETY: its first field is its size, the others are integers and texts.
unsafe impl Grown for CaltropRuleInfo {
    const FIRST_BYTES: usize = 80;
    const NAME: &'static str = "rule info";
}

impl CaltropRuleInfo {
    fn of(rule: &Rule) -> Self {
        let view = |text: &str| CaltropStr::of(text.as_bytes());
        Self {
            struct_size: size_of::<Self>(),
            technique_count: rule.meta.technique_ids.len(),
            path: view(&rule.meta.path),
            id: view(&rule.meta.id),
            title: view(&rule.meta.title),
            description: view(&rule.meta.description),
        }
    }
}
