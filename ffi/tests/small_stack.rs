//! The library as a shipper has it: opened at run time, and called from a coroutine with a stack of 24 KiB.
//!
//! Everything but the callback's own work must do with that stack, whatever the rule and whatever the event; compiling and
//! freeing take a larger one for themselves. The promise is that of a release build. A debug build keeps every temporary
//! in its frame, so there the same calls get more room, and only what they do is checked.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common;

use std::{ffi::c_void, path::PathBuf, process::Command, ptr};

use caltrop::{
    CALTROP_EVENT_HAS_TIME, CALTROP_OK, CaltropAlert, CaltropCompiler, CaltropCompilerOptions,
    CaltropEngine, CaltropEngineOptions, CaltropEvent, CaltropRuleset, CaltropStatus, CaltropStr,
};
use libloading::Library;

/// The stack that everything must run on.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 1 << 20 } else { 24 << 10 };

/// What a callback may use of it at least.
const CALLBACK_BYTES: usize = 2 << 10;

#[test]
fn the_seed_rule_finds_its_alerts_in_the_demo() {
    let shipper = Shipper::open();
    let rule = common::project_file(common::SEED_RULE);
    let events = common::project_file(common::DEMO_EVENTS);
    let lines: Vec<&str> = events.lines().collect();
    let ran = shipper.run(Rules { yaml: &rule, ..Rules::default() }, &lines).expect("it compiles");
    assert_eq!(ran.alerts, common::demo_alerts());
    ran.check("the seed rule");
}

#[test]
fn the_deepest_rules_fit() {
    let shipper = Shipper::open();
    for (name, rule) in DEEP_RULES {
        let (depth, ran) = deepest(&shipper, rule);
        assert!(depth >= 8, "{name}: {depth} levels are not deep");
        ran.check(&format!("{name}, {depth} deep"));
        assert_eq!(ran.alerts.len(), 1, "{name}: a rule that is not run proves nothing");
    }
}

#[test]
fn hostile_events_fit() {
    let shipper = Shipper::open();
    let rule = common::project_file(common::SEED_RULE);
    let start = "<Event><System><EventID>1</EventID></System>WmiPrvSE ";
    let events = [
        format!("{start}{}", "<a>".repeat(100_000)),
        format!("{start}{}", "&amp;".repeat(100_000)),
        format!("{start}<EventData>{}", "<Data Name='a'>b</Data>".repeat(20_000)),
        format!("{start}{}", "{\"a\":[".repeat(50_000)),
    ];
    let lines: Vec<&str> = events.iter().map(String::as_str).collect();
    let ran = shipper.run(Rules { yaml: &rule, ..Rules::default() }, &lines).expect("it compiles");
    ran.check("hostile events");
}

#[test]
fn patterns_that_events_supply_fit() {
    let shipper = Shipper::open();
    let events = [
        format!("deep {}a{}", "(".repeat(240), ")".repeat(240)),
        format!("deep {}", "(?:a|b)*".repeat(2000)),
        format!("deep {}a{}", "(?:".repeat(200), "){2}".repeat(200)),
        format!("deep {}a{}", "[".repeat(200), "]".repeat(200)),
        format!("deep {}", "%*_".repeat(20_000)),
    ];
    let lines: Vec<&str> = events.iter().map(String::as_str).collect();
    for predicate in [
        "match(source, _raw)",
        "match(_raw, _raw)",
        "isnull(replace(_raw, _raw, _raw))",
        "like(_raw, _raw)",
        "isnull(mvfind(_raw, _raw))",
        "isnull(printf(_raw, 1))",
    ] {
        let spl = format!("deep | where {predicate} OR true() | table host");
        let ran = shipper.run(Rules { spl: &spl, ..Rules::default() }, &lines);
        let ran = ran.unwrap_or_else(|| panic!("{predicate} is refused"));
        ran.check(predicate);
        assert_eq!(ran.alerts.len(), lines.len(), "{predicate}");
    }
}

