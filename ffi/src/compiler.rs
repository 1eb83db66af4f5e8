//! Rule texts to a rule set.
//!
//! A compiler collects texts; building compiles all that it holds, and can be done again after more was added. A rule with
//! an error never stops the others: it is left out, and the diagnostics of the last build say why. Adding and building may
//! allocate much and be slow, and building moves to a stack of its own, so that a small one is enough for the caller's.

use std::{collections::BTreeMap, ffi::c_void, path::Path};

use caltrop_core::{
    diag::{Diagnostic, Severity, line_and_column, render},
    knowledge::Knowledge,
    locations::Locations,
    ruleset::{BuildOptions, Built, RuleSetBuilder},
};

use crate::{
    panic::{Gate, guard, guard_alone},
    ruleset::{CaltropRuleset, Outline},
    sized::{Grown, take},
    status::{CALTROP_E_ARGUMENT, CaltropStatus, Fault},
    str::CaltropStr,
};

/// Collects rules and knowledge and makes rule sets of them. One thread at a time may use it.
pub struct CaltropCompiler(Gate<Texts>);

/// How rules are compiled. Zeroes are the defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropCompilerOptions {
    /// `sizeof(caltrop_compiler_options)`.
    pub struct_size: usize,
    /// `CALTROP_COMPILER_` flags, or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// A flag of `caltrop_compiler_options`: the raw texts `EventCode=N` and `<EventID>N<` are true only as they are written,
/// and not for the event id N of another rendering.
pub const CALTROP_COMPILER_STRICT_RAW: u32 = 1;

/// The severity of a diagnostic: the rule runs, its author should know this.
pub const CALTROP_WARNING: u32 = 1;
/// The severity of a diagnostic: the rule is refused.
pub const CALTROP_ERROR: u32 = 2;

/// One complaint about one rule or one knowledge file. All of it dies when the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropDiagnostic {
    /// What the library knows of; fields beyond are not there.
    pub struct_size: usize,
    /// `CALTROP_WARNING` or `CALTROP_ERROR`.
    pub severity: u32,
    /// The line in the text that was added, from 1.
    pub line: u32,
    /// The column in that line, in characters, from 1.
    pub column: u32,
    /// 0.
    pub reserved: u32,
    /// Its permanent number, such as `E0103`.
    pub code: CaltropStr,
    /// The path or name that the text was added with.
    pub path: CaltropStr,
    /// The rule's id; empty if the text could not be read as a rule, or is no rule.
    pub rule_id: CaltropStr,
    /// What is wrong.
    pub message: CaltropStr,
    /// The one thing to do about it; no text where there is none.
    pub help: CaltropStr,
    /// All of this for people, with the lines concerned and carets under them.
    pub rendered: CaltropStr,
}

/// Is called once for each diagnostic. A result other than 0 stops.
pub type CaltropDiagnosticFn = Option<
    unsafe extern "C" fn(diagnostic: *const CaltropDiagnostic, userdata: *mut c_void) -> i32,
>;

/// A compiler without rules, in `*out_compiler`; free it with `caltrop_compiler_free`. `options` may be null.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: `out_compiler` is null, or the options are not valid. `*out_compiler` is left alone.
///
/// # Safety
/// `options` is null or points to options whose `struct_size` is set; a pointer can be written to `out_compiler`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_new(
    options: *const CaltropCompilerOptions,
    out_compiler: *mut *mut CaltropCompiler,
) -> CaltropStatus {
    if !is_writable(out_compiler) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        // SAFETY: the caller promises null or well-formed options.
        let options = unsafe { build_options(options) }?;
        let compiler = Box::new(CaltropCompiler(Gate::new(Texts::new(options))));
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_compiler = Box::into_raw(compiler) };
        Ok(())
    })
}

/// Frees a compiler. Its rule sets live on. Null is allowed; during a call on the same compiler nothing happens.
///
/// # Safety
/// `compiler` is null or came from `caltrop_compiler_new`, is used by no other thread, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_free(compiler: *mut CaltropCompiler) {
    // SAFETY: the caller promises null or a live compiler.
    if unsafe { compiler.as_ref() }.is_some_and(|compiler| !compiler.0.is_busy()) {
        guard_alone(|| {
            // SAFETY: it came from `Box::into_raw`, and nobody uses it any more.
            drop(unsafe { Box::from_raw(compiler) });
            Ok(())
        });
    }
}

