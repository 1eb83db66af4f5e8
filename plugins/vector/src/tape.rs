//! Lua values as bytes: what waits to be handed to Lua, in memory and in state files.
//!
//! | byte | what follows |
//! | --- | --- |
//! | `s` | a text: its length in 4 bytes, and itself |
//! | `i`, `d` | an integer, a double: 8 bytes |
//! | `b` | a boolean: 1 byte |
//! | `m` | a table: a text and a value each, then `e` |
//! | `l` | a sequence: values, then `e` |
//!
//! State files may have been written by an enemy: [`length`] says what is whole, and what is not whole is never handed to Lua.

use std::ffi::c_int;

use crate::lua::{self, State};

/// Tables stand in each other so deep at most.
const MAX_DEPTH: usize = 8;

/// Writes one value.
#[derive(Debug, Default)]
pub struct Tape {
    bytes: Vec<u8>,
}

impl Tape {
    /// A text.
    pub fn text(&mut self, text: &[u8]) {
        // Nothing of that size gets through the bound on events.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.bytes.push(b's');
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend(text.iter().take(length as usize));
    }

    /// An integer.
    pub fn integer(&mut self, number: i64) {
        self.bytes.push(b'i');
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    /// A number.
    pub fn number(&mut self, number: f64) {
        self.bytes.push(b'd');
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    /// Yes or no.
    pub fn flag(&mut self, is_true: bool) {
        self.bytes.extend_from_slice(&[b'b', is_true.into()]);
    }

    /// A table, whose keys and values `write` puts behind each other.
    pub fn table(&mut self, write: impl FnOnce(&mut Self)) {
        self.group(b'm', write);
    }

    /// A sequence, whose values `write` puts behind each other.
    pub fn list(&mut self, write: impl FnOnce(&mut Self)) {
        self.group(b'l', write);
    }

    fn group(&mut self, kind: u8, write: impl FnOnce(&mut Self)) {
        self.bytes.push(kind);
        write(self);
        self.bytes.push(b'e');
    }

    /// The bytes of the value.
    #[must_use]
    pub fn into_bytes(self) -> Box<[u8]> {
        self.bytes.into()
    }
}

/// One step on a tape.
enum Step<'a> {
    Text(&'a [u8]),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Table,
    List,
    End,
}

/// Reads a tape from front to back. Nothing in it has a destructor.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn step(&mut self) -> Option<Step<'a>> {
        Some(match self.take(1)?[0] {
            b's' => {
                let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
                Step::Text(self.take(usize::try_from(length).ok()?)?)
            }
            b'i' => Step::Integer(i64::from_le_bytes(self.eight()?)),
            b'd' => Step::Number(f64::from_le_bytes(self.eight()?)),
            b'b' => Step::Flag(self.take(1)?[0] != 0),
            b'm' => Step::Table,
            b'l' => Step::List,
            b'e' => Step::End,
            _ => return None,
        })
    }

