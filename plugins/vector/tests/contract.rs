//! What Vector and the module owe each other, tried in a program with Vector's Lua.

#![cfg(target_os = "linux")]

mod common;

use std::{fs, thread, time::Duration};

use common::{Host, Transform, folder, line, logs, lua, module, rule};
use mlua::{Function, Table, Value};
use serde_json::json;

const NOW_S: i64 = 1_767_225_600;

#[test]
fn an_alert_is_a_flat_log_with_a_real_timestamp_and_says_its_rule() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table _time, host, code");
    let options = format!("{{ rules = {rules}, host = '$host' }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    assert!(host.process(&line(NOW_S, "fine")).is_empty());
    let emitted = host.process(&line(NOW_S, "error code=7"));
    let [alert] = *logs(&emitted) else { panic!("{emitted:?}") };
    let about = &alert["caltrop"];
    assert_eq!(alert["timestamp"], json!({ "$time": NOW_S * 1_000_000_000 }));
    assert_eq!((&alert["host"], &alert["code"]), (&json!("ws1"), &json!("7")));
    assert_eq!(alert["_time"], json!(NOW_S as f64));
    assert_eq!((&about["rule"], &about["revision"]), (&json!("found"), &json!(0)));
    assert_eq!(about["key"].as_str().unwrap().len(), 16);
    assert!(about.get("techniques").is_none(), "an empty list would become an object");
}

#[test]
fn windows_close_by_later_events_and_what_is_open_at_the_end_is_sent_as_it_stands() {
    let folder = folder();
    let spl = "error | bin _time span=1s | stats count by _time, host";
    let rules = rule(folder.path(), "count.spl", spl);
    let options = format!("{{ rules = {rules}, host = '$host', lateness = '1s' }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    for _ in 0..2 {
        assert!(host.process(&line(NOW_S, "error")).is_empty());
    }
    let emitted = host.process(&line(NOW_S + 10, "error"));
    let [closed] = *logs(&emitted) else { panic!("{emitted:?}") };
    assert_eq!((&closed["count"], &closed["caltrop"]["partial"]), (&json!("2"), &json!(false)));
    let last = host.shutdown();
    let [open] = *logs(&last) else { panic!("{last:?}") };
    assert_eq!((&open["count"], &open["caltrop"]["reason"]), (&json!("1"), &json!("shutdown")));
}

#[test]
fn a_transform_moves_between_threads_and_garbage_is_collected_meanwhile() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let mut host =
        Host::build(folder.path(), &Transform::with_options(&format!("{{ rules = {rules} }}")))
            .unwrap();
    let mut found = 0;
    for round in 0..8 {
        let work = move || {
            let alerts: usize = (0..50)
                .map(|number| {
                    let text = if number % 5 == 0 {
                        format!("error code={number}")
                    } else {
                        "fine".to_owned()
                    };
                    host.process(&line(NOW_S + round, &text)).len()
                })
                .sum();
            host.timer(0);
            host.lua.gc_collect().unwrap();
            (host, alerts)
        };
        let alerts;
        (host, alerts) = thread::spawn(work).join().unwrap();
        found += alerts;
    }
    assert_eq!(found, 80);
}

#[test]
fn nothing_of_lua_lives_from_one_call_to_the_next() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let options = format!("{{ rules = {rules} }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    let used = |events: usize| {
        (0..events).for_each(|number| {
            host.process(&line(NOW_S, &format!("error code={number}")));
        });
        host.lua.gc_collect().unwrap();
        host.lua.gc_collect().unwrap();
        host.lua.used_memory()
    };
    let before = used(100);
    assert!(used(5000) <= before + 4096, "{before} bytes have grown");
}

#[test]
fn events_without_a_raw_text_are_their_fields() {
    let folder = folder();
    let spl = "user.name=ada \"tags{}\"=blue | eval n=mvcount('tags{}') | table user.name, n, port, ok, seen, empty";
    let rules = rule(folder.path(), "fields.spl", spl);
    let options = format!("{{ rules = {rules} }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    let event = json!({
        "user": { "name": "ada" }, "tags": ["red", "blue"], "port": 22, "ok": true, "empty": null,
        "seen": { "$time": 1_500_000_000 }, "timestamp": { "$time": NOW_S * 1_000_000_000 },
    });
    let emitted = host.process(&event);
    let [alert] = *logs(&emitted) else { panic!("{emitted:?}") };
    assert_eq!((&alert["user.name"], &alert["n"]), (&json!("ada"), &json!("2")));
    assert_eq!(
        (&alert["port"], &alert["ok"], &alert["seen"]),
        (&json!("22"), &json!("true"), &json!("1.5"))
    );
    assert!(alert.get("empty").is_none(), "Vector writes null as an empty text");
}