/// Adds a rule file: YAML with `logic_format: Splunk` and `logic`. `path` is what the rule is known by, must end in `.yml`
/// or `.yaml`, and need not exist. Both texts are copied. What is wrong with the rule is said when it is built.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, not UTF-8, another ending, or a rule of that path is there already. `CALTROP_E_LIMIT`: the
/// text is longer than 4 MiB. Nothing is added.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_yaml(
    compiler: *mut CaltropCompiler,
    path: CaltropStr,
    text: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that they can be read.
        let (path, text) = unsafe { (path.text("the path")?, text.text("the text")?) };
        texts.add_yaml(path, text)
    })
}

/// Adds a rule that is nothing but SPL. `name` is what it is known by. Both texts are copied.
///
/// # Errors
/// As `caltrop_compiler_add_yaml`; the name may end as it likes.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_spl(
    compiler: *mut CaltropCompiler,
    name: CaltropStr,
    spl: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that they can be read.
        let (name, spl) = unsafe { (name.text("the name")?, spl.text("the SPL")?) };
        texts.add_rule(name, Kind::Spl, spl)
    })
}

/// Adds a file of a Splunk app, such as `my_app/local/macros.conf`, over the knowledge that is built in. Files of one app
/// (the path before `default`, `local` or the file) go together, `local` over `default`; an app that was begun later goes
/// over the earlier ones. Files that say nothing about names are taken without effect. Both texts are copied.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null or not UTF-8. `CALTROP_E_LIMIT`: the text is longer than 64 MiB. Nothing is added.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_knowledge(
    compiler: *mut CaltropCompiler,
    path: CaltropStr,
    text: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that they can be read.
        let (path, text) = unsafe { (path.text("the path")?, text.text("the text")?) };
        texts.add_knowledge(path, text)
    })
}

/// Adds the rule file at `path`: `.yml` or `.yaml`; `.spl`; `.conf`, whose stanzas are rules each. It is read now, and is
/// known by the path as it is given. A rule file is a regular file of at most 4 MiB, in UTF-8.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, not UTF-8, or a rule of that path is there already. `CALTROP_E_IO`: it cannot be read or is
/// no rule file; the last error says why. Nothing is added.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the text can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_file(
    compiler: *mut CaltropCompiler,
    path: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that it can be read.
        let path = unsafe { path.text("the path") }?;
        if Path::new(path).is_dir() {
            return Err(Fault::io(format!(
                "{path}: a folder: add it with caltrop_compiler_add_folder"
            )));
        }
        texts.add_files(path).map(|_| ())
    })
}

/// Adds every rule file in the folder at `path` and in those below it, by name; what is no rule file is passed over.
/// `*out_count` is how many were added, and may be null. The files are read now.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, not UTF-8, or a rule of the same path is there already. `CALTROP_E_IO`: it is no folder, it
/// holds no rule file, or something in it cannot be read; the last error names the first. Nothing is added.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the text can be read; `out_count` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_folder(
    compiler: *mut CaltropCompiler,
    path: CaltropStr,
    out_count: *mut usize,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_optional(out_count) {
        return CALTROP_E_ARGUMENT;
    }
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that it can be read.
        let path = unsafe { path.text("the path") }?;
        if !Path::new(path).is_dir() {
            return Err(Fault::io(format!("{path}: not a folder")));
        }
        let count = texts.add_files(path)?;
        if !out_count.is_null() {
            // SAFETY: it is not null, and the caller promises that it can be written.
            unsafe { *out_count = count };
        }
        Ok(())
    })
}

/// Adds the folder of a Splunk app, or a checkout of security_content, over the knowledge that is there: the files of
/// `default`, `local`, `lookups` and `macros` that `caltrop_compiler_add_knowledge` would take. They are read now; links are
/// not followed.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null or not UTF-8. `CALTROP_E_IO`: it is no folder, or something in it cannot be read; the last
/// error names the first. Nothing is added.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the text can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_app(
    compiler: *mut CaltropCompiler,
    path: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that it can be read.
        texts.add_app(unsafe { path.text("the path") }?)
    })
}

/// Adds a lookup table: `csv` is its text with a line of column names, `name` the file name that rules and
/// `transforms.conf` know it by, such as `assets.csv`. It replaces one of the same name. Both texts are copied.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, not UTF-8, or a name that does not end in `.csv` or holds others than `A-Z a-z 0-9 _ . -`.
/// `CALTROP_E_LIMIT`: the table is longer than 64 MiB. Nothing is added.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_add_lookup(
    compiler: *mut CaltropCompiler,
    name: CaltropStr,
    csv: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that they can be read.
        let (name, csv) = unsafe { (name.text("the name")?, csv.text("the table")?) };
        texts.add_lookup(name, csv)
    })
}

