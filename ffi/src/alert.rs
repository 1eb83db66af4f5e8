//! What the alert callback gets: views of one result row of one rule.

use std::{cell::RefCell, ptr};

use caltrop_core::alert::{Alert, Field, Partial};

use crate::{
    compiler::is_writable,
    panic::guard_alone,
    status::{CALTROP_E_ARGUMENT, CaltropStatus, Fault},
    str::CaltropStr,
};

/// A flag of `caltrop_alert`: `time_s` is set.
pub const CALTROP_ALERT_HAS_TIME: u32 = 1;
/// A flag of `caltrop_alert`: `window_start_s` and `window_end_s` are set.
pub const CALTROP_ALERT_HAS_WINDOW: u32 = 2;

/// A flag of `caltrop_alert`: an event that came after the window had closed caused it. It replaces what was sent with the
/// same `key` and a lower `revision`; with revision 0 the row is new.
pub const CALTROP_ALERT_LATE: u32 = 4;
/// A flag of `caltrop_alert`: `values` or `list` may lack some for want of memory.
pub const CALTROP_ALERT_TRUNCATED: u32 = 8;
/// A flag of `caltrop_alert`: the row that was sent with the same `key` is there no longer.
pub const CALTROP_ALERT_RETRACTED: u32 = 16;

/// `partial`: the window was complete.
pub const CALTROP_PARTIAL_NO: u32 = 0;
/// `partial`: groups of the window were sent before its end because the state had grown beyond `max_state_bytes` or
/// `max_rule_state_bytes`; this is one of them, or a rest.
pub const CALTROP_PARTIAL_MEMORY: u32 = 1;
/// `partial`: the window was sent before its end because the rules were changed.
pub const CALTROP_PARTIAL_RELOAD: u32 = 2;
/// `partial`: the window was sent before its end because the engine was stopped.
pub const CALTROP_PARTIAL_SHUTDOWN: u32 = 3;

/// One result row of one rule. It and all that it points to die when the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropAlert {
    /// What the library knows of; fields beyond are not there.
    pub struct_size: usize,
    /// The rule's index in its rule set.
    pub rule_index: usize,
    /// `CALTROP_ALERT_` flags. Ignore those that you do not know.
    pub flags: u32,
    /// `CALTROP_PARTIAL_NO`, or why the window was sent before its end.
    pub partial: u32,
    /// What the rule was added as.
    pub rule_path: CaltropStr,
    /// The rule's id.
    pub rule_id: CaltropStr,
    /// The rule's title.
    pub rule_title: CaltropStr,
    /// The time of the row, else the end of its window, in seconds since 1970.
    pub time_s: f64,
    /// The start of the window, in seconds since 1970.
    pub window_start_s: f64,
    /// The end of the window, in seconds since 1970.
    pub window_end_s: f64,
    /// The same for the same rule, window and group, in every run.
    pub key: u64,
    /// Which version of this row it is; 0 at first.
    pub revision: u32,
    /// 0.
    pub reserved: u32,
    /// How many columns the row has, see `caltrop_alert_field`.
    pub field_count: usize,
    /// The row itself, for the functions below.
    pub row: *const CaltropRow,
}

/// A row behind its alert. Only the functions on alerts look into it.
pub struct CaltropRow {
    // The lifetimes of C are promises: both live until the callback returns.
    alert: *const Alert<'static>,
    json: *const RefCell<Vec<u8>>,
}

/// One column of an alert's row. Its texts die when the alert does.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropField {
    /// Its name.
    pub name: CaltropStr,
    /// Its first value, for most fields the only one.
    pub value: CaltropStr,
    /// How many values it has, at least one; see `caltrop_alert_value`.
    pub value_count: usize,
}

/// The column at `index`, from 0 to `alert->field_count - 1`, in the order of the row.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null or no such column. Nothing is written.
///
/// # Safety
/// `alert` is null or what a running callback was given; `out_field` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_alert_field(
    alert: *const CaltropAlert,
    index: usize,
    out_field: *mut CaltropField,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live alert.
    let Some(row) = (unsafe { row(alert) }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_field) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        let field = row.field(index)?;
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_field = CaltropField::of(field) };
        Ok(())
    })
}

/// The value at `value_index` of the column at `field_index`, both from 0.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, no such column or no such value. Nothing is written.
///
/// # Safety
/// `alert` is null or what a running callback was given; `out_value` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_alert_value(
    alert: *const CaltropAlert,
    field_index: usize,
    value_index: usize,
    out_value: *mut CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live alert.
    let Some(row) = (unsafe { row(alert) }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_value) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        let value = row.field(field_index)?.texts.get(value_index);
        let value = value.ok_or_else(|| Fault::argument("there is no such value"))?;
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_value = CaltropStr::of(value) };
        Ok(())
    })
}

