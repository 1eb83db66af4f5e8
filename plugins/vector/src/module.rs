//! The module as Lua sees it: `caltrop.vector`, `caltrop.open`, the hooks and the methods of an engine.
//!
//! The functions here run on Lua's stack, so none of them holds anything with a destructor while Lua is called: what owns
//! memory stands in the [`Handle`]. `process` never raises an error for what an event holds.

use std::ffi::{CStr, c_int};

use crate::{
    event::{self, Read},
    handle::Handle,
    lua::{self, FIRST_UPVALUE, State},
    outgoing,
    stream::Stream,
    tape,
};

/// The name of the metatable of engines.
const ENGINE: &CStr = c"caltrop.engine";

/// Opens the module.
///
/// # Safety
/// Lua calls it, with a state that runs.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_caltrop(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs, and room for some values.
    unsafe {
        lua::check_version(lua);
        make_metatable(lua);
        lua::lua_createtable(lua, 0, 3);
        set_function(lua, c"vector", vector);
        set_function(lua, c"open", open);
        lua::push_text(lua, env!("CARGO_PKG_VERSION").as_bytes());
        lua::lua_setfield(lua, -2, c"version".as_ptr());
    }
    1
}

/// Puts a function into the table on top of the stack.
///
/// # Safety
/// `lua` is a state that runs, with a table there and room for a value. Nothing on the stack has a destructor.
unsafe fn set_function(lua: *mut State, name: &CStr, function: lua::Function) {
    // SAFETY: the caller promises the table and the room.
    unsafe {
        lua::lua_pushcclosure(lua, function, 0);
        lua::lua_setfield(lua, -2, name.as_ptr());
    }
}

/// # Safety
/// `lua` is a state that runs, with room for some values. Nothing on the stack has a destructor.
unsafe fn make_metatable(lua: *mut State) {
    let methods: [(&CStr, lua::Function); 9] = [
        (c"push", push),
        (c"tick", tick),
        (c"drain", drain),
        (c"flush", flush),
        (c"reload", reload),
        (c"stats", stats),
        (c"close", close),
        (c"__close", close),
        (c"__gc", collect),
    ];
    // SAFETY: the caller promises the state and the room.
    unsafe {
        lua::luaL_newmetatable(lua, ENGINE.as_ptr());
        for (name, method) in methods {
            set_function(lua, name, method);
        }
        lua::lua_pushvalue(lua, -1);
        lua::lua_setfield(lua, -2, c"__index".as_ptr());
        // Nobody takes `__gc` from it, to call it twice.
        lua::lua_pushboolean(lua, 0);
        lua::lua_setfield(lua, -2, c"__metatable".as_ptr());
        lua::pop(lua, 1);
    }
}

/// `caltrop.open(options)`: an engine, for hooks that people write themselves.
unsafe extern "C-unwind" fn open(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs.
    unsafe { push_engine(lua) };
    1
}

/// `caltrop.vector(options)`: the hooks of Vector's transform.
unsafe extern "C-unwind" fn vector(lua: *mut State) -> c_int {
    let hooks: [(&CStr, lua::Function); 4] = [
        (c"process", process),
        (c"tick", tick_hook),
        (c"shutdown", shutdown_hook),
        (c"stats", stats_hook),
    ];
    // SAFETY: Lua gives a state that runs, and room for some values.
    unsafe {
        push_engine(lua);
        lua::lua_createtable(lua, 0, 5);
        for (name, hook) in hooks {
            lua::lua_pushvalue(lua, -2);
            lua::lua_pushcclosure(lua, hook, 1);
            lua::lua_setfield(lua, -2, name.as_ptr());
        }
        lua::lua_pushvalue(lua, -2);
        lua::lua_setfield(lua, -2, c"engine".as_ptr());
    }
    1
}

/// Starts what the table at index 1 says, and puts its engine on the stack, or raises what is wrong.
///
/// # Safety
/// `lua` is a state that runs, called as a C function. Nothing on the stack has a destructor.
unsafe fn push_engine(lua: *mut State) {
    // SAFETY: the caller promises the state; the block has room for a pointer, and Lua frees it only after `collect`.
    unsafe {
        if lua::lua_type(lua, 1) != lua::TABLE {
            lua::raise(lua, b"caltrop: a table of options is wanted, such as { rules = \"/etc/caltrop/rules\" }");
        }
        lua::lua_settop(lua, 1);
        let place = lua::lua_newuserdatauv(lua, size_of::<*mut Handle>(), 0).cast::<*mut Handle>();
        place.write(Box::into_raw(Box::default()));
        lua::luaL_setmetatable(lua, ENGINE.as_ptr());
        let handle = *place;
        crate::options::read(lua, &raw mut (*handle).options);
        if !(*handle).start() {
            lua::raise(lua, (*handle).error());
        }
    }
}

/// What the first upvalue of a hook holds. It lives as long as the hook runs, and may be used by another hook whenever Lua is
/// called, so it is borrowed only in between.
///
/// # Safety
/// `lua` is a state that runs a hook.
unsafe fn of_hook(lua: *mut State) -> *mut Handle {
    // SAFETY: `vector` has put an engine there, which Lua keeps as long as the hook.
    unsafe { *lua::lua_touserdata(lua, FIRST_UPVALUE).cast::<*mut Handle>() }
}