/// Sets the database that tells where network addresses are, for `iplocation`: the bytes of a MaxMind database. They are
/// copied once, and shared by all rule sets that are built from now on. It replaces an earlier one.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_FORMAT`: the bytes are no such database. The earlier one stays.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; the bytes can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_set_locations(
    compiler: *mut CaltropCompiler,
    database: CaltropStr,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        // SAFETY: the caller promises that they can be read.
        let bytes = unsafe { database.some_bytes("the database") }?;
        let locations = stacker::grow(COMPILE_STACK_BYTES, || Locations::from_bytes(bytes.into()));
        texts.locations = Some(locations.map_err(|error| Fault::format(error.to_string()))?);
        Ok(())
    })
}

/// Compiles everything that was added. The rule set in `*out_ruleset` holds what can run, perhaps nothing; the caller owns
/// a reference to it, see `caltrop_ruleset_unref`. `*out_refused` is how many rules were left out, and may be null. Refused
/// rules are no failure of this call; `caltrop_compiler_diagnostics` says what is wrong with them.
///
/// It moves to a stack of its own of 16 MiB, of which it touches what it needs.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. Nothing is written.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; pointers that are not null can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_build(
    compiler: *mut CaltropCompiler,
    out_ruleset: *mut *mut CaltropRuleset,
    out_refused: *mut usize,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_ruleset) || !is_optional(out_refused) {
        return CALTROP_E_ARGUMENT;
    }
    guard(&compiler.0, |texts| {
        let (ruleset, refused) = stacker::grow(COMPILE_STACK_BYTES, || texts.build());
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_ruleset = CaltropRuleset::into_raw(ruleset) };
        if !out_refused.is_null() {
            // SAFETY: it is not null, and the caller promises that it can be written.
            unsafe { *out_refused = refused };
        }
        Ok(())
    })
}

/// Reports what the last build had to say, in the order of the paths: errors of the refused rules, warnings, and what is
/// wrong with the knowledge. Before the first build there is nothing. `on_diagnostic` may not use the compiler: it would
/// get `CALTROP_E_BUSY`.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: the callback said so.
///
/// # Safety
/// `compiler` is null or live and used by no other thread; `on_diagnostic` takes what its type says and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_diagnostics(
    compiler: *mut CaltropCompiler,
    on_diagnostic: CaltropDiagnosticFn,
    userdata: *mut c_void,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live compiler.
    let Some(compiler) = (unsafe { compiler.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&compiler.0, |texts| {
        let report = on_diagnostic.ok_or_else(|| Fault::argument("the callback is null"))?;
        for finding in &texts.findings {
            let view = finding.view();
            // SAFETY: the caller promises a function of this type; what it gets lives until it returns.
            if unsafe { report(&raw const view, userdata) } != 0 {
                return Err(Fault::stopped());
            }
        }
        Ok(())
    })
}

/// Why the last call on this compiler that failed did, but for `CALTROP_E_BUSY`; empty if none has. The text is the
/// compiler's: it is good until the next call. No text if `compiler` is null.
///
/// # Safety
/// `compiler` is null or live and used by no other thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_compiler_last_error(
    compiler: *const CaltropCompiler,
) -> CaltropStr {
    // SAFETY: the caller promises null or a live compiler that no other thread uses.
    unsafe { compiler.as_ref().map_or(CaltropStr::NONE, |compiler| compiler.0.last_error()) }
}

/// What a compiler holds.
struct Texts {
    options: BuildOptions,
    rules: BTreeMap<String, RuleText>,
    /// Path and text, in the order in which they were added.
    knowledge: Vec<(String, String)>,
    locations: Option<Locations>,
    /// What the last build had to say.
    findings: Vec<Finding>,
}

struct RuleText {
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A rule file, read by what its path ends in.
    File,
    /// A rule that is nothing but SPL.
    Spl,
}

/// A diagnostic, made ready to be shown.
struct Finding {
    code: &'static str,
    severity: Severity,
    line: u32,
    column: u32,
    path: String,
    rule_id: String,
    message: String,
    help: Option<String>,
    rendered: String,
}

