//! The table of options, as Lua has it: every name must be known, and every value of a kind that can be read.

use std::collections::BTreeMap;

use caltrop_shipper::{
    setup::{KEYS, Reader, Setup, Source},
    slips::slips,
};

use crate::lua::{self, State};

/// The options that were read so far. They are put together while Lua is called, so they live where a jump does not lose them.
#[derive(Debug, Default)]
pub struct Options {
    values: BTreeMap<String, Vec<String>>,
    errors: Vec<String>,
}

impl Options {
    /// What they say.
    ///
    /// # Errors
    /// A sentence for each name and value that is wrong.
    pub fn setup(&self) -> Result<Setup, Vec<String>> {
        let mut reader = Reader::new(self);
        let setup = reader.setup(&["message"]);
        let unknown = self.values.keys().filter(|key| !KEYS.contains(&key.as_str()));
        let errors: Vec<String> =
            self.errors.iter().cloned().chain(unknown.map(|key| unknown_key(key))).collect();
        let errors = [errors, reader.errors].concat();
        if errors.is_empty() { Ok(setup) } else { Err(errors) }
    }

    fn add(&mut self, key: &str, value: String) {
        self.values.entry(key.to_owned()).or_default().push(value);
    }
}

impl Source for Options {
    fn text(&self, key: &str) -> Option<String> {
        self.values.get(key)?.first().cloned()
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.values.get(key).cloned().unwrap_or_default()
    }
}

fn unknown_key(key: &str) -> String {
    let meant = KEYS.iter().find(|known| slips(known).iter().any(|slip| slip == key));
    match meant {
        Some(known) => format!("there is no option `{key}`: did you mean `{known}`?"),
        None => format!("there is no option `{key}`"),
    }
}

/// The options that may have several values.
const LISTS: [&str; 3] = ["rules", "knowledge", "raw_key"];

/// Reads the table at stack index 1 into `options`.
///
/// # Safety
/// `lua` is a state that runs, with a table there and room for six values; `options` can be written. Nothing on the stack has
/// a destructor.
pub unsafe fn read(lua: *mut State, options: *mut Options) {
    // SAFETY: the caller promises the table; each pair is taken from the stack before the next. What `options` points to is
    // not borrowed across calls of Lua.
    unsafe {
        lua::lua_pushnil(lua);
        while lua::lua_next(lua, 1) != 0 {
            match lua::text(lua, -2).map(std::str::from_utf8) {
                Some(Ok(key)) => read_value(lua, key, &mut *options),
                _ => (*options).errors.push("an option has a name that is no text".to_owned()),
            }
            lua::pop(lua, 1);
        }
    }
}

/// Reads the value on top of the stack.
///
/// # Safety
/// `lua` is a state that runs, with room for three values. Lua can raise only where a table is not the array that it was.
unsafe fn read_value(lua: *mut State, key: &str, options: &mut Options) {
    // SAFETY: the caller promises the state.
    unsafe {
        if let Some(text) = scalar(lua) {
            return options.add(key, text);
        }
        if lua::lua_type(lua, -1) != lua::TABLE || !LISTS.contains(&key) {
            let error = format!("`{key}`: a text, a number, true or false is wanted");
            return options.errors.push(error);
        }
        lua::lua_pushnil(lua);
        while lua::lua_next(lua, -2) != 0 {
            match scalar(lua).filter(|_| lua::integer(lua, -2).is_some()) {
                Some(text) => options.add(key, text),
                None => options.errors.push(format!("`{key}`: a list of texts is wanted")),
            }
            lua::pop(lua, 1);
        }
    }
}

/// The value on top of the stack as text, where it is neither a table nor anything stranger.
///
/// # Safety
/// `lua` is a state that runs.
unsafe fn scalar(lua: *mut State) -> Option<String> {
    // SAFETY: the caller promises the state.
    unsafe {
        match lua::lua_type(lua, -1) {
            lua::STRING => Some(String::from_utf8_lossy(lua::text(lua, -1)?).into_owned()),
            lua::BOOLEAN => Some((lua::lua_toboolean(lua, -1) != 0).to_string()),
            lua::NUMBER => Some(match lua::integer(lua, -1) {
                Some(number) => number.to_string(),
                None => lua::lua_tonumberx(lua, -1, std::ptr::null_mut()).to_string(),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(pairs: &[(&str, &str)]) -> Result<Setup, Vec<String>> {
        let mut options = Options::default();
        pairs.iter().for_each(|(key, value)| options.add(key, (*value).to_owned()));
        options.setup()
    }

    #[test]
    fn rules_alone_are_enough_and_the_raw_text_is_the_message() {
        let setup = setup(&[("rules", "/a, b"), ("rules", "/c")]).unwrap();
        assert_eq!(setup.rules.len(), 2, "a comma is part of a path");
        assert_eq!(setup.raw_keys, [b"message"[..].into()]);
        assert!(setup.strict);
    }

    #[test]
    fn every_unknown_name_is_told_with_what_was_meant() {
        let errors = setup(&[("rule", "a"), ("mode", "keep"), ("idle", "5")]).unwrap_err();
        assert_eq!(
            errors,
            [
                "there is no option `mode`",
                "there is no option `rule`: did you mean `rules`?",
                "`rules` is missing: name rule files, folders or patterns",
                "`idle`: `5` is no duration: write a number and ms, s, m, h or d",
            ]
        );
    }
}