#[test]
fn the_time_is_read_however_it_is_written() {
    let folder = folder();
    let rules = rule(folder.path(), "time.spl", "error | table _time");
    let options = format!("{{ rules = {rules}, time_key = 'at.time' }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    for time in [
        json!(NOW_S),
        json!(NOW_S * 1000),
        json!(NOW_S * 1_000_000_000),
        json!(NOW_S as f64),
        json!("2026-01-01T00:00:00Z"),
        json!(NOW_S.to_string()),
        json!({ "$time": NOW_S * 1_000_000_000 }),
    ] {
        let emitted = host.process(&json!({ "message": "error", "at": { "time": time } }));
        assert_eq!(emitted[0]["log"]["_time"], json!(NOW_S as f64), "{time}");
    }
    host.process(&json!({ "message": "error", "at": { "time": "soon" } }));
    host.process(&json!({ "message": "error", "at": { "time": true } }));
    host.process(&json!({ "message": "error", "at": 5 }));
    assert_eq!(figure(&host, "unread_times_total"), 2.0);
}

/// A figure as the hook `stats` tells it.
fn figure(host: &Host, name: &str) -> f64 {
    let metrics = host.timer(1);
    let found = metrics.iter().find(|event| event["metric"]["name"] == name);
    let metric = &found.unwrap_or_else(|| panic!("{name} in {metrics:?}"))["metric"];
    let value = metric.get("counter").or(metric.get("gauge")).expect("it is one of the two");
    value["value"].as_f64().expect("it is a number")
}

#[test]
fn counters_are_metrics_with_the_rule_as_a_tag() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let options = format!("{{ rules = {rules} }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    for text in ["error", "error", "fine"] {
        host.process(&line(NOW_S, text));
    }
    host.process_lua(Value::Nil).unwrap();
    let metrics = host.timer(1);
    let of_rule = metrics.iter().find(|event| event["metric"]["name"] == "rule_alerts_total");
    assert_eq!(
        of_rule.unwrap()["metric"],
        json!({
            "name": "rule_alerts_total", "namespace": "caltrop", "kind": "absolute",
            "counter": { "value": 2.0 }, "tags": { "rule": "found" },
        })
    );
    assert_eq!((figure(&host, "events_total"), figure(&host, "foreign_events_total")), (3.0, 1.0));
    assert_eq!(figure(&host, "state_bytes"), 0.0);
}

