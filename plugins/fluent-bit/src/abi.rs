//! What Fluent Bit sees: a plugin's description and its functions, laid out as it expects them.
//!
//! The filter is a native one. Fluent Bit copies [`filter_caltrop_plugin`], as many bytes as its own struct has, so the part
//! that no known version has is zero. The layout up to `cb_exit` is the same since 2.2.0; other structs change from version
//! to version, and are pointers that nobody follows here. The companion input is a proxy plugin, as those in Go are, and has
//! the same functions since 1.1.
//!
//! The two cannot be told apart by version, so a host that is older than 2.2 is known by a function that it lacks.

use std::{
    ffi::{c_char, c_int, c_void},
    mem::offset_of,
    sync::Arc,
};

use caltrop_shipper::{detector::Level, load::COMPILE_STACK_BYTES};

use crate::{
    config::Config,
    gate::{Filter, STACK_BYTES, guarded},
    host,
    instance::Instance,
    registry,
};

/// `FLB_FILTER_MODIFIED`: the host takes the output, and frees it.
pub const MODIFIED: c_int = 1;
/// `FLB_FILTER_NOTOUCH`: the chunk goes on as it is.
pub const NOTOUCH: c_int = 2;

type Start = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;
type Run = unsafe extern "C" fn(
    *const c_void,
    usize,
    *const c_char,
    c_int,
    *mut *mut c_void,
    *mut usize,
    *mut c_void,
    *mut c_void,
    *mut c_void,
    *mut c_void,
) -> c_int;
type Exit = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;

/// `struct flb_filter_plugin`, as far as a plugin fills it.
#[repr(C)]
pub struct FilterPlugin {
    event_type: c_int,
    flags: c_int,
    name: *const c_char,
    description: *const c_char,
    config_map: *const c_void,
    cb_pre_run: Option<Start>,
    cb_init: Option<Start>,
    cb_filter: Option<Run>,
    cb_exit: Option<Exit>,
    /// What later versions have behind it.
    rest: [usize; 32],
}

const _: () = {
    assert!(offset_of!(FilterPlugin, name) == 8);
    assert!(offset_of!(FilterPlugin, description) == 16);
    assert!(offset_of!(FilterPlugin, config_map) == 24);
    assert!(offset_of!(FilterPlugin, cb_pre_run) == 32);
    assert!(offset_of!(FilterPlugin, cb_init) == 40);
    assert!(offset_of!(FilterPlugin, cb_filter) == 48);
    assert!(offset_of!(FilterPlugin, cb_exit) == 56);
};

// SAFETY: its pointers lead to constants.
unsafe impl Sync for FilterPlugin {}

/// What Fluent Bit looks up when it loads `flb-filter_caltrop.so`.
#[unsafe(no_mangle)]
pub static filter_caltrop_plugin: FilterPlugin = FilterPlugin {
    event_type: 0,
    flags: 0,
    name: c"caltrop".as_ptr(),
    description: c"Splunk detection rules in the stream".as_ptr(),
    config_map: std::ptr::null(),
    cb_pre_run: Some(pre_run),
    cb_init: Some(init),
    cb_filter: Some(filter),
    cb_exit: Some(exit),
    rest: [0; 32],
};

/// Refuses hosts that are too old. Those before 2.2 take this for `cb_init`, which has the same signature.
unsafe extern "C" fn pre_run(_: *mut c_void, _: *mut c_void, _: *mut c_void) -> c_int {
    let is_known = guarded("caltrop", || {
        host::has(c"flb_proxy_output_cb_init") || host::has(c"flb_lock_init")
    });
    if is_known == Some(true) {
        return 0;
    }
    host::log(Level::Error, "caltrop", "this Fluent Bit is older than 2.2, which the filter needs");
    -1
}

/// # Safety
/// `instance` is a filter instance of the host.
unsafe extern "C" fn init(instance: *mut c_void, _: *mut c_void, _: *mut c_void) -> c_int {
    // SAFETY: the caller promises that the instance is one.
    let name = unsafe { host::name(instance) };
    let started = guarded(&name, || {
        // Rules are compiled on more stack than events need.
        stacker::grow(COMPILE_STACK_BYTES, || {
            // SAFETY: the caller promises that the instance is one, for the time of this call.
            start(&name, &|key| unsafe { host::property(instance, key) })
        })
    });
    match started {
        Some(Ok(filter)) => {
            let context = Arc::into_raw(filter).cast_mut().cast();
            // SAFETY: the caller promises that the instance is one.
            unsafe { host::set_context(instance, context) };
            0
        }
        Some(Err(errors)) => {
            errors.iter().for_each(|error| host::log(Level::Error, &name, error));
            -1
        }
        None => -1,
    }
}

