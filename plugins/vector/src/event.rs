//! An event of Vector, as far as it is read: the texts stay in Lua's memory.

use std::ffi::{CString, NulError, c_int};

use caltrop_shipper::setup::{Given, Path, Setup};

use crate::{
    fields::{Fields, Leaf},
    lua::{self, State},
    times::{self, PARTS},
};

/// Where an event holds what: the keys as Lua takes them.
#[derive(Debug, Default)]
pub struct Keys {
    raw: Vec<CString>,
    time: Vec<CString>,
    /// Host, source, sourcetype and index.
    about: [About; 4],
}

/// What is the same for every event, or said by each.
#[derive(Debug, Default)]
enum About {
    #[default]
    Unsaid,
    Literal(Box<[u8]>),
    Key(Vec<CString>),
}

impl Keys {
    /// The keys that the operator names; the time stands in `timestamp`, unless he says otherwise.
    ///
    /// # Errors
    /// When one of them has a zero byte, which no key has.
    pub fn new(setup: &Setup) -> Result<Self, NulError> {
        let raw =
            setup.raw_keys.iter().map(|key| CString::new(&**key)).collect::<Result<_, _>>()?;
        let time = match &setup.time_key {
            Some(path) => keys(path)?,
            None => vec![c"timestamp".to_owned()],
        };
        let Setup { host, source, sourcetype, index, .. } = setup;
        let about = [about(host)?, about(source)?, about(sourcetype)?, about(index)?];
        Ok(Self { raw, time, about })
    }
}

fn keys(path: &Path) -> Result<Vec<CString>, NulError> {
    path.iter().map(|key| CString::new(&**key)).collect()
}

fn about(given: &Option<Given>) -> Result<About, NulError> {
    Ok(match given {
        None => About::Unsaid,
        Some(Given::Literal(text)) => About::Literal(text.clone()),
        Some(Given::Key(path)) => About::Key(keys(path)?),
    })
}

/// What was read of an event.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// Its raw text; where there is none, its fields stand in [`Fields`].
    pub raw: Option<&'a [u8]>,
    /// When it happened.
    pub time: Time<'a>,
    /// Its host, source, sourcetype and index.
    pub about: [Option<&'a [u8]>; 4],
}

impl<'a> Read<'a> {
    /// An event that is a text and nothing besides.
    #[must_use]
    pub fn of_text(raw: &'a [u8]) -> Self {
        Self { raw: Some(raw), time: Time::None, about: [None; 4] }
    }
}

/// When an event happened, as it says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Time<'a> {
    /// It does not say it.
    None,
    /// In nanoseconds since the epoch.
    At(i64),
    /// As a text.
    Text(&'a [u8]),
    /// As a table, which is read only if somebody wants to know: most events go by before that.
    Table(TimeTable),
    /// As something that is no time.
    Unread,
}

/// A table on Lua's stack that may be a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeTable {
    lua: *mut State,
    index: c_int,
}

impl TimeTable {
    /// The time that it is, in nanoseconds since the epoch.
    #[must_use]
    pub fn read(self) -> Option<i64> {
        // SAFETY: only `read` makes one, of a table of data that stays on the stack of a state that runs, with room for
        // values. It may be called while the engine works, for it cannot raise: it calls nothing that allocates.
        unsafe { time_of_table(self.lua, self.index).flatten() }
    }
}

/// Slots of Lua's stack that [`read`] may take: what is found stays there, so that it lives.
pub const SLOTS: c_int = 256;

/// The most keys on the way to a value.
const MAX_KEYS: usize = 24;

/// A table with more pairs is no time: one of Vector's has ten.
const MAX_PARTS: usize = 16;

/// So many values of a table are looked at, whatever becomes of them: one that holds itself has no end.
const MAX_STEPS: usize = 65_536;

/// Reads the table on top of the stack, and leaves on the stack what was found.
///
/// # Safety
/// `lua` is a state that runs, has room for [`SLOTS`] values, and a table of [data](lua::is_data) on top. `keys` and `fields` live longer than `'a`, which ends before the
/// stack is cleared, and `fields` is nobody else's. Nothing on the stack has a destructor.
#[must_use]
pub unsafe fn read<'a>(lua: *mut State, keys: &'a Keys, fields: &mut Fields) -> Read<'a> {
    // SAFETY: the caller promises the state, and that what is on its stack stays there.
    unsafe {
        let event = lua::lua_gettop(lua);
        let raw = raw(lua, event, &keys.raw);
        let time = time(lua, event, &keys.time);
        let mut about = [None; 4];
        for (found, known) in about.iter_mut().zip(&keys.about) {
            *found = match known {
                About::Unsaid => None,
                About::Literal(text) => Some(&**text),
                About::Key(path) if find(lua, event, path) == lua::STRING => lua::text(lua, -1),
                About::Key(_) => None,
            };
        }
        if raw.is_none() {
            lua::lua_pushvalue(lua, event);
            walk(lua, fields);
        }
        Read { raw, time, about }
    }
}

/// The first text under one of `keys`.
///
/// # Safety
/// Those of [`read`].
unsafe fn raw<'a>(lua: *mut State, event: c_int, keys: &[CString]) -> Option<&'a [u8]> {
    for key in keys {
        // SAFETY: the caller promises the state; what is found stays on the stack.
        unsafe {
            if lua::field(lua, event, key) == lua::STRING {
                return lua::text(lua, -1);
            }
            lua::pop(lua, 1);
        }
    }
    None
}