/// Recursion of the compile side is bounded by depth; this is ten times what the deepest rule needs in a debug build.
const COMPILE_STACK_BYTES: usize = 16 << 20;

const MAX_RULE_BYTES: usize = 4 << 20;
const MAX_KNOWLEDGE_BYTES: usize = 64 << 20;

impl Texts {
    fn new(options: BuildOptions) -> Self {
        let (rules, knowledge, findings) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { options, rules, knowledge, locations: None, findings }
    }

    fn add_yaml(&mut self, path: &str, text: &str) -> Result<(), Fault> {
        if !(path.ends_with(".yml") || path.ends_with(".yaml")) {
            return Err(Fault::argument(format!("`{path}` ends in neither .yml nor .yaml")));
        }
        self.add_rule(path, Kind::File, text)
    }

    fn add_rule(&mut self, path: &str, kind: Kind, text: &str) -> Result<(), Fault> {
        if text.len() > MAX_RULE_BYTES {
            return Err(Fault::limit(format!("`{path}` is longer than {MAX_RULE_BYTES} bytes")));
        }
        if self.rules.contains_key(path) {
            return Err(Fault::argument(format!("`{path}` was added already")));
        }
        self.rules.insert(path.to_owned(), RuleText { kind, text: text.to_owned() });
        Ok(())
    }

    fn add_knowledge(&mut self, path: &str, text: &str) -> Result<(), Fault> {
        if text.len() > MAX_KNOWLEDGE_BYTES {
            return Err(Fault::limit(format!(
                "`{path}` is longer than {MAX_KNOWLEDGE_BYTES} bytes"
            )));
        }
        self.knowledge.push((path.to_owned(), text.to_owned()));
        Ok(())
    }

    /// Adds the rule files that `path` stands for, all or none; how many.
    fn add_files(&mut self, path: &str) -> Result<usize, Fault> {
        // On a stack of its own, for a folder is walked with buffers for each level.
        let found = stacker::grow(COMPILE_STACK_BYTES, || caltrop_host::rule_files(&[path]));
        if let Some(error) = found.errors.first() {
            return Err(Fault::io(error.to_string()));
        }
        if found.compiled.is_some() {
            return Err(Fault::argument(format!(
                "`{path}` holds compiled rules: load them with caltrop_ruleset_load"
            )));
        }
        if let Some(file) = found.files.iter().find(|file| self.rules.contains_key(&file.path)) {
            return Err(Fault::argument(format!("`{}` was added already", file.path)));
        }
        let count = found.files.len();
        for file in found.files {
            self.rules.insert(file.path, RuleText { kind: Kind::File, text: file.text });
        }
        Ok(count)
    }

    fn add_app(&mut self, folder: &str) -> Result<(), Fault> {
        let read = || caltrop_host::knowledge_files(Path::new(folder));
        let (files, errors) = stacker::grow(COMPILE_STACK_BYTES, read);
        if let Some(error) = errors.first() {
            return Err(Fault::io(error.to_string()));
        }
        let folder = folder.trim_end_matches('/');
        let named = files.into_iter().map(|(name, text)| (format!("{folder}/{name}"), text));
        self.knowledge.extend(named);
        Ok(())
    }

