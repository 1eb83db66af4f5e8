//! Lua 5.4, as far as it is used: the functions of the program that has loaded the module.
//!
//! They are declared by hand, with the types of `lua.h`, which are the same in all versions 5.4. Those that may raise an
//! error leave by a jump past all callers up to the last protected call. Their ABI is `C-unwind`, and whoever calls them
//! has nothing on the stack that has a destructor.

use std::ffi::{CStr, c_char, c_int, c_void};

/// `lua_State`.
#[repr(C)]
pub struct State {
    _private: [u8; 0],
}

/// `lua_CFunction`: takes its arguments from the stack, and says how many results it has put there.
pub type Function = unsafe extern "C-unwind" fn(*mut State) -> c_int;

/// `LUA_TNIL`.
pub const NIL: c_int = 0;
/// `LUA_TBOOLEAN`.
pub const BOOLEAN: c_int = 1;
/// `LUA_TNUMBER`.
pub const NUMBER: c_int = 3;
/// `LUA_TSTRING`.
pub const STRING: c_int = 4;
/// `LUA_TTABLE`.
pub const TABLE: c_int = 5;
/// `LUA_TFUNCTION`.
pub const FUNCTION: c_int = 6;

/// `LUA_REGISTRYINDEX`: `-LUAI_MAXSTACK - 1000`, where the program has not been built with another stack.
const REGISTRY: c_int = -1_000_000 - 1000;

/// `lua_upvalueindex(1)`.
pub const FIRST_UPVALUE: c_int = REGISTRY - 1;

// Raising: createtable, pushlstring, pushcclosure, newuserdatauv, setfield, getfield, rawset, rawseti, next, callk, error,
// luaL_newmetatable, luaL_setmetatable, luaL_checkversion_. The others do not.
#[expect(missing_docs, reason = "the manual of Lua tells what each of them does")]
unsafe extern "C-unwind" {
    pub fn lua_gettop(lua: *mut State) -> c_int;
    pub fn lua_settop(lua: *mut State, top: c_int);
    pub fn lua_checkstack(lua: *mut State, slots: c_int) -> c_int;
    pub fn lua_pushvalue(lua: *mut State, index: c_int);
    pub fn lua_type(lua: *mut State, index: c_int) -> c_int;
    pub fn lua_isinteger(lua: *mut State, index: c_int) -> c_int;
    pub fn lua_toboolean(lua: *mut State, index: c_int) -> c_int;
    pub fn lua_tointegerx(lua: *mut State, index: c_int, is_one: *mut c_int) -> i64;
    pub fn lua_tonumberx(lua: *mut State, index: c_int, is_one: *mut c_int) -> f64;
    fn lua_tolstring(lua: *mut State, index: c_int, length: *mut usize) -> *const c_char;
    pub fn lua_touserdata(lua: *mut State, index: c_int) -> *mut c_void;
    pub fn lua_pushnil(lua: *mut State);
    pub fn lua_pushboolean(lua: *mut State, is_true: c_int);
    pub fn lua_pushinteger(lua: *mut State, number: i64);
    pub fn lua_pushnumber(lua: *mut State, number: f64);
    fn lua_pushlstring(lua: *mut State, text: *const c_char, length: usize) -> *const c_char;
    pub fn lua_pushcclosure(lua: *mut State, function: Function, upvalues: c_int);
    pub fn lua_createtable(lua: *mut State, values: c_int, pairs: c_int);
    pub fn lua_newuserdatauv(lua: *mut State, bytes: usize, values: c_int) -> *mut c_void;
    fn lua_getmetatable(lua: *mut State, index: c_int) -> c_int;
    fn lua_getfield(lua: *mut State, index: c_int, key: *const c_char) -> c_int;
    pub fn lua_setfield(lua: *mut State, index: c_int, key: *const c_char);
    pub fn lua_rawset(lua: *mut State, index: c_int);
    pub fn lua_rawseti(lua: *mut State, index: c_int, number: i64);
    pub fn lua_next(lua: *mut State, index: c_int) -> c_int;
    fn lua_callk(
        lua: *mut State,
        arguments: c_int,
        results: c_int,
        context: isize,
        then: *const c_void,
    );
    pub fn lua_error(lua: *mut State) -> c_int;
    pub fn luaL_newmetatable(lua: *mut State, name: *const c_char) -> c_int;
    pub fn luaL_setmetatable(lua: *mut State, name: *const c_char);
    pub fn luaL_testudata(lua: *mut State, index: c_int, name: *const c_char) -> *mut c_void;
    fn luaL_checkversion_(lua: *mut State, version: f64, sizes: usize);
}