/// Puts the value at the end of a path on the stack, behind those on the way, and gives its type; nil where there is none.
///
/// # Safety
/// Those of [`read`].
unsafe fn find(lua: *mut State, event: c_int, path: &[CString]) -> c_int {
    let Some((first, rest)) = path.split_first() else { return lua::NIL };
    // SAFETY: the caller promises the state, and that the event is a table.
    let mut kind = unsafe { lua::field(lua, event, first) };
    for key in rest.iter().take(MAX_KEYS) {
        // SAFETY: the caller promises the state; only what is a table is read.
        kind = unsafe {
            if !lua::is_data(lua, -1) {
                return lua::NIL;
            }
            lua::field(lua, -1, key)
        };
    }
    kind
}

/// # Safety
/// Those of [`read`].
unsafe fn time<'a>(lua: *mut State, event: c_int, path: &[CString]) -> Time<'a> {
    // SAFETY: the caller promises the state; a text stays on the stack.
    unsafe {
        let found = match find(lua, event, path) {
            lua::NIL => return Time::None,
            lua::STRING => return lua::text(lua, -1).map_or(Time::None, Time::Text),
            lua::TABLE if lua::is_data(lua, -1) => {
                return Time::Table(TimeTable { lua, index: lua::lua_gettop(lua) });
            }
            lua::NUMBER => match lua::integer(lua, -1) {
                Some(number) => times::from_integer(number),
                None => caltrop_shipper::detector::nanoseconds(lua::lua_tonumberx(
                    lua,
                    -1,
                    std::ptr::null_mut(),
                )),
            },
            _ => None,
        };
        found.map_or(Time::Unread, Time::At)
    }
}

/// The time that the table at `index` is; `None` where it is no time, `Some(None)` where it is one that cannot be. It raises
/// nothing.
///
/// # Safety
/// `lua` is a state that runs, has room for two values, and a table of [data](lua::is_data) at the absolute `index`.
#[expect(clippy::option_option, reason = "a table may look like a time and still be none")]
unsafe fn time_of_table(lua: *mut State, index: c_int) -> Option<Option<i64>> {
    let mut parts = [None; PARTS.len()];
    // SAFETY: the caller promises the table; every key is the one that Lua gave before, so `lua_next` cannot raise.
    unsafe {
        lua::lua_pushnil(lua);
        for _ in 0..MAX_PARTS {
            if lua::lua_next(lua, index) == 0 {
                // Only the last part, the nanoseconds, may be absent.
                let [year, month, day, hour, minute, second, nanosecond] = parts;
                let parts = [year?, month?, day?, hour?, minute?, second?, nanosecond.unwrap_or(0)];
                return Some(times::from_parts(parts));
            }
            let key = lua::text(lua, -2);
            if let Some(part) = PARTS.iter().position(|name| Some(name.to_bytes()) == key) {
                parts[part] = lua::integer(lua, -1);
            }
            lua::pop(lua, 1);
        }
        lua::pop(lua, 1);
    }
    None
}

/// Reads the fields of the table on top of the stack, and takes it from there.
///
/// # Safety
/// `lua` is a state that runs, with room for three values for each of the tables that [`Fields`] goes into. Nothing on the
/// stack has a destructor.
unsafe fn walk(lua: *mut State, fields: &mut Fields) {
    fields.clear();
    // SAFETY: the caller promises the state and the room; every key is the one that Lua gave before.
    unsafe {
        let table = lua::lua_gettop(lua);
        lua::lua_pushnil(lua);
        for _ in 0..MAX_STEPS {
            if lua::lua_next(lua, -2) == 0 {
                lua::pop(lua, 1);
                if fields.depth() == 0 {
                    return;
                }
                fields.leave();
                continue;
            }
            fields.name(lua::text(lua, -2));
            if !step(lua, fields) {
                break;
            }
        }
        fields.lose();
        lua::lua_settop(lua, table - 1);
    }
}

/// Reads the value on top of the stack, and takes it from there unless it is a table to go into, over which the key before its
/// first is put. False where no more is taken.
///
/// # Safety
/// Those of [`walk`].
unsafe fn step(lua: *mut State, fields: &mut Fields) -> bool {
    // SAFETY: the caller promises the state and the room.
    unsafe {
        let leaf = match lua::lua_type(lua, -1) {
            lua::STRING => lua::text(lua, -1).map(Leaf::Text),
            lua::BOOLEAN => Some(Leaf::Flag(lua::lua_toboolean(lua, -1) != 0)),
            lua::NUMBER => Some(match lua::integer(lua, -1) {
                Some(number) => Leaf::Integer(number),
                None => Leaf::Number(lua::lua_tonumberx(lua, -1, std::ptr::null_mut())),
            }),
            lua::TABLE if !lua::is_data(lua, -1) => None,
            lua::TABLE => match time_of_table(lua, lua::lua_gettop(lua)) {
                Some(time) => time.map(Leaf::Time),
                None if fields.enter() => {
                    lua::lua_pushnil(lua);
                    return true;
                }
                None => None,
            },
            _ => None,
        };
        let is_room = leaf.is_none_or(|leaf| fields.add(leaf));
        lua::pop(lua, 1);
        is_room
    }
}