    fn add_lookup(&mut self, name: &str, csv: &str) -> Result<(), Fault> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if !name.ends_with(".csv") || !name.bytes().all(is_plain) {
            return Err(Fault::argument(format!(
                "`{name}` is no name of a table, as `assets.csv` is"
            )));
        }
        self.add_knowledge(&format!("lookups/{name}"), csv)
    }

    /// The rule set, and how many rules it lacks.
    fn build(&mut self) -> (CaltropRuleset, usize) {
        let (knowledge, mut findings) = self.knowledge();
        let mut builder = RuleSetBuilder::new(knowledge, self.options);
        for (path, rule) in &self.rules {
            match rule.kind {
                Kind::File => builder.add_file(path, &rule.text),
                Kind::Spl => builder.add_spl(path, &rule.text),
            }
        }
        let (built, explanations) = builder.build_explained();
        findings.extend(self.findings_of(&built));
        self.findings = findings;
        let refused = built.reports.iter().filter(|report| report.is_refused()).count();
        (CaltropRuleset::new(built.rules, explanations.into_iter().map(Outline::of)), refused)
    }

    /// What is built in with the added apps over it, and what is wrong with their files.
    fn knowledge(&self) -> (Knowledge, Vec<Finding>) {
        let mut knowledge = Knowledge::builtin();
        knowledge.locations.clone_from(&self.locations);
        let mut findings = Vec::new();
        for files in self.apps() {
            for (path, diagnostic) in knowledge.overlay(&files) {
                let text =
                    files.iter().find(|(name, _)| *name == path).map_or("", |(_, text)| text);
                findings.push(Finding::new(path, "", text, &diagnostic));
            }
        }
        (knowledge, findings)
    }

    /// The knowledge files by app, in the order in which the apps were begun.
    fn apps(&self) -> Vec<Vec<(&str, &str)>> {
        let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
        let mut apps: Vec<Vec<(&str, &str)>> = Vec::new();
        for (path, text) in &self.knowledge {
            let position = *positions.entry(app_of(path)).or_insert(apps.len());
            if position == apps.len() {
                apps.push(Vec::new());
            }
            apps[position].push((path, text));
        }
        apps
    }

    fn findings_of<'b>(&'b self, built: &'b Built) -> impl Iterator<Item = Finding> + 'b {
        let of_rules = built.reports.iter().flat_map(|report| {
            let text = self.rules.get(&report.file).map_or("", |rule| rule.text.as_str());
            let finding = |diagnostic| Finding::new(&report.path, &report.id, text, diagnostic);
            report.diagnostics.iter().map(finding)
        });
        let of_knowledge = built.knowledge.iter().map(|(path, diagnostic)| {
            let file = self.knowledge.iter().rfind(|(name, _)| name == path);
            Finding::new(path, "", file.map_or("", |(_, text)| text), diagnostic)
        });
        of_knowledge.chain(of_rules)
    }
}

impl Finding {
    fn new(path: &str, rule_id: &str, text: &str, diagnostic: &Diagnostic) -> Self {
        let (line, column) = line_and_column(text, diagnostic.primary.span.start);
        Self {
            code: diagnostic.code.text(),
            severity: diagnostic.severity,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            path: path.to_owned(),
            rule_id: rule_id.to_owned(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            rendered: render(diagnostic, path, text),
        }
    }

    fn view(&self) -> CaltropDiagnostic {
        let severity = match self.severity {
            Severity::Warning => CALTROP_WARNING,
            Severity::Error => CALTROP_ERROR,
        };
        let view = |text: &str| CaltropStr::of(text.as_bytes());
        CaltropDiagnostic {
            struct_size: size_of::<CaltropDiagnostic>(),
            severity,
            line: self.line,
            column: self.column,
            reserved: 0,
            code: view(self.code),
            path: view(&self.path),
            rule_id: view(&self.rule_id),
            message: view(&self.message),
            help: self.help.as_deref().map_or(CaltropStr::NONE, view),
            rendered: view(&self.rendered),
        }
    }
}

// SAFETY: its first field is its size, the others are integers.
unsafe impl Grown for CaltropCompilerOptions {
    const FIRST_BYTES: usize = 16;
    const NAME: &'static str = "compiler options";
}

/// # Safety
/// `options` is null or points to options whose `struct_size` is set.
unsafe fn build_options(options: *const CaltropCompilerOptions) -> Result<BuildOptions, Fault> {
    if options.is_null() {
        return Ok(BuildOptions::default());
    }
    // SAFETY: the caller promises the same.
    let options = unsafe { take(options) }?;
    if options.flags & !CALTROP_COMPILER_STRICT_RAW != 0 {
        return Err(Fault::argument("a flag of the compiler options is unknown"));
    }
    Ok(BuildOptions {
        strict_raw: options.flags & CALTROP_COMPILER_STRICT_RAW != 0,
        ..BuildOptions::default()
    })
}

/// Whether a result can be put there, as far as can be told.
pub(crate) fn is_writable<T>(out: *mut T) -> bool {
    !out.is_null() && out.is_aligned()
}

/// Whether a result can be put there or is not wanted, as far as can be told.
pub(crate) fn is_optional<T>(out: *mut T) -> bool {
    out.is_null() || out.is_aligned()
}

/// The folder of the app that a file belongs to.
fn app_of(path: &str) -> &str {
    let folder = |path: &'_ str| path.rfind(['/', '\\']).unwrap_or(0);
    let parent = &path[..folder(path)];
    let last = &parent[folder(parent)..];
    match last.trim_start_matches(['/', '\\']) {
        "default" | "local" | "lookups" | "macros" | "metadata" => &parent[..folder(parent)],
        _ => parent,
    }
}