fn start(
    name: &str,
    value_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Arc<Filter>, Vec<String>> {
    let config = Config::read(value_of)?;
    let state = config.setup.state.clone();
    let instance = Instance::start(name.to_owned(), config)?;
    let filter = Arc::new(Filter::new(name.to_owned(), instance));
    registry::add(&filter, state.as_deref()).map_err(|error| vec![error])?;
    Ok(filter)
}

/// # Safety
/// `context` is what [`init`] has set, and was not given to [`exit`]; `data` has `bytes` bytes and `tag` has `tag_len`;
/// the output can be written.
unsafe extern "C" fn filter(
    data: *const c_void,
    bytes: usize,
    tag: *const c_char,
    tag_len: c_int,
    out: *mut *mut c_void,
    out_bytes: *mut usize,
    _: *mut c_void,
    _: *mut c_void,
    context: *mut c_void,
    _: *mut c_void,
) -> c_int {
    if context.is_null() || data.is_null() || bytes == 0 {
        return NOTOUCH;
    }
    // SAFETY: the caller promises that it is a filter that has not ended.
    let filter = unsafe { &*context.cast::<Filter>() };
    // SAFETY: the caller promises so many bytes.
    let chunk = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), bytes) };
    let tag = match usize::try_from(tag_len) {
        // SAFETY: the caller promises so many bytes.
        Ok(length) if !tag.is_null() => unsafe { std::slice::from_raw_parts(tag.cast(), length) },
        _ => &[],
    };
    let changed = filter.enter(|instance| {
        let changed = instance.filter(chunk, tag)?;
        let (length, copy) = (changed.len(), copied(&changed));
        instance.reuse(changed);
        copy.map(|copy| (copy, length))
    });
    let Some((copy, length)) = changed.flatten() else { return NOTOUCH };
    // SAFETY: the caller promises that the output can be written.
    unsafe {
        *out = copy;
        *out_bytes = length;
    }
    MODIFIED
}

/// Nothing is null: the host takes no output of that.
fn copied(bytes: &[u8]) -> Option<*mut c_void> {
    if bytes.is_empty() { Some(std::ptr::null_mut()) } else { host::copy_for_host(bytes) }
}

/// # Safety
/// `context` is what [`init`] has set, and no other call uses it from now on.
unsafe extern "C" fn exit(context: *mut c_void, _: *mut c_void) -> c_int {
    if !context.is_null() {
        // SAFETY: `init` has made it by `into_raw`, and the host gives it back once.
        let filter = unsafe { Arc::from_raw(context.cast_const().cast::<Filter>()) };
        filter.end();
        guarded("caltrop", || drop(filter));
    }
    0
}

/// `struct flb_plugin_proxy_def`, as far as a plugin fills it.
#[repr(C)]
pub struct ProxyDefinition {
    kind: c_int,
    proxy: c_int,
    flags: c_int,
    name: *const c_char,
    description: *const c_char,
}

const _: () = assert!(offset_of!(ProxyDefinition, name) == 16);

const PROXY_INPUT: c_int = 1;
const PROXY_GO: c_int = 11;
const PROXY_OK: c_int = 1;

/// Describes the companion input, `caltrop_detections`.
///
/// # Safety
/// `definition` is the host's `struct flb_plugin_proxy_def`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FLBPluginRegister(definition: *mut ProxyDefinition) -> c_int {
    // SAFETY: the caller promises a definition; its first fields are these in every version.
    let definition = unsafe { &mut *definition };
    definition.kind = PROXY_INPUT;
    definition.proxy = PROXY_GO;
    definition.flags = 0;
    definition.name = c"caltrop_detections".as_ptr();
    definition.description = c"Detections of the caltrop filters".as_ptr();
    0
}

/// Starts the companion.
#[unsafe(no_mangle)]
pub extern "C" fn FLBPluginInit(_: *mut c_void) -> c_int {
    registry::companion_starts();
    PROXY_OK
}

/// So much is given in one call: the shipper puts it into one chunk, of which 2 MB are its bound.
const MAX_BYTES_A_CALL: usize = 1 << 20;

/// The host asks once a second for what has been found; the filters learn the time by it.
///
/// # Safety
/// `data` and `bytes` can be written. The host frees what it is given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FLBPluginInputCallback(
    data: *mut *mut c_void,
    bytes: *mut usize,
) -> c_int {
    let found = guarded("caltrop", detections).unwrap_or_default();
    let copy = if found.is_empty() { None } else { host::copy_for_host(&found) };
    // SAFETY: the caller promises that both can be written.
    unsafe {
        *data = copy.unwrap_or(std::ptr::null_mut());
        *bytes = if copy.is_some() { found.len() } else { 0 };
    }
    PROXY_OK
}

fn detections() -> Vec<u8> {
    let mut found = Vec::new();
    registry::take_left_into(&mut found, MAX_BYTES_A_CALL);
    for filter in registry::filters() {
        let room = MAX_BYTES_A_CALL.saturating_sub(found.len());
        filter.enter(|instance| {
            instance.tick();
            instance.give_into(&mut found, room);
        });
    }
    found
}

/// Ends the companion.
#[unsafe(no_mangle)]
pub extern "C" fn FLBPluginExit() -> c_int {
    registry::companion_ends();
    PROXY_OK
}

const _: () = assert!(STACK_BYTES < COMPILE_STACK_BYTES);