/// Rules whose nesting is a number. Each gives one alert for the event `deep a=1`.
type Nested = fn(usize) -> String;
const DEEP_RULES: [(&str, Nested); 10] = [
    ("functions", |n| deep_eval("lower(", "source", ")", n)),
    ("calls with several arguments", |n| deep_eval("mvappend(", "source", ",\"a\")", n)),
    ("regexes", |n| deep_eval("replace(", "source", REPLACED, n)),
    ("coalesce", |n| deep_eval("coalesce(null(),", "source", ")", n)),
    ("branches", |n| deep_eval("if(isnull(no),", "1", ",2)", n)),
    ("NOT in where", |n| {
        format!("deep | where {}isnull(no) OR true() | table a", "NOT ".repeat(n))
    }),
    ("NOT and OR in search", |n| deep_search("deep", n)),
    ("a calculated field in functions", |n| deep_eval("replace(", "made", REPLACED, n)),
    ("a calculated field in search", |n| deep_search("made=h", n)),
    ("a calculated field in a search in functions", |n| {
        let search = format!("{}made=h{}", "(NOT (no OR ".repeat(8), "))".repeat(8));
        deep_eval("lower(", &format!("if(searchmatch(\"{search}\"),\"a\",\"b\")"), ")", n)
    }),
];

/// The end of `replace(x`: it leaves an `h` as it is, and needs a regex engine that keeps captures.
const REPLACED: &str = ",\"(h)$|[^x]+\",\"\\1\")";

fn deep_eval(open: &str, core: &str, close: &str, levels: usize) -> String {
    format!("deep | eval x={}{core}{} | table x", open.repeat(levels), close.repeat(levels))
}

/// True as `core` is, for it is negated an even number of times.
fn deep_search(core: &str, levels: usize) -> String {
    let levels = levels / 2 * 2;
    format!("deep {}{core}{} | table a", "(NOT (no OR ".repeat(levels), "))".repeat(levels))
}

/// The most levels of a rule that still compiles, and what it does.
fn deepest(shipper: &Shipper, rule: Nested) -> (usize, Ran) {
    // A calculated field as deep as the compiler lets it be: it is worked out on top of what reads it.
    let calculation = format!("{}source{}", "replace(".repeat(31), REPLACED.repeat(31));
    let knowledge = format!("[s]\nEVAL-made = {calculation}\n");
    let (mut good, mut refused) = (1_usize, 1 << 10);
    while refused - good > 1 {
        let middle = good.midpoint(refused);
        let rules = Rules { spl: &rule(middle), knowledge: &knowledge, ..Rules::default() };
        if shipper.compiles(rules) { good = middle } else { refused = middle }
    }
    let rules = Rules { spl: &rule(good), knowledge: &knowledge, ..Rules::default() };
    (good, shipper.run(rules, &["deep a=1"]).expect("it compiles"))
}

/// What a rule set is made of; empty texts are left out.
#[derive(Clone, Copy, Default)]
struct Rules<'a> {
    yaml: &'a str,
    spl: &'a str,
    knowledge: &'a str,
}

