//! A shipper that is none: it has the functions of Fluent Bit that the library calls, and calls the library as it would.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    cell::RefCell,
    env,
    ffi::{CStr, CString, c_char, c_int, c_void},
    fs,
    path::{Path, PathBuf},
    ptr,
    sync::Mutex,
};

use caltrop_fluent_bit::msgpack;
use libloading::os::unix::{Library, RTLD_LAZY};

pub(crate) const MODIFIED: c_int = 1;
pub(crate) const NOTOUCH: c_int = 2;

/// `struct flb_filter_instance`, which only the host knows.
pub(crate) struct HostInstance {
    name: CString,
    properties: Vec<(CString, CString)>,
    context: *mut c_void,
}

static LOG: Mutex<Vec<(c_int, String)>> = Mutex::new(Vec::new());

#[unsafe(no_mangle)]
extern "C" fn flb_filter_set_context(instance: *mut HostInstance, context: *mut c_void) {
    // SAFETY: the library gives back what it was given.
    unsafe { (*instance).context = context };
}

#[unsafe(no_mangle)]
extern "C" fn flb_filter_get_property(
    key: *const c_char,
    instance: *mut HostInstance,
) -> *const c_char {
    // SAFETY: the library gives a text, and what it was given.
    let (key, instance) = unsafe { (CStr::from_ptr(key), &*instance) };
    let is_it =
        |(known, _): &&(CString, CString)| known.as_bytes().eq_ignore_ascii_case(key.to_bytes());
    instance.properties.iter().find(is_it).map_or(ptr::null(), |(_, value)| value.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn flb_filter_name(instance: *mut HostInstance) -> *const c_char {
    // SAFETY: the library gives back what it was given.
    unsafe { (*instance).name.as_ptr() }
}

/// The host's has further arguments as the format says, which is `%s`.
#[unsafe(no_mangle)]
extern "C" fn flb_log_print(
    level: c_int,
    _: *const c_char,
    _: c_int,
    format: *const c_char,
    text: *const c_char,
) {
    // SAFETY: the library gives texts.
    let (format, text) = unsafe { (CStr::from_ptr(format), CStr::from_ptr(text)) };
    assert_eq!(format, c"%s");
    LOG.lock()
        .expect("no test panics while it logs")
        .push((level, text.to_string_lossy().into_owned()));
}

/// A host that is not too old has it.
#[unsafe(no_mangle)]
extern "C" fn flb_proxy_output_cb_init() {}

/// The linker keeps what is named here.
#[used]
static KEPT: [fn(); 1] = [|| {
    let functions: [*const (); 5] = [
        flb_filter_set_context as *const (),
        flb_filter_get_property as *const (),
        flb_filter_name as *const (),
        flb_log_print as *const (),
        flb_proxy_output_cb_init as *const (),
    ];
    std::hint::black_box(functions);
}];

unsafe extern "C" {
    fn free(memory: *mut c_void);
}

type Start = unsafe extern "C" fn(*mut HostInstance, *mut c_void, *mut c_void) -> c_int;
type Run = unsafe extern "C" fn(
    *const c_void,
    usize,
    *const c_char,
    c_int,
    *mut *mut c_void,
    *mut usize,
    *mut HostInstance,
    *mut c_void,
    *mut c_void,
    *mut c_void,
) -> c_int;
type Exit = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;
type Collect = unsafe extern "C" fn(*mut *mut c_void, *mut usize) -> c_int;
type Simple = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The plugin, as the host has copied it.
#[derive(Clone, Copy)]
pub(crate) struct Plugin {
    pub(crate) words: [usize; 40],
    pub(crate) companion: Companion,
}

/// The functions of the companion.
#[derive(Clone, Copy)]
pub(crate) struct Companion {
    pub(crate) register: Simple,
    pub(crate) init: Simple,
    pub(crate) collect: Collect,
    pub(crate) exit: unsafe extern "C" fn() -> c_int,
}

/// The library that was built with this test.
pub(crate) fn library() -> PathBuf {
    let program = env::current_exe().expect("a test is a program");
    program.parent().expect("it is in a folder").join("libcaltrop_fluent_bit.so")
}

impl Plugin {
    /// Opens the library as Fluent Bit does: under the name that it asks for, and under the companion's.
    pub(crate) fn open(folder: &Path) -> Self {
        let (filter, input) =
            (folder.join("flb-filter_caltrop.so"), folder.join("caltrop_input.so"));
        fs::copy(library(), &filter).expect("it was built");
        std::os::unix::fs::symlink("flb-filter_caltrop.so", &input).expect("the folder is fresh");
        // SAFETY: the library may be opened by anybody, and its symbols have the types that it says.
        unsafe {
            let filter = Library::open(Some(filter), RTLD_LAZY).expect("it opens");
            let input = Library::open(Some(input), RTLD_LAZY).expect("it opens");
            let words =
                filter.get::<*const [usize; 40]>(b"filter_caltrop_plugin\0").expect("it is there");
            let plugin = Self {
                words: **words,
                companion: Companion {
                    register: *input.get(b"FLBPluginRegister\0").expect("it is there"),
                    init: *input.get(b"FLBPluginInit\0").expect("it is there"),
                    collect: *input.get(b"FLBPluginInputCallback\0").expect("it is there"),
                    exit: *input.get(b"FLBPluginExit\0").expect("it is there"),
                },
            };
            // The host closes both at a reload, and calls go on to what was opened again: nothing may be unmapped.
            drop((filter, input));
            plugin
        }
    }

    /// The one that is linked into this program.
    pub(crate) fn linked() -> Self {
        use caltrop_fluent_bit::abi;
        let plugin = (&raw const abi::filter_caltrop_plugin).cast::<[usize; 40]>();
        // SAFETY: the plugin is 64 bytes and 32 words long, and the functions take pointers, whatever to.
        unsafe {
            Self {
                words: *plugin,
                companion: Companion {
                    register: std::mem::transmute::<*const (), Simple>(
                        abi::FLBPluginRegister as *const (),
                    ),
                    init: std::mem::transmute::<*const (), Simple>(abi::FLBPluginInit as *const ()),
                    collect: abi::FLBPluginInputCallback,
                    exit: std::mem::transmute::<*const (), unsafe extern "C" fn() -> c_int>(
                        abi::FLBPluginExit as *const (),
                    ),
                },
            }
        }
    }

    pub(crate) fn text(&self, word: usize) -> &'static CStr {
        // SAFETY: the word holds a constant text.
        unsafe { CStr::from_ptr(self.words[word] as *const c_char) }
    }

    fn start_function(&self, word: usize) -> Start {
        // SAFETY: the word holds a function of this type.
        unsafe { std::mem::transmute(self.words[word]) }
    }

    /// Starts a filter; `Err` where the host would not start.
    pub(crate) fn start(self, name: &str, section: &[(&str, &str)]) -> Result<Running, c_int> {
        let text = |text: &str| CString::new(text).expect("it has no zero byte");
        let properties = section.iter().map(|(key, value)| (text(key), text(value))).collect();
        let instance = HostInstance { name: text(name), properties, context: ptr::null_mut() };
        let mut instance = Box::new(instance);
        for word in [4, 5] {
            // SAFETY: the instance lives through the call.
            let status = unsafe {
                self.start_function(word)(&raw mut *instance, ptr::null_mut(), ptr::null_mut())
            };
            if status != 0 {
                assert!(instance.context.is_null(), "what does not start leaves nothing");
                return Err(status);
            }
        }
        Ok(Running { plugin: self, instance: RefCell::new(instance) })
    }

    /// What the companion gives in one call.
    pub(crate) fn collect(&self) -> Vec<u8> {
        let (mut data, mut bytes) = (ptr::null_mut(), usize::MAX);
        // SAFETY: both can be written.
        let status = unsafe { (self.companion.collect)(&raw mut data, &raw mut bytes) };
        assert_eq!(status, 1);
        taken(data, bytes)
    }
}

/// A filter that was started.
pub(crate) struct Running {
    plugin: Plugin,
    instance: RefCell<Box<HostInstance>>,
}

/// What became of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Untouched,
    Changed(Vec<u8>),
}