/// The engine that is the first argument of a method, of which the same holds; raises an error where it is none.
///
/// # Safety
/// `lua` is a state that runs a method. Nothing on the stack has a destructor.
unsafe fn of_method(lua: *mut State) -> *mut Handle {
    // SAFETY: what has the metatable was made by `push_engine`, and `collect` leaves a null pointer behind.
    unsafe {
        let place = lua::luaL_testudata(lua, 1, ENGINE.as_ptr()).cast::<*mut Handle>();
        if place.is_null() || (*place).is_null() {
            lua::raise(lua, b"caltrop: an engine is wanted: call it as engine:method()");
        }
        *place
    }
}

/// `process(event, emit)`.
unsafe extern "C-unwind" fn process(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a hook.
    unsafe {
        let handle = of_hook(lua);
        lua::lua_settop(lua, 2);
        if lua::is_data(lua, 1) {
            lua::field(lua, 1, c"log");
        }
        if look_at(lua, handle) {
            give(lua, handle, 2);
        }
    }
    0
}

/// Shows what is on top of the stack to the engine: an event, if it is a table; whether alerts wait now. What was read stays on
/// the stack.
///
/// # Safety
/// `lua` is a state that runs, `handle` is an engine's. Nothing on the stack has a destructor.
unsafe fn look_at(lua: *mut State, handle: *mut Handle) -> bool {
    // SAFETY: the caller promises both; reading an event runs no code, so nobody else uses the handle.
    unsafe {
        let handle = &mut *handle;
        if lua::lua_checkstack(lua, event::SLOTS) == 0 || !lua::is_data(lua, -1) {
            handle.foreign += 1;
        } else {
            handle.push(|keys, fields| event::read(lua, keys, fields));
        }
        handle.pending() > 0
    }
}

/// Hands everything that waits to the function at `emit`. Where there is no function, it waits on.
///
/// # Safety
/// `lua` is a state that runs, `handle` is an engine's. Nothing on the stack has a destructor.
unsafe fn give(lua: *mut State, handle: *mut Handle, emit: c_int) {
    // SAFETY: the caller promises both.
    unsafe {
        if lua::lua_type(lua, emit) != lua::FUNCTION || lua::lua_checkstack(lua, tape::SLOTS) == 0 {
            return;
        }
        while let Some(record) = (*handle).take() {
            give_one(lua, emit, Box::into_raw(record));
        }
    }
}

/// Hands one record to the function at `emit`. If Lua runs out of memory meanwhile, it jumps: the record is lost then, and its
/// memory.
///
/// # Safety
/// `lua` is a state that runs, with a function at `emit` and room for [`tape::SLOTS`] values. `record` is a whole value and is
/// nobody else's. Nothing on the stack has a destructor.
unsafe fn give_one(lua: *mut State, emit: c_int, record: *mut [u8]) {
    // SAFETY: the caller promises all of it.
    unsafe {
        lua::lua_pushvalue(lua, emit);
        push_record(lua, record);
        lua::call(lua, 1);
    }
}

/// Puts a record on the stack, and frees it.
///
/// # Safety
/// Those of [`give_one`].
unsafe fn push_record(lua: *mut State, record: *mut [u8]) {
    // SAFETY: the caller promises a record that is nobody else's.
    unsafe {
        tape::push(lua, &*record);
        drop(Box::from_raw(record));
    }
}

/// Raises an error unless there is a function at `emit`.
///
/// # Safety
/// `lua` is a state that runs. Nothing on the stack has a destructor.
unsafe fn want_emit(lua: *mut State, emit: c_int) {
    // SAFETY: the caller promises the state.
    unsafe {
        if lua::lua_type(lua, emit) != lua::FUNCTION {
            lua::raise(lua, b"caltrop: the function `emit` is wanted");
        }
    }
}

/// `tick(emit)`, by a timer once a second.
unsafe extern "C-unwind" fn tick_hook(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a hook.
    unsafe { work_and_give(lua, Stream::tick) }
}

/// `shutdown(emit)`.
unsafe extern "C-unwind" fn shutdown_hook(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a hook.
    unsafe { work_and_give(lua, Stream::end) }
}

/// # Safety
/// `lua` is a state that runs a hook whose argument is `emit`. Nothing on the stack has a destructor.
unsafe fn work_and_give(lua: *mut State, work: fn(&mut Stream)) -> c_int {
    // SAFETY: the caller promises a hook.
    unsafe {
        let handle = of_hook(lua);
        want_emit(lua, 1);
        (*handle).enter(work);
        give(lua, handle, 1);
    }
    0
}

/// `stats(emit)`: every counter as a metric event.
unsafe extern "C-unwind" fn stats_hook(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a hook.
    unsafe {
        let handle = of_hook(lua);
        want_emit(lua, 1);
        lua::lua_checkstack(lua, tape::SLOTS);
        (*handle).measure();
        while let Some(metric) = (*handle).take_metric() {
            give_one(lua, 1, Box::into_raw(metric));
        }
    }
    0
}

