//! The examples run as they stand, but for the folders that they name.

#![cfg(target_os = "linux")]

mod common;

use std::{fs, path::Path, process::Command};

use caltrop_shipper::setup::KEYS;
use common::{Host, Transform, folder, line, logs, lua, rule};
use mlua::{Function, Table};
use serde::Deserialize;
use serde_json::{Value as Json, json};

#[derive(Deserialize)]
struct Configuration {
    transforms: Transforms,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Transforms {
    caltrop: LuaTransform,
}

#[derive(Deserialize)]
struct LuaTransform {
    source: String,
    hooks: Hooks,
    timers: Vec<Timer>,
}

#[derive(Deserialize)]
struct Hooks {
    process: String,
    shutdown: String,
}

#[derive(Deserialize)]
struct Timer {
    interval_seconds: u64,
    handler: String,
}

#[derive(Deserialize)]
struct Test {
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    log_fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    message: String,
}

fn project() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn example(name: &str) -> String {
    fs::read_to_string(project().join("plugins/vector/examples").join(name)).expect("it is there")
}

fn configuration() -> Configuration {
    serde_saphyr::from_str(&example("vector.yaml")).expect("it is YAML of Vector")
}

/// The example's own Lua, with the rules that are shipped.
fn transform(configuration: &Configuration) -> Transform {
    let LuaTransform { source, hooks, timers } = &configuration.transforms.caltrop;
    assert!(timers.iter().all(|timer| timer.interval_seconds > 0), "Vector panics at 0");
    let rules = project().join("rules");
    Transform {
        source: source.replace("/etc/caltrop/rules", &rules.to_string_lossy()),
        process: hooks.process.clone(),
        shutdown: Some(hooks.shutdown.clone()),
        timers: timers.iter().map(|timer| timer.handler.clone()).collect(),
    }
}

/// An alert without what depends on where the project lies.
fn placeless(alert: &Json) -> Json {
    let mut alert = alert.clone();
    let about = alert["caltrop"].as_object_mut().expect("it says its rule");
    let path = about.remove("path").expect("it says its file");
    assert!(path.as_str().is_some_and(|path| path.ends_with("/wmi_subscription_execution.yml")));
    assert!(about.remove("key").is_some());
    alert
}

#[test]
fn the_configuration_finds_what_the_shipped_rule_finds() {
    let (folder, configuration) = (folder(), configuration());
    let host = Host::build(folder.path(), &transform(&configuration)).unwrap();
    let demo = fs::read_to_string(project().join("demo/sysmon.xml")).unwrap();
    let mut emitted = Vec::new();
    for event in demo.lines().chain([configuration.tests[0].inputs[0].log_fields.message.as_str()])
    {
        emitted.extend(host.process(&json!({ "message": event, "host": "collector", "time": 5 })));
    }
    emitted.extend(host.timer(0));
    assert!(host.timer(1).iter().all(|event| event.get("metric").is_some()));
    emitted.extend(host.shutdown());
    let rows: Vec<Json> = logs(&emitted).into_iter().map(placeless).collect();
    let golden = project().join("plugins/vector/tests/golden.ndjson");
    if std::env::var_os("CALTROP_BLESS").is_some() {
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        fs::write(&golden, lines).unwrap();
    }
    // The order of an event's fields is nobody's: Lua has none.
    let golden = fs::read_to_string(golden).unwrap();
    let golden: Vec<Json> =
        golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows, golden);
}

#[test]
fn hooks_of_ones_own_send_alerts_as_they_like() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let lua = lua(folder.path());
    lua.load(example("hooks.lua").replace("\"/etc/caltrop/rules\"", &rules)).exec().unwrap();
    let test = "local found = {}
        process({ log = { message = 'error code=7' } }, function(event) found[#found + 1] = event.log end)
        tick(error)
        shutdown(error)
        return found";
    let found: Table = lua.load(test).eval().unwrap();
    let alert: Table = found.get(1).unwrap();
    assert_eq!((found.raw_len(), alert.get::<String>("code").unwrap()), (1, "7".to_owned()));
    assert_eq!(alert.get::<String>("severity").unwrap(), "high");
}

#[test]
fn the_documentation_names_every_option_and_every_example() {
    let page = fs::read_to_string(project().join("docs/vector.md")).unwrap();
    for key in KEYS {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
    for name in ["vector.yaml", "hooks.lua"] {
        assert!(page.contains(name), "{name}");
    }
}

/// Another program, with a Lua of another version.
#[test]
fn the_module_runs_in_the_lua_of_the_system() {
    let folder = folder();
    rule(folder.path(), "found.spl", "error | table code");
    let script = project().join("plugins/vector/tests/smoke.lua");
    let output = Command::new("lua5.4")
        .args([&script, folder.path(), &folder.path().join("rules")])
        .output();
    let Ok(output) = output else {
        eprintln!("left out: no lua5.4");
        return;
    };
    let (said, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), "Lua 5.4", "{error}");
}

/// `CALTROP_EVENTS` says how many events are made up; `scripts/verify` tries ten million.
#[test]
fn memory_stays_flat_and_no_made_up_event_makes_it_fail() {
    let events: i64 =
        std::env::var("CALTROP_EVENTS").map_or(50_000, |text| text.parse().expect("a number"));
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error OR k3=* | stats count values(k1) by k2");
    let options = format!(
        "{{ rules = {rules}, window = '1m', lateness = '1s', host = '$k1', source = '$k2.k3', time_key = 'k4' }}"
    );
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    let run: Function = host.lua.load(include_str!("events.lua")).eval().unwrap();
    let rounds = 10;
    let mut peaks = Vec::new();
    for round in 0..rounds {
        run.call::<()>((round, events / rounds)).unwrap();
        host.lua.gc_collect().unwrap();
        host.lua.gc_collect().unwrap();
        peaks.push((host.lua.used_memory(), resident_kib()));
    }
    let (early, late) = (peaks[1], peaks[peaks.len() - 1]);
    assert!(late.0 <= early.0 + 65_536, "Lua holds more and more bytes: {peaks:?}");
    assert!(late.1 <= early.1 + 16_384, "the program holds more and more KiB: {peaks:?}");
    assert_eq!(logs(&host.process(&line(0, "fine"))).len(), 0);
}

/// The memory of this program, in KiB.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("it is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