impl Outcome {
    pub(crate) fn changed(self) -> Vec<u8> {
        match self {
            Self::Changed(bytes) => bytes,
            Self::Untouched => panic!("the chunk was left as it is"),
        }
    }
}

impl Running {
    pub(crate) fn filter(&self, chunk: &[u8]) -> Outcome {
        self.filter_tagged(chunk, "app.log")
    }

    pub(crate) fn filter_tagged(&self, chunk: &[u8], tag: &str) -> Outcome {
        let (status, out, bytes) = self.call(chunk, tag);
        match status {
            NOTOUCH => {
                assert!(out.is_null() && bytes == usize::MAX, "it would leak");
                Outcome::Untouched
            }
            MODIFIED => Outcome::Changed(taken(out, bytes)),
            other => panic!("{other} is no status"),
        }
    }

    /// The bare call.
    pub(crate) fn call(&self, chunk: &[u8], tag: &str) -> (c_int, *mut c_void, usize) {
        let (mut out, mut bytes) = (ptr::null_mut(), usize::MAX);
        let mut instance = self.instance.borrow_mut();
        let context = instance.context;
        // SAFETY: the word holds a function of this type.
        let run: Run = unsafe { std::mem::transmute(self.plugin.words[6]) };
        // SAFETY: all pointers are as the host gives them.
        let status = unsafe {
            run(
                chunk.as_ptr().cast(),
                chunk.len(),
                tag.as_ptr().cast(),
                c_int::try_from(tag.len()).expect("it is short"),
                &raw mut out,
                &raw mut bytes,
                &raw mut **instance,
                ptr::null_mut(),
                context,
                ptr::null_mut(),
            )
        };
        (status, out, bytes)
    }