/// What came of a run: its alerts as JSON, and the most stack that each kind of call has used.
struct Ran {
    alerts: Vec<String>,
    stack_bytes: [(&'static str, usize); 6],
}

impl Ran {
    fn check(&self, what: &str) {
        for (call, bytes) in self.stack_bytes {
            assert!(bytes > 0, "{what}: {call} was not measured");
            assert!(bytes <= STACK_BYTES - CALLBACK_BYTES, "{what}: {call} uses {bytes} bytes");
        }
    }
}

/// Declares the functions that a shipper looks up by their names.
macro_rules! calls {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        struct Calls { $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Calls {
            fn find(library: &Library) -> Self {
                // SAFETY: the types are those of the header, and the library outlives the calls.
                unsafe { Self { $($name: *library
                    .get(concat!("caltrop_", stringify!($name)))
                    .expect(stringify!($name)),)* } }
            }
        }
    };
}

calls! {
    compiler_new: fn(*const CaltropCompilerOptions, *mut *mut CaltropCompiler) -> CaltropStatus;
    compiler_add_yaml: fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus;
    compiler_add_spl: fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus;
    compiler_add_knowledge: fn(*mut CaltropCompiler, CaltropStr, CaltropStr) -> CaltropStatus;
    compiler_build: fn(*mut CaltropCompiler, *mut *mut CaltropRuleset, *mut usize) -> CaltropStatus;
    compiler_free: fn(*mut CaltropCompiler);
    ruleset_unref: fn(*mut CaltropRuleset);
    engine_new: fn(
        *const CaltropRuleset,
        *const CaltropEngineOptions,
        unsafe extern "C" fn(*const CaltropAlert, *mut c_void) -> i32,
        *mut c_void,
        *mut *mut CaltropEngine
    ) -> CaltropStatus;
    engine_push: fn(*mut CaltropEngine, *const CaltropEvent) -> CaltropStatus;
    engine_advance: fn(*mut CaltropEngine, i64, i64) -> CaltropStatus;
    engine_finish: fn(*mut CaltropEngine) -> CaltropStatus;
    engine_free: fn(*mut CaltropEngine);
    alert_json: fn(*const CaltropAlert, *mut CaltropStr) -> CaltropStatus;
}

type OnStack = unsafe extern "C" fn(usize, unsafe extern "C" fn(*mut c_void), *mut c_void) -> usize;

/// Who has opened the library, and has small stacks.
struct Shipper {
    calls: Calls,
    on_stack: OnStack,
    _libraries: [Library; 2],
}

impl Shipper {
    fn open() -> Self {
        // SAFETY: both were just built here, and do nothing when they are opened.
        let caltrop = unsafe { Library::new(common::shared_library()) }.expect("it opens");
        // SAFETY: the same.
        let helper = unsafe { Library::new(helper()) }.expect("it opens");
        let calls = Calls::find(&caltrop);
        // SAFETY: the type is that of on_stack.c.
        let on_stack = unsafe { *helper.get::<OnStack>("on_stack").expect("it is there") };
        Self { calls, on_stack, _libraries: [caltrop, helper] }
    }

    fn compiles(&self, rules: Rules<'_>) -> bool {
        let ruleset = self.compile(rules);
        // SAFETY: null, or the only reference.
        unsafe { (self.calls.ruleset_unref)(ruleset) };
        !ruleset.is_null()
    }

    /// The rule set; null if a rule was refused.
    fn compile(&self, rules: Rules<'_>) -> *mut CaltropRuleset {
        let text = |text: &str| CaltropStr { ptr: text.as_ptr().cast(), len: text.len() };
        let calls = &self.calls;
        let (mut compiler, mut ruleset, mut refused) = (ptr::null_mut(), ptr::null_mut(), 0);
        // SAFETY: every pointer is of something that lives until the compiler is freed.
        unsafe {
            assert_eq!((calls.compiler_new)(ptr::null(), &raw mut compiler), CALTROP_OK);
            let added = [
                (calls.compiler_add_yaml, common::SEED_RULE, rules.yaml),
                (calls.compiler_add_spl, "deep", rules.spl),
                (calls.compiler_add_knowledge, "app/props.conf", rules.knowledge),
            ];
            for (add, path, content) in added {
                if !content.is_empty() {
                    assert_eq!(add(compiler, text(path), text(content)), CALTROP_OK);
                }
            }
            let built = (calls.compiler_build)(compiler, &raw mut ruleset, &raw mut refused);
            assert_eq!(built, CALTROP_OK);
            (calls.compiler_free)(compiler);
            if refused > 0 {
                (calls.ruleset_unref)(ruleset);
                ruleset = ptr::null_mut();
            }
        }
        ruleset
    }

    /// Compiles the rules, then makes an engine, pushes, advances, finishes and frees on the small stack. `None` if a rule
    /// was refused.
    fn run(&self, rules: Rules<'_>, lines: &[&str]) -> Option<Ran> {
        let calls = &self.calls;
        let ruleset = self.compile(rules);
        if ruleset.is_null() {
            return None;
        }
        let mut engine = ptr::null_mut();
        let mut host = Host { alert_json: calls.alert_json, alerts: Vec::new() };
        let userdata: *mut c_void = (&raw mut host).cast();
        // SAFETY: the pointers are of what is made here and lives on; each call is given what the header asks for.
        let new = self.on_stack(&mut || unsafe {
            let made =
                (calls.engine_new)(ruleset, ptr::null(), on_alert, userdata, &raw mut engine);
            (calls.ruleset_unref)(ruleset);
            assert_eq!(made, CALTROP_OK);
        });
        let push = lines.iter().map(|line| {
            let event = event(line);
            // SAFETY: the engine and the event are alive.
            self.on_stack(&mut || unsafe {
                assert_eq!((calls.engine_push)(engine, &raw const event), CALTROP_OK);
            })
        });
        let push = push.max().expect("there is an event");
        // SAFETY: the engine is alive.
        let advance = self.on_stack(&mut || unsafe {
            assert_eq!((calls.engine_advance)(engine, 0, 0), CALTROP_OK);
        });
        // SAFETY: the engine is alive.
        let finish = self.on_stack(&mut || unsafe {
            assert_eq!((calls.engine_finish)(engine), CALTROP_OK);
        });
        // SAFETY: the engine is alive, and is not used afterwards.
        let free = self.on_stack(&mut || unsafe { (calls.engine_free)(engine) });
        let compile = self.on_stack(&mut || assert!(self.compiles(rules)));
        let stack_bytes = [
            ("compile", compile),
            ("new", new),
            ("push", push),
            ("advance", advance),
            ("finish", finish),
            ("free", free),
        ];
        Some(Ran { alerts: host.alerts, stack_bytes })
    }

    /// Does `work` on the small stack; how many bytes of it were used.
    fn on_stack(&self, mut work: &mut dyn FnMut()) -> usize {
        unsafe extern "C" fn call(work: *mut c_void) {
            // SAFETY: it is the pointer that `on_stack` was given.
            (unsafe { &mut *work.cast::<&mut dyn FnMut()>() })();
        }
        // SAFETY: `work` lives until the call returns.
        unsafe { (self.on_stack)(STACK_BYTES, call, (&raw mut work).cast()) }
    }
}

/// What the callback needs.
struct Host {
    alert_json: unsafe extern "C" fn(*const CaltropAlert, *mut CaltropStr) -> CaltropStatus,
    alerts: Vec<String>,
}

unsafe extern "C" fn on_alert(alert: *const CaltropAlert, userdata: *mut c_void) -> i32 {
    // SAFETY: it is the host that the engine was made with, and nobody else has it during a call.
    let host = unsafe { &mut *userdata.cast::<Host>() };
    let mut json = CaltropStr::NONE;
    // SAFETY: the alert is alive, and the text lives as long.
    let bytes = unsafe {
        assert_eq!((host.alert_json)(alert, &raw mut json), CALTROP_OK);
        std::slice::from_raw_parts(json.ptr.cast::<u8>(), json.len)
    };
    host.alerts.push(String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8"));
    0
}

fn event(line: &str) -> CaltropEvent {
    CaltropEvent {
        raw: CaltropStr::of(line.as_bytes()),
        flags: CALTROP_EVENT_HAS_TIME,
        host: CaltropStr::of(b"h"),
        source: CaltropStr::of(b"h"),
        sourcetype: CaltropStr::of(b"s"),
        ..CaltropEvent::default()
    }
}

/// The coroutine: on_stack.c as a library.
fn helper() -> PathBuf {
    let path = common::scratch("on_stack").join("on_stack.so");
    let mut command = Command::new("gcc");
    command.args(["-std=gnu11", "-shared", "-fPIC"]).args(common::STRICT);
    common::succeed(command.arg(common::c_source("on_stack.c")).arg("-o").arg(&path));
    path
}
