//! What the library makes, as Rust owns it.

use std::{
    ffi::{CStr, c_void},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    ptr::{self, NonNull},
    slice,
    sync::Arc,
};

use caltrop::{
    CALTROP_OK, CaltropAlert, CaltropCompiler, CaltropEngine, CaltropEvent, CaltropRuleset,
    CaltropStatus, CaltropStr,
};

use crate::{
    error::{CallError, LoadError},
    functions::Functions,
};

/// An open libcaltrop. It closes when it and all that was made from it are gone.
#[derive(Clone)]
pub struct Caltrop {
    functions: Arc<Functions>,
}

/// Rule texts to a rule set.
pub struct Compiler {
    functions: Arc<Functions>,
    handle: NonNull<CaltropCompiler>,
}

/// What a build gives.
#[derive(Debug)]
pub struct Built {
    /// The rules that can run.
    pub rules: RuleSet,
    /// How many were left out.
    pub refused: usize,
}

/// Compiled rules.
pub struct RuleSet {
    functions: Arc<Functions>,
    handle: NonNull<CaltropRuleset>,
}

/// One stream of events. Alerts go to the closure that it was made with.
pub struct Engine<'f> {
    functions: Arc<Functions>,
    handle: NonNull<CaltropEngine>,
    // Behind a pointer of its own: the library keeps its address, and an engine may move.
    host: NonNull<Host<'f>>,
}

/// One result row of one rule.
#[derive(Debug)]
pub struct Alert<'a> {
    view: &'a CaltropAlert,
    json: &'a [u8],
}

/// The closure behind an engine, and the panic that came out of it.
struct Host<'f> {
    functions: Arc<Functions>,
    on_alert: Box<dyn FnMut(&Alert<'_>) + 'f>,
    panic: Option<Box<dyn std::any::Any + Send>>,
}

impl Caltrop {
    /// Opens the library at `path`. A path without a `/` is searched for where the system keeps libraries.
    ///
    /// # Errors
    /// If it is no library, not libcaltrop, or one whose ABI has another major number.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Ok(Self { functions: Arc::new(Functions::open(path)?) })
    }

    /// Its version, such as `0.1.0`.
    #[must_use]
    pub fn version(&self) -> String {
        // SAFETY: the text is static and ends with a NUL.
        let version = unsafe { CStr::from_ptr((self.functions.version)()) };
        version.to_string_lossy().into_owned()
    }

    /// A compiler without rules.
    ///
    /// # Errors
    /// If the library has met a bug.
    pub fn compiler(&self) -> Result<Compiler, CallError> {
        let mut handle = ptr::null_mut();
        // SAFETY: options may be null, and a pointer can be written to `handle`.
        let status = unsafe { (self.functions.compiler_new)(ptr::null(), &raw mut handle) };
        let handle = made(&self.functions, status, handle)?;
        Ok(Compiler { functions: Arc::clone(&self.functions), handle })
    }
}

impl Compiler {
    /// Adds a rule file in YAML.
    ///
    /// # Errors
    /// If the path ends in neither `.yml` nor `.yaml`, was added already, or the text is too long.
    pub fn add_yaml(&mut self, path: &str, text: &str) -> Result<(), CallError> {
        self.add(self.functions.compiler_add_yaml, path, text)
    }

    /// Adds a rule that is nothing but SPL.
    ///
    /// # Errors
    /// If the name was added already, or the text is too long.
    pub fn add_spl(&mut self, name: &str, spl: &str) -> Result<(), CallError> {
        self.add(self.functions.compiler_add_spl, name, spl)
    }

    /// Adds a file of a Splunk app over the knowledge that is built in.
    ///
    /// # Errors
    /// If the text is too long.
    pub fn add_knowledge(&mut self, path: &str, text: &str) -> Result<(), CallError> {
        self.add(self.functions.compiler_add_knowledge, path, text)
    }