    pub(crate) fn end(self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        let context = std::mem::replace(&mut self.instance.borrow_mut().context, ptr::null_mut());
        // SAFETY: the word holds a function of this type.
        let exit: Exit = unsafe { std::mem::transmute(self.plugin.words[7]) };
        // SAFETY: it is what the library has set, given back once.
        assert_eq!(unsafe { exit(context, ptr::null_mut()) }, 0);
    }
}

/// Copies what the host was given, and frees it as the host does.
pub(crate) fn taken(data: *mut c_void, bytes: usize) -> Vec<u8> {
    if data.is_null() {
        assert_eq!(bytes, 0);
        return Vec::new();
    }
    // SAFETY: the library has given so many bytes.
    let copy = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), bytes) }.to_vec();
    // SAFETY: the library gives what `malloc` has given, once.
    unsafe { free(data) };
    copy
}

/// What was logged at that level or above that mentions `filter`.
pub(crate) fn logged(filter: &str, level: c_int) -> Vec<String> {
    let log = LOG.lock().expect("no test panics while it logs");
    let is_it =
        |(of, line): &&(c_int, String)| *of <= level && line.contains(&format!(":{filter}]"));
    log.iter().filter(is_it).map(|(_, line)| line.clone()).collect()
}

/// A record as Fluent Bit writes it now.
pub(crate) fn record(time_s: u32, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = vec![0x92, 0x92, 0xd7, 0];
    out.extend(time_s.to_be_bytes());
    out.extend([0, 0, 0, 0, 0x80]);
    msgpack::write_map(&mut out, pairs.len());
    for (key, value) in pairs {
        msgpack::write_text(&mut out, key.as_bytes());
        msgpack::write_text(&mut out, value.as_bytes());
    }
    out
}

/// A file of the project.
pub(crate) fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A folder with one rule, and its path.
pub(crate) fn folder_with_rule(spl: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("there is room");
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("it is fresh");
    fs::write(rules.join("found.spl"), spl).expect("it can be written");
    let rules = rules.to_string_lossy().into_owned();
    (folder, rules)
}