/// Raises an error unless the program has a Lua 5.4 with numbers of 64 bits.
///
/// # Safety
/// `lua` is a state that runs. Nothing on the stack has a destructor.
pub unsafe fn check_version(lua: *mut State) {
    const SIZES: usize = size_of::<i64>() * 16 + size_of::<f64>();
    // SAFETY: the caller promises a state that runs.
    unsafe { luaL_checkversion_(lua, 504.0, SIZES) }
}

/// The text at `index`, where there is one: numbers are none. It lives as long as Lua can reach it and is not written to.
///
/// # Safety
/// `lua` is a state that runs, and the text is reachable from it for all of `'a`.
#[must_use]
pub unsafe fn text<'a>(lua: *mut State, index: c_int) -> Option<&'a [u8]> {
    let mut length = 0;
    // SAFETY: of what is a string already, the function gives the bytes and changes nothing; it cannot raise then.
    unsafe {
        if lua_type(lua, index) != STRING {
            return None;
        }
        let start = lua_tolstring(lua, index, &raw mut length);
        Some(std::slice::from_raw_parts(start.cast(), length))
    }
}

/// Puts a text on the stack.
///
/// # Safety
/// `lua` is a state that runs and has room for it. Nothing on the stack has a destructor.
pub unsafe fn push_text(lua: *mut State, text: &[u8]) {
    // SAFETY: Lua copies that many bytes.
    unsafe { lua_pushlstring(lua, text.as_ptr().cast(), text.len()) };
}

/// The integer at `index`, where there is one.
///
/// # Safety
/// `lua` is a state that runs.
#[must_use]
pub unsafe fn integer(lua: *mut State, index: c_int) -> Option<i64> {
    // SAFETY: the caller promises a state that runs; a null pointer is allowed.
    unsafe {
        (lua_isinteger(lua, index) != 0).then(|| lua_tointegerx(lua, index, std::ptr::null_mut()))
    }
}

/// Takes `count` values from the stack.
///
/// # Safety
/// `lua` is a state that runs and has so many.
pub unsafe fn pop(lua: *mut State, count: c_int) {
    // SAFETY: the caller promises so many values.
    unsafe { lua_settop(lua, -count - 1) }
}

/// Calls the function below its `arguments`, which leave the stack with it. There is no result.
///
/// # Safety
/// `lua` is a state that runs, with these values on its stack. Nothing on the stack has a destructor.
pub unsafe fn call(lua: *mut State, arguments: c_int) {
    // SAFETY: the caller promises the values.
    unsafe { lua_callk(lua, arguments, 0, 0, std::ptr::null()) }
}

/// Whether there is a table at `index` that holds data and nothing else: no metatable, so that reading it runs no code.
///
/// # Safety
/// `lua` is a state that runs and has room for a value.
#[must_use]
pub unsafe fn is_data(lua: *mut State, index: c_int) -> bool {
    // SAFETY: the caller promises the state; a metatable is taken from the stack again.
    unsafe {
        if lua_type(lua, index) != TABLE {
            return false;
        }
        let has_metatable = lua_getmetatable(lua, index) != 0;
        if has_metatable {
            pop(lua, 1);
        }
        !has_metatable
    }
}

/// Puts the value of a table under `key` on the stack, and gives its type.
///
/// # Safety
/// `lua` is a state that runs, has room for a value, and a table of [data](is_data) at `index`. Nothing on the stack has a
/// destructor.
pub unsafe fn field(lua: *mut State, index: c_int, key: &CStr) -> c_int {
    // SAFETY: the caller promises the state and the table; the key ends in a zero byte.
    unsafe { lua_getfield(lua, index, key.as_ptr()) }
}

/// Raises `message` as an error.
///
/// # Safety
/// `lua` is a state that runs. Nothing on the stack has a destructor.
pub unsafe fn raise(lua: *mut State, message: &[u8]) -> c_int {
    // SAFETY: the caller promises the state; a C function has room for some values.
    unsafe {
        push_text(lua, message);
        lua_error(lua)
    }
}