/// The alert as one JSON object without a line end, as `caltrop run` prints it: UTF-8, no NUL behind it. The text dies
/// with the alert; it is written once, however often it is asked for.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. Nothing is written.
///
/// # Safety
/// `alert` is null or what a running callback was given, and no other thread uses it; `out_json` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_alert_json(
    alert: *const CaltropAlert,
    out_json: *mut CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live alert.
    let Some(row) = (unsafe { row(alert) }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_json) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        let json = row.json()?;
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_json = json };
        Ok(())
    })
}

impl CaltropAlert {
    /// The view of `alert` whose row is `row`.
    pub(crate) fn of(alert: &Alert<'_>, row: &CaltropRow) -> Self {
        let view = |text: &str| CaltropStr::of(text.as_bytes());
        let has_time = flag(alert.time_s.is_some(), CALTROP_ALERT_HAS_TIME);
        let has_window = flag(alert.window_s.is_some(), CALTROP_ALERT_HAS_WINDOW);
        let (window_start_s, window_end_s) = alert.window_s.unwrap_or_default();
        Self {
            struct_size: size_of::<Self>(),
            rule_index: alert.rule_id.index(),
            flags: has_time | has_window | version(alert),
            partial: partial(alert.partial),
            rule_path: view(&alert.rule.path),
            rule_id: view(&alert.rule.id),
            rule_title: view(&alert.rule.title),
            time_s: alert.time_s.unwrap_or_default(),
            window_start_s,
            window_end_s,
            key: alert.key,
            revision: alert.revision,
            reserved: 0,
            field_count: alert.fields.len(),
            row: ptr::from_ref(row),
        }
    }
}

impl CaltropRow {
    /// The row of `alert`. `json` is where its JSON goes; what is in there is of an earlier alert.
    pub(crate) fn of(alert: &Alert<'_>, json: &RefCell<Vec<u8>>) -> Self {
        json.borrow_mut().clear();
        Self { alert: ptr::from_ref(alert).cast(), json: ptr::from_ref(json) }
    }

    fn field(&self, index: usize) -> Result<&Field<'_>, Fault> {
        // SAFETY: a row is only used while its callback runs, and the alert outlives that.
        let alert: &Alert<'_> = unsafe { &*self.alert };
        alert.fields.get(index).ok_or_else(|| Fault::argument("there is no such field"))
    }

    fn json(&self) -> Result<CaltropStr, Fault> {
        // SAFETY: a row is only used while its callback runs, and both outlive that.
        let (alert, json) = unsafe { (&*self.alert, &*self.json) };
        let mut json = json.borrow_mut();
        if json.is_empty() {
            alert.write_json(&mut *json).expect("a Vec takes everything");
        }
        Ok(CaltropStr::of(&json))
    }
}

impl CaltropField {
    fn of(field: &Field<'_>) -> Self {
        let value = field.texts.first().map_or(CaltropStr::NONE, |text| CaltropStr::of(text));
        Self { name: CaltropStr::of(field.name), value, value_count: field.texts.len() }
    }
}

/// The row of an alert; `None` for what is no alert, as far as can be told.
///
/// # Safety
/// `alert` is null or what a running callback was given.
unsafe fn row<'a>(alert: *const CaltropAlert) -> Option<&'a CaltropRow> {
    if !alert.is_aligned() {
        return None;
    }
    // SAFETY: it is aligned, and the caller promises null or a live alert and so a live row.
    unsafe { alert.as_ref()?.row.as_ref() }
}

fn flag(is_set: bool, flag: u32) -> u32 {
    if is_set { flag } else { 0 }
}

fn version(alert: &Alert<'_>) -> u32 {
    flag(alert.late, CALTROP_ALERT_LATE)
        | flag(alert.truncated, CALTROP_ALERT_TRUNCATED)
        | flag(alert.retracted, CALTROP_ALERT_RETRACTED)
}

fn partial(partial: Option<Partial>) -> u32 {
    match partial {
        None => CALTROP_PARTIAL_NO,
        Some(Partial::Memory) => CALTROP_PARTIAL_MEMORY,
        Some(Partial::Reload) => CALTROP_PARTIAL_RELOAD,
        Some(Partial::Shutdown) => CALTROP_PARTIAL_SHUTDOWN,
    }
}