/// `engine:push(event.log | text)`: how many alerts wait now.
unsafe extern "C-unwind" fn push(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe {
        let handle = of_method(lua);
        lua::lua_settop(lua, 2);
        match lua::text(lua, 2) {
            Some(raw) => (*handle).push(|_, _| Read::of_text(raw)),
            None => {
                look_at(lua, handle);
            }
        }
        push_pending(lua, handle)
    }
}

/// # Safety
/// `lua` is a state that runs and has room for a value, `handle` is an engine's.
unsafe fn push_pending(lua: *mut State, handle: *mut Handle) -> c_int {
    // SAFETY: the caller promises both.
    unsafe {
        let pending = i64::try_from((*handle).pending()).unwrap_or(i64::MAX);
        lua::lua_pushinteger(lua, pending);
    }
    1
}

/// `engine:tick()`: how many alerts wait now.
unsafe extern "C-unwind" fn tick(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe {
        let handle = of_method(lua);
        (*handle).enter(Stream::tick);
        push_pending(lua, handle)
    }
}

/// `engine:flush()`: closes all windows; how many alerts wait now.
unsafe extern "C-unwind" fn flush(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe {
        let handle = of_method(lua);
        (*handle).enter(Stream::flush);
        push_pending(lua, handle)
    }
}

/// `engine:drain(emit)`: hands over what waits; how many alerts wait now.
unsafe extern "C-unwind" fn drain(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe {
        let handle = of_method(lua);
        want_emit(lua, 2);
        give(lua, handle, 2);
        push_pending(lua, handle)
    }
}

/// `engine:reload()`: true, or nil and what is wrong with the changed rules.
unsafe extern "C-unwind" fn reload(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe {
        let handle = of_method(lua);
        if (*handle).reload() {
            lua::lua_pushboolean(lua, 1);
            return 1;
        }
        lua::lua_pushnil(lua);
        lua::push_text(lua, (*handle).error());
    }
    2
}

/// `engine:stats()`: every counter, in a table.
unsafe extern "C-unwind" fn stats(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe {
        let handle = of_method(lua);
        lua::lua_checkstack(lua, tape::SLOTS);
        push_record(lua, Box::into_raw(outgoing::figures(&(*handle).figures())));
    }
    1
}

/// `engine:close()`: saves its state, where it has a file, and lets it go.
unsafe extern "C-unwind" fn close(lua: *mut State) -> c_int {
    // SAFETY: Lua gives a state that runs a method.
    unsafe { (*of_method(lua)).close() };
    0
}

/// Lua has no use for it any more.
unsafe extern "C-unwind" fn collect(lua: *mut State) -> c_int {
    // SAFETY: only Lua calls it, once, with an engine that `push_engine` has made. Its box is freed once.
    unsafe {
        let place = lua::lua_touserdata(lua, 1).cast::<*mut Handle>();
        let handle = place.replace(std::ptr::null_mut());
        if !handle.is_null() {
            (*handle).close();
            drop(Box::from_raw(handle));
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use mlua::{Lua, Table};

    use super::*;

    /// What is wrong in the engine, at the worst moment.
    unsafe extern "C-unwind" fn fail(lua: *mut State) -> c_int {
        // SAFETY: the test calls it as a method.
        unsafe {
            let handle = of_method(lua);
            let done = (*handle).enter(|_| -> () { panic!("slot 7 is missing") });
            lua::lua_pushboolean(lua, done.is_none().into());
        }
        1
    }

    #[test]
    fn a_panic_inside_ends_that_engine_alone_and_the_program_lives() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("found.spl"), "error | table code").unwrap();
        let lua = Lua::new();
        // SAFETY: both are functions of Lua's type.
        let (open, fail) = unsafe {
            let open: mlua::lua_CFunction = std::mem::transmute(luaopen_caltrop as lua::Function);
            let fail: mlua::lua_CFunction = std::mem::transmute(fail as lua::Function);
            (lua.create_c_function(open).unwrap(), lua.create_c_function(fail).unwrap())
        };
        let caltrop: Table = open.call(()).unwrap();
        lua.globals().set("caltrop", caltrop).unwrap();
        lua.globals().set("fail", fail).unwrap();
        let test = format!(
            "local options = {{ rules = [[{}]] }}
            local bad, good = caltrop.vector(options), caltrop.vector(options)
            local count, event = 0, {{ log = {{ message = 'error' }} }}
            local function emit(found) if found.log then count = count + 1 end end
            assert(fail(bad.engine))
            bad.process(event, emit) bad.tick(emit) bad.stats(emit)
            assert(count == 0)
            local stats = bad.engine:stats()
            assert(stats.panics == 1 and stats.unseen_events == 1)
            good.process(event, emit)
            bad.shutdown(emit)
            bad.engine:close()
            collectgarbage()
            return count",
            folder.path().display()
        );
        assert_eq!(lua.load(test).eval::<i64>().unwrap(), 1);
    }
}
