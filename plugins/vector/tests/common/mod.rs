//! A program that is not Vector: it has Vector's Lua, and calls the module as Vector's `lua` transform does.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    cell::{Cell, RefCell},
    env, fs,
    path::{Path, PathBuf},
};

use mlua::{Function, Lua, LuaOptions, StdLib, Table, Value};
use serde_json::{Map, Number, Value as Json, json};

/// So many calls lie between two full collections of garbage, as in Vector.
const GC_INTERVAL: usize = 16;

/// The transform's part of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Transform {
    pub(crate) source: String,
    pub(crate) process: String,
    pub(crate) shutdown: Option<String>,
    pub(crate) timers: Vec<String>,
}

impl Transform {
    /// All hooks, over options that are written as Lua.
    pub(crate) fn with_options(options: &str) -> Self {
        Self {
            source: format!("caltrop = require('caltrop').vector{options}"),
            process: "caltrop.process".to_owned(),
            shutdown: Some("caltrop.shutdown".to_owned()),
            timers: vec!["caltrop.tick".to_owned(), "caltrop.stats".to_owned()],
        }
    }
}

/// A transform that was built.
pub(crate) struct Host {
    pub(crate) lua: Lua,
    process: Function,
    shutdown: Option<Function>,
    timers: Vec<Function>,
    calls: Cell<usize>,
}

/// The module that was built with this test.
pub(crate) fn module() -> PathBuf {
    let program = env::current_exe().expect("a test is a program");
    program.parent().expect("it is in a folder").join("libcaltrop_vector.so")
}

/// A Lua as Vector makes it, which finds the module in `folder`.
pub(crate) fn lua(folder: &Path) -> Lua {
    // SAFETY: as in Vector, modules that are written in C may be loaded; the module here keeps to their contract.
    let lua = unsafe { Lua::unsafe_new_with(StdLib::ALL_SAFE, LuaOptions::default()) };
    let path = folder.join("?.so");
    lua.load(format!("package.cpath = [[{}]]", path.display())).exec().expect("it is a text");
    lua
}

/// A folder that holds the module under the name it is installed by.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    std::os::unix::fs::symlink(module(), folder.path().join("caltrop.so")).expect("it is fresh");
    folder
}

/// Writes a rule into `folder`, and gives the folder of the rules as a text of Lua.
pub(crate) fn rule(folder: &Path, name: &str, spl: &str) -> String {
    let rules = folder.join("rules");
    fs::create_dir_all(&rules).expect("there is room");
    fs::write(rules.join(name), spl).expect("it can be written");
    format!("[[{}]]", rules.display())
}

impl Host {
    /// Builds a transform.
    pub(crate) fn build(folder: &Path, transform: &Transform) -> mlua::Result<Self> {
        let lua = lua(folder);
        lua.load(&transform.source).exec()?;
        let eval = |code: &String| lua.load(code).eval::<Function>();
        let process = eval(&transform.process)?;
        let shutdown = transform.shutdown.as_ref().map(eval).transpose()?;
        let timers = transform.timers.iter().map(eval).collect::<mlua::Result<_>>()?;
        Ok(Self { lua, process, shutdown, timers, calls: Cell::new(0) })
    }

    /// Calls a hook with an `emit` that lives as long as the call.
    fn call(&self, hook: &Function, event: Option<Value>) -> mlua::Result<Vec<Json>> {
        let emitted = RefCell::new(Vec::new());
        self.lua.scope(|scope| {
            let emit = scope.create_function(|_, event: Table| {
                emitted.borrow_mut().push(from_lua(&Value::Table(event))?);
                Ok(())
            })?;
            match event {
                Some(event) => hook.call::<()>((event, emit)),
                None => hook.call::<()>(emit),
            }
        })?;
        self.calls.set(self.calls.get() + 1);
        if self.calls.get().is_multiple_of(GC_INTERVAL) {
            self.lua.gc_collect()?;
        }
        Ok(emitted.into_inner())
    }

    /// One log event; what was emitted.
    pub(crate) fn process(&self, log: &Json) -> Vec<Json> {
        let event = self.lua.create_table().expect("there is memory");
        let log = to_lua(&self.lua, log).expect("there is memory");
        event.raw_set("log", log).expect("there is memory");
        self.process_lua(Value::Table(event)).expect("no event makes it fail")
    }