    /// Compiles what was added. Rules that are refused are counted, and no error.
    ///
    /// # Errors
    /// If the library has met a bug.
    pub fn build(&mut self) -> Result<Built, CallError> {
        let (mut handle, mut refused) = (ptr::null_mut(), 0);
        // SAFETY: the compiler is alive and this thread's, and both can be written.
        let status = unsafe {
            (self.functions.compiler_build)(self.handle.as_ptr(), &raw mut handle, &raw mut refused)
        };
        let handle = made(&self.functions, status, handle).map_err(|error| self.explain(error))?;
        Ok(Built { rules: RuleSet { functions: Arc::clone(&self.functions), handle }, refused })
    }

    fn add(
        &mut self,
        add: unsafe extern "C" fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus,
        name: &str,
        text: &str,
    ) -> Result<(), CallError> {
        let (name, text) = (CaltropStr::of(name.as_bytes()), CaltropStr::of(text.as_bytes()));
        // SAFETY: the compiler is alive and this thread's, and the texts live through the call.
        let status = unsafe { add(self.handle.as_ptr(), name, text) };
        checked(&self.functions, status).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: CallError) -> CallError {
        // SAFETY: the compiler is alive and this thread's, and the text is copied before the next call.
        let message = unsafe { text((self.functions.compiler_last_error)(self.handle.as_ptr())) };
        error.explained(message)
    }
}

impl RuleSet {
    /// How many rules it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        // SAFETY: the rule set is alive.
        unsafe { (self.functions.ruleset_len)(self.handle.as_ptr()) }
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An engine with the options of a stream, whose alerts go to `on_alert`.
    ///
    /// # Errors
    /// If the library has met a bug.
    pub fn engine<'f>(
        &self,
        on_alert: impl FnMut(&Alert<'_>) + 'f,
    ) -> Result<Engine<'f>, CallError> {
        let functions = Arc::clone(&self.functions);
        let host =
            Host { functions: Arc::clone(&functions), on_alert: Box::new(on_alert), panic: None };
        let host = NonNull::from(Box::leak(Box::new(host)));
        let mut handle = ptr::null_mut();
        // SAFETY: the rule set is alive, options may be null, and the host lives until the engine is freed.
        let status = unsafe {
            (functions.engine_new)(
                self.handle.as_ptr(),
                ptr::null(),
                Some(deliver),
                host.as_ptr().cast(),
                &raw mut handle,
            )
        };
        match made(&functions, status, handle) {
            Ok(handle) => Ok(Engine { functions, handle, host }),
            Err(error) => {
                // SAFETY: it was leaked above, and no engine has it.
                drop(unsafe { Box::from_raw(host.as_ptr()) });
                Err(error)
            }
        }
    }
}

impl Engine<'_> {
    /// Looks at one event.
    ///
    /// # Errors
    /// If the library has met a bug.
    ///
    /// # Panics
    /// If the closure of the engine does.
    pub fn push(&mut self, raw: &[u8]) -> Result<(), CallError> {
        let event = CaltropEvent { raw: CaltropStr::of(raw), ..CaltropEvent::default() };
        // SAFETY: the engine is alive and this thread's, and the event lives through the call.
        let status =
            unsafe { (self.functions.engine_push)(self.handle.as_ptr(), &raw const event) };
        self.finished(status)
    }

    /// Tells the time: the only clock that an engine has.
    ///
    /// # Errors
    /// If the library has met a bug.
    ///
    /// # Panics
    /// If the closure of the engine does.
    pub fn advance(&mut self, wall_ns: i64, mono_ns: i64) -> Result<(), CallError> {
        // SAFETY: the engine is alive and this thread's.
        let status =
            unsafe { (self.functions.engine_advance)(self.handle.as_ptr(), wall_ns, mono_ns) };
        self.finished(status)
    }

    /// Closes every window.
    ///
    /// # Errors
    /// If the library has met a bug.
    ///
    /// # Panics
    /// If the closure of the engine does.
    pub fn finish(&mut self) -> Result<(), CallError> {
        // SAFETY: the engine is alive and this thread's.
        let status = unsafe { (self.functions.engine_finish)(self.handle.as_ptr()) };
        self.finished(status)
    }

    /// Goes on with the closure's panic, if there was one, where it may unwind again.
    fn finished(&mut self, status: CaltropStatus) -> Result<(), CallError> {
        // SAFETY: the host lives as long as the engine, and no call is under way.
        if let Some(panic) = unsafe { self.host.as_mut() }.panic.take() {
            resume_unwind(panic);
        }
        checked(&self.functions, status).map_err(|error| {
            // SAFETY: the engine is alive and this thread's, and the text is copied before the next call.
            let message = unsafe { text((self.functions.engine_last_error)(self.handle.as_ptr())) };
            error.explained(message)
        })
    }
}