    /// Passes over the rest of a group, or over one value where it is the outermost.
    fn skip(&mut self) -> Option<()> {
        // For each table that is open, whether it has keys, and whether one was read.
        let mut open = [(false, false); MAX_DEPTH];
        let mut depth: usize = 0;
        loop {
            let step = self.step()?;
            if let Some((has_keys, is_value)) = depth.checked_sub(1).map(|top| open[top]) {
                match step {
                    Step::End if is_value => return None,
                    Step::End => depth -= 1,
                    Step::Text(_) if has_keys => open[depth - 1].1 = !is_value,
                    _ if has_keys && !is_value => return None,
                    _ => open[depth - 1].1 = false,
                }
            } else if matches!(step, Step::End) {
                return None;
            }
            if let Step::Table | Step::List = step {
                *open.get_mut(depth)? = (matches!(step, Step::Table), false);
                depth += 1;
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// How long the first value is, in bytes; `None` where it is cut off or is none.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader { rest: bytes };
    reader.skip()?;
    Some(bytes.len() - reader.rest.len())
}

/// So many values are on the stack of Lua at once while one is put there.
pub const SLOTS: c_int = 32;

const _: () = assert!(3 * MAX_DEPTH < SLOTS as usize);

/// Puts a value on the stack of Lua.
///
/// # Safety
/// `lua` is a state that runs and has room for [`SLOTS`] values; `bytes` are one whole value. Nothing on the stack has a
/// destructor.
pub unsafe fn push(lua: *mut State, bytes: &[u8]) {
    let mut reader = Reader { rest: bytes };
    // SAFETY: the caller promises the same.
    unsafe { push_next(lua, &mut reader) };
}

/// Puts the next value on the stack; false, and nothing, at the end of a group.
///
/// # Safety
/// Those of [`push`].
unsafe fn push_next(lua: *mut State, reader: &mut Reader<'_>) -> bool {
    // SAFETY: the caller promises a state with room; depth is bounded, for the value is whole.
    unsafe {
        match reader.step() {
            Some(Step::Text(text)) => lua::push_text(lua, text),
            Some(Step::Integer(number)) => lua::lua_pushinteger(lua, number),
            Some(Step::Number(number)) => lua::lua_pushnumber(lua, number),
            Some(Step::Flag(is_true)) => lua::lua_pushboolean(lua, is_true.into()),
            Some(Step::Table) => push_table(lua, reader),
            Some(Step::List) => push_list(lua, reader),
            Some(Step::End) | None => return false,
        }
    }
    true
}

/// # Safety
/// Those of [`push`].
unsafe fn push_table(lua: *mut State, reader: &mut Reader<'_>) {
    // SAFETY: the caller promises a state with room, and a key before each value.
    unsafe {
        lua::lua_createtable(lua, 0, 0);
        while push_next(lua, reader) {
            push_next(lua, reader);
            lua::lua_rawset(lua, -3);
        }
    }
}

/// # Safety
/// Those of [`push`].
unsafe fn push_list(lua: *mut State, reader: &mut Reader<'_>) {
    // SAFETY: the caller promises a state with room.
    unsafe {
        lua::lua_createtable(lua, 0, 0);
        let mut number = 1;
        while push_next(lua, reader) {
            lua::lua_rawseti(lua, -2, number);
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> Box<[u8]> {
        let mut tape = Tape::default();
        tape.table(|tape| {
            tape.text(b"a");
            tape.list(|tape| {
                tape.text(b"x");
                tape.integer(-1);
            });
            tape.text(b"b");
            tape.table(|_| {});
            tape.text(b"c");
            tape.number(0.5);
            tape.text(b"d");
            tape.flag(true);
        });
        tape.into_bytes()
    }

    #[test]
    fn the_first_value_is_as_long_as_it_was_written() {
        let bytes = value();
        assert_eq!(length(&bytes), Some(bytes.len()));
        assert_eq!(length(&[&bytes[..], b"rest"].concat()), Some(bytes.len()));
        for end in 0..bytes.len() {
            assert_eq!(length(&bytes[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn what_an_enemy_writes_is_no_value() {
        let deep = [vec![b'l'; MAX_DEPTH + 1], vec![b'e'; MAX_DEPTH + 1]].concat();
        for bytes in [
            &b"e"[..],
            b"mi12345678e",
            b"ms\x01\0\0\0ae",
            b"ms\x01\0\0\0aee",
            b"ms\x01\0\0\0ameb\x01e",
            b"s\xff\xff\xff\xffa",
            b"x",
            &deep,
        ] {
            assert_eq!(length(bytes), None, "{bytes:?}");
        }
        assert_eq!(length(&deep[1..deep.len() - 1]), Some(2 * MAX_DEPTH));
    }

    #[test]
    fn lua_gets_what_was_written() {
        let lua = mlua::Lua::new();
        let bytes = value();
        // SAFETY: mlua gives a state that runs.
        let table: mlua::Table = unsafe {
            lua.exec_raw((), |state| {
                lua::lua_checkstack(state.cast(), SLOTS);
                push(state.cast(), &bytes);
            })
        }
        .unwrap();
        let test = "local t = ...; return #t.a == 2 and t.a[1] == 'x' and t.a[2] == -1 and next(t.b) == nil and t.c == 0.5 and t.d";
        let is_it: bool = lua.load(test).call(table).unwrap();
        assert!(is_it);
    }
}