    /// Anything as an event.
    pub(crate) fn process_lua(&self, event: Value) -> mlua::Result<Vec<Json>> {
        self.call(&self.process, Some(event))
    }

    /// A timer, by its number.
    pub(crate) fn timer(&self, number: usize) -> Vec<Json> {
        self.call(&self.timers[number], None).expect("a timer does not fail")
    }

    /// The end of the transform: its last events.
    pub(crate) fn shutdown(self) -> Vec<Json> {
        let last = self.shutdown.as_ref().map(|hook| self.call(hook, None));
        last.transpose().expect("the end does not fail").unwrap_or_default()
    }
}

/// As Vector makes Lua values of events. A number under `$time` is a timestamp, in nanoseconds since the epoch.
pub(crate) fn to_lua(lua: &Lua, value: &Json) -> mlua::Result<Value> {
    Ok(match value {
        Json::Null => Value::String(lua.create_string("")?),
        Json::Bool(is_true) => Value::Boolean(*is_true),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Number(number.as_f64().expect("it is a number")),
        },
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(values) => {
            let values: mlua::Result<Vec<_>> =
                values.iter().map(|value| to_lua(lua, value)).collect();
            Value::Table(lua.create_sequence_from(values?)?)
        }
        Json::Object(pairs) => match pairs.get("$time").and_then(Json::as_i64) {
            Some(time_ns) => Value::Table(time_to_lua(lua, time_ns)?),
            None => {
                let table = lua.create_table()?;
                for (key, value) in pairs {
                    table.raw_set(key.as_str(), to_lua(lua, value)?)?;
                }
                Value::Table(table)
            }
        },
    })
}

fn time_to_lua(lua: &Lua, time_ns: i64) -> mlua::Result<Table> {
    use caltrop_vector::times::{PARTS, parts};
    let table = lua.create_table()?;
    for (name, part) in PARTS.into_iter().zip(parts(time_ns)) {
        table.raw_set(name.to_str().expect("it is a word"), part)?;
    }
    for (name, part) in [("yday", 1), ("wday", 1)] {
        table.raw_set(name, part)?;
    }
    table.raw_set("isdst", false)?;
    Ok(table)
}

/// As Vector makes events of Lua values, with its errors.
pub(crate) fn from_lua(value: &Value) -> mlua::Result<Json> {
    Ok(match value {
        Value::Boolean(is_true) => json!(is_true),
        Value::Integer(number) => json!(number),
        Value::Number(number) => Json::Number(
            Number::from_f64(*number).ok_or_else(|| mlua::Error::runtime("NaN not supported"))?,
        ),
        Value::String(text) => json!(text.to_string_lossy()),
        Value::Table(table) if table.raw_len() > 0 => {
            let values = table.sequence_values::<Value>();
            Json::Array(values.map(|value| from_lua(&value?)).collect::<mlua::Result<_>>()?)
        }
        Value::Table(table) => match time_from_lua(table)? {
            Some(time_ns) => json!({ "$time": time_ns }),
            None => {
                let mut pairs = Map::new();
                for pair in table.pairs::<String, Value>() {
                    let (key, value) = pair?;
                    pairs.insert(key, from_lua(&value)?);
                }
                Json::Object(pairs)
            }
        },
        other => return Err(mlua::Error::runtime(format!("{} is no value", other.type_name()))),
    })
}

fn time_from_lua(table: &Table) -> mlua::Result<Option<i64>> {
    use caltrop_vector::times::{PARTS, from_parts};
    let mut parts = [0; 7];
    for (name, part) in PARTS.into_iter().zip(&mut parts) {
        match table.raw_get::<Option<i64>>(name.to_str().expect("it is a word"))? {
            Some(found) => *part = found,
            None => return Ok(None),
        }
    }
    from_parts(parts).map(Some).ok_or_else(|| mlua::Error::runtime("invalid timestamp"))
}

/// An event with a raw text and a timestamp.
pub(crate) fn line(time_s: i64, message: &str) -> Json {
    json!({
        "message": message, "timestamp": { "$time": time_s * 1_000_000_000 },
        "host": "ws1", "source_type": "stdin",
    })
}

/// What of the emitted events are logs.
pub(crate) fn logs(emitted: &[Json]) -> Vec<&Json> {
    emitted.iter().filter_map(|event| event.get("log")).collect()
}