#[test]
fn what_is_wrong_fails_the_start_with_every_complaint_on_a_line() {
    let folder = folder();
    let rules = rule(folder.path(), "bad.spl", "error | where (");
    rule(folder.path(), "good.spl", "error");
    let build = |options: &str| {
        Host::build(folder.path(), &Transform::with_options(options))
            .err()
            .map(|error| error.to_string())
    };
    let error = build(&format!("{{ rules = {rules} }}")).unwrap();
    assert!(error.contains("bad.spl:1:") && error.contains("error[E"), "{error}");
    assert!(error.contains("not started: `strict = false` runs the rules that compile"), "{error}");
    assert_eq!(build(&format!("{{ rules = {rules}, strict = false }}")), None);
    let error =
        build(&format!("{{ rule = {rules}, idle = true, max_state = {{}}, [7] = 1 }}")).unwrap();
    for said in [
        "there is no option `rule`: did you mean `rules`?",
        "`rules` is missing",
        "`idle`: `true` is no duration",
        "`max_state`: a text, a number, true or false is wanted",
        "an option has a name that is no text",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn garbage_options_raise_an_error_and_nothing_else() {
    let folder = folder();
    let lua = lua(folder.path());
    lua.load("caltrop = require 'caltrop'").exec().unwrap();
    for call in [
        "caltrop.vector()",
        "caltrop.vector(5)",
        "caltrop.open('rules')",
        "caltrop.open{ rules = function() end }",
        "caltrop.open{ rules = { { 'a' } } }",
        "caltrop.open{ rules = { a = 'b' } }",
        "caltrop.open{ rules = '/nowhere', raw_key = 'a\\0b' }",
        "caltrop.open{ rules = '/nowhere', tz = string.rep('x', 1000000) }",
        "caltrop.open{ rules = '\\255\\254' }",
        "caltrop.open(setmetatable({}, { __index = error, __pairs = error }))",
        "getmetatable(caltrop.open{ rules = '/nowhere', strict = false }).__gc()",
    ] {
        assert!(lua.load(call).exec().is_err(), "{call}");
    }
}

#[test]
fn an_engine_of_ones_own_is_pushed_drained_and_closed() {
    let folder = folder();
    let rules = rule(folder.path(), "count.spl", "error | stats count");
    let lua = lua(folder.path());
    let test = format!(
        "local caltrop = require 'caltrop'
        local engine <close> = caltrop.open{{ rules = {rules}, window = 'all' }}
        assert(engine:push('error') == 0 and engine:push{{ message = 'an error' }} == 0)
        assert(engine:push(nil) == 0 and engine:tick() == 0 and engine:flush() == 1)
        local found = {{}}
        assert(engine:drain(function(event) found[#found + 1] = event end) == 0)
        assert(#found == 1 and found[1].log.count == '2' and found[1].log.caltrop.rule == 'count')
        local stats = engine:stats()
        assert(stats.events == 2 and stats.foreign_events == 1 and stats.alerts == 1)
        assert(engine:reload() == true)
        engine:push('error') engine:flush()
        assert(not pcall(engine.drain, engine) and not pcall(engine.push, {{}}))
        assert(not pcall(engine.drain, engine, function() error('full') end))
        engine:close()
        assert(engine:push('error') == 0 and engine:reload() == nil)
        return caltrop.version"
    );
    let version: String = lua.load(test).eval().unwrap();
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_alert_sees_the_engine_that_has_sent_it() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let lua = lua(folder.path());
    let test = format!(
        "local engine = require('caltrop').open{{ rules = {rules} }}
        local count = 0
        local function emit(event)
            count = count + 1
            if count < 5 then engine:push('error') engine:drain(emit) end
            if count == 5 then engine:close() collectgarbage() end
        end
        engine:push('error')
        engine:drain(emit)
        return count"
    );
    assert_eq!(lua.load(test).eval::<i64>().unwrap(), 5);
}

#[test]
fn changed_rules_take_over_on_a_tick_and_broken_ones_are_kept_out() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let options = format!("{{ rules = {rules}, reload = '20ms' }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    let wait_for = |name: &str| {
        let is_there = (0..1500).any(|_| {
            thread::sleep(Duration::from_millis(20));
            host.timer(0);
            figure(&host, name) == 1.0
        });
        assert!(is_there, "{name}");
    };
    rule(folder.path(), "found.spl", "error | where (");
    wait_for("refused_reloads_total");
    assert_eq!(host.process(&line(NOW_S, "error")).len(), 1, "the old rule runs");
    rule(folder.path(), "found.spl", "fine | table code");
    wait_for("reloads_total");
    assert_eq!(host.process(&line(NOW_S, "error")).len(), 0);
    assert_eq!(host.process(&line(NOW_S, "fine")).len(), 1);
}

#[test]
fn state_is_taken_up_again_and_looking_leaves_no_trace() {
    let folder = folder();
    let rules = rule(folder.path(), "count.spl", "error | stats count by host");
    let state = folder.path().join("state");
    let options = format!("{{ rules = {rules}, state = [[{}]], host = 'a' }}", state.display());
    let build = || Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    drop(build());
    assert!(!state.exists(), "`vector validate` builds a transform, and calls no hook");
    let first = build();
    first.process(&line(NOW_S, "error"));
    assert!(first.shutdown().is_empty(), "the window stays open");
    let saved = fs::read(&state).unwrap();
    drop(build());
    assert_eq!(fs::read(&state).unwrap(), saved);
    let second = build();
    second.process(&line(NOW_S + 1, "error"));
    drop(second);
    assert_ne!(
        fs::read(&state).unwrap(),
        saved,
        "without a hook at the end, the collector ends it"
    );
    let third = build();
    let emitted = third.process(&line(NOW_S + 7300, "error"));
    assert_eq!(emitted[0]["log"]["count"], json!("2"));
    fs::write(&state, "something else").unwrap();
    let error = Host::build(folder.path(), &Transform::with_options(&options)).err().unwrap();
    assert!(error.to_string().contains("remove the file to start anew"), "{error}");
}

#[test]
fn many_transforms_have_nothing_in_common() {
    let folder = folder();
    let build = |word: &str| {
        let name = folder.path().join(word);
        let rules = rule(&name, "found.spl", &format!("{word} | table code"));
        Host::build(folder.path(), &Transform::with_options(&format!("{{ rules = {rules} }}")))
            .unwrap()
    };
    let (one, two) = (build("error"), build("fine"));
    assert_eq!(
        (one.process(&line(NOW_S, "error")).len(), two.process(&line(NOW_S, "error")).len()),
        (1, 0)
    );
    drop(one);
    assert_eq!(two.process(&line(NOW_S, "fine")).len(), 1);
    let three = build("error");
    assert_eq!(three.process(&line(NOW_S, "error")).len(), 1, "the module is opened again");
}

#[test]
fn an_emit_that_is_kept_is_not_called_again() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let source = format!(
        "caltrop = require('caltrop').vector{{ rules = {rules} }}
        function process(event, emit) kept = kept or emit; caltrop.process(event, emit) end"
    );
    let transform =
        Transform { source, process: "process".to_owned(), shutdown: None, timers: Vec::new() };
    let host = Host::build(folder.path(), &transform).unwrap();
    host.process(&line(NOW_S, "fine"));
    assert_eq!(host.process(&line(NOW_S, "error")).len(), 1);
    let kept: Function = host.lua.globals().get("kept").unwrap();
    assert!(kept.call::<()>(host.lua.create_table().unwrap()).is_err());
}

#[test]
fn strange_events_are_counted() {
    let folder = folder();
    let rules = rule(folder.path(), "found.spl", "error | table code");
    let options = format!("{{ rules = {rules} }}");
    let host = Host::build(folder.path(), &Transform::with_options(&options)).unwrap();
    let table = |code: &str| host.lua.load(code).eval::<Table>().unwrap();
    for code in ["{}", "{ log = 5 }", "{ metric = {} }", "setmetatable({}, { __index = error })"] {
        assert_eq!(
            host.process_lua(Value::Table(table(code))).unwrap(),
            Vec::<serde_json::Value>::new()
        );
    }
    for value in [Value::Nil, Value::Integer(5), Value::Boolean(true)] {
        host.process_lua(value).unwrap();
    }
    assert_eq!(figure(&host, "foreign_events_total"), 7.0);
    let endless =
        "(function() local t = {} for i = 1, 50 do t['k' .. i] = t end return { log = t } end)()";
    host.process_lua(Value::Table(table(endless))).unwrap();
    assert!(figure(&host, "lost_fields_total") > 0.0);
    let process: Function = host.lua.load("caltrop.process").eval().unwrap();
    let log = host.lua.create_table().unwrap();
    log.set("log", table("{ message = 'error' }")).unwrap();
    process.call::<()>(log).unwrap();
    assert_eq!(
        figure(&host, "pending_alerts"),
        1.0,
        "without a function to emit it, an alert waits"
    );
    assert_eq!(host.process(&line(NOW_S, "fine")).len(), 1);
}

/// What the module takes from the program that loads it: no more than Lua 5.4 has, and the C library.
#[test]
fn the_module_wants_only_what_every_lua_has() {
    let Ok(output) =
        std::process::Command::new("readelf").args(["-dW", "--dyn-syms"]).arg(module()).output()
    else {
        eprintln!("left out: no readelf");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let wanted = text
        .lines()
        .filter(|line| line.contains(" UND "))
        .filter_map(|line| line.split_whitespace().nth(7));
    let mut lua: Vec<_> = wanted.filter(|name| name.starts_with("lua")).collect();
    lua.sort_unstable();
    let allowed: Vec<_> = include_str!("symbols.txt").lines().collect();
    assert_eq!(lua, allowed, "tests/symbols.txt lists what may be wanted");
    for line in text.lines().filter(|line| line.contains("(NEEDED)")) {
        let is_known = ["libc.so", "libgcc_s.so", "libm.so", "ld-linux"]
            .iter()
            .any(|name| line.contains(name));
        assert!(is_known, "{line}");
    }
    assert!(text.contains("NODELETE"), "it is linked with -z nodelete");
}