impl<'a> Alert<'a> {
    /// The path of its rule.
    #[must_use]
    pub fn rule_path(&self) -> &'a [u8] {
        // SAFETY: the texts of an alert live as long as it does.
        unsafe { bytes(self.view.rule_path) }
    }

    /// The id of its rule.
    #[must_use]
    pub fn rule_id(&self) -> &'a [u8] {
        // SAFETY: the texts of an alert live as long as it does.
        unsafe { bytes(self.view.rule_id) }
    }

    /// All of it as one JSON object.
    #[must_use]
    pub fn json(&self) -> &'a [u8] {
        self.json
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        // SAFETY: it is this value's own, and is not used afterwards.
        unsafe { (self.functions.compiler_free)(self.handle.as_ptr()) };
    }
}

impl Drop for RuleSet {
    fn drop(&mut self) {
        // SAFETY: the reference is this value's own, and is not used afterwards.
        unsafe { (self.functions.ruleset_unref)(self.handle.as_ptr()) };
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        // SAFETY: it is this value's own, and is not used afterwards.
        unsafe { (self.functions.engine_free)(self.handle.as_ptr()) };
        // SAFETY: it was leaked for the engine, which is gone.
        drop(unsafe { Box::from_raw(self.host.as_ptr()) });
    }
}

// SAFETY: caltrop.h lets a rule set be used by all threads at once, and its reference count is atomic.
unsafe impl Send for RuleSet {}
// SAFETY: the same.
unsafe impl Sync for RuleSet {}
// SAFETY: caltrop.h lets a compiler move between threads; `&mut` keeps it to one at a time.
unsafe impl Send for Compiler {}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Caltrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caltrop").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl CallError {
    fn explained(self, message: String) -> Self {
        if message.is_empty() { self } else { Self { message, ..self } }
    }
}

/// Gives an alert to the closure of a host. A panic may not cross the library: it waits in the host.
unsafe extern "C" fn deliver(alert: *const CaltropAlert, userdata: *mut c_void) -> i32 {
    // SAFETY: it is the host that the engine was made with; nobody else has it while a call is under way.
    let host = unsafe { &mut *userdata.cast::<Host<'_>>() };
    let mut json = CaltropStr::NONE;
    // SAFETY: the alert is alive, and so is its text until this returns.
    let alert = unsafe {
        (host.functions.alert_json)(alert, &raw mut json);
        Alert { view: &*alert, json: bytes(json) }
    };
    match catch_unwind(AssertUnwindSafe(|| (host.on_alert)(&alert))) {
        Ok(()) => 0,
        Err(panic) => {
            host.panic = Some(panic);
            1
        }
    }
}

fn checked(functions: &Functions, status: CaltropStatus) -> Result<(), CallError> {
    if status == CALTROP_OK {
        return Ok(());
    }
    // SAFETY: the text is static and ends with a NUL.
    let message = unsafe { CStr::from_ptr((functions.strerror)(status)) };
    Err(CallError { status, message: message.to_string_lossy().into_owned() })
}

fn made<T>(
    functions: &Functions,
    status: CaltropStatus,
    handle: *mut T,
) -> Result<NonNull<T>, CallError> {
    checked(functions, status)?;
    Ok(NonNull::new(handle).expect("a call that succeeds writes its handle"))
}

/// # Safety
/// The text can be read.
unsafe fn text(text: CaltropStr) -> String {
    // SAFETY: the caller promises the same.
    String::from_utf8_lossy(unsafe { bytes(text) }).into_owned()
}

/// # Safety
/// The text can be read for as long as the result lives.
unsafe fn bytes<'a>(text: CaltropStr) -> &'a [u8] {
    if text.ptr.is_null() {
        return &[];
    }
    // SAFETY: it is not null, and the caller promises the bytes.
    unsafe { slice::from_raw_parts(text.ptr.cast(), text.len) }
}
