//! What stands at a path of any JSON text.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{cursor::Cursor, escapes::unescape};
use crate::event::paths::Step;

/// The values at the end of `steps`, decoded.
pub(in crate::event) fn at_path<'e>(
    text: &'e [u8],
    steps: &[Step],
    bump: &'e Bump,
) -> BumpVec<'e, &'e [u8]> {
    let mut places = raw_at(text, steps, bump);
    places.iter_mut().for_each(|place| *place = decoded(place, bump));
    places
}

/// The same as they are written.
pub(super) fn raw_at<'e>(text: &'e [u8], steps: &[Step], bump: &'e Bump) -> BumpVec<'e, &'e [u8]> {
    let mut places = BumpVec::new_in(bump);
    places.push(Cursor::new(text).value());
    for step in steps {
        let mut next = BumpVec::new_in(bump);
        places.iter().for_each(|place| take_step(place, step, &mut next, bump));
        places = next;
    }
    places
}

fn take_step<'e>(place: &'e [u8], step: &Step, next: &mut BumpVec<'e, &'e [u8]>, bump: &'e Bump) {
    match step {
        Step::Name(name) => each_member(place, |key, value| {
            if key == &**name || (key.contains(&b'\\') && unescape(key, bump) == &**name) {
                next.push(value);
            }
        }),
        Step::Every => each_element(place, |_, value| next.push(value)),
        Step::Number(wanted) => each_element(place, |number, value| {
            if number == *wanted {
                next.push(value);
            }
        }),
        Step::Attribute(_) => {}
    }
}

/// Calls `visit` with each member of an object, as written.
fn each_member<'e>(text: &'e [u8], mut visit: impl FnMut(&'e [u8], &'e [u8])) {
    let mut cursor = Cursor::new(text);
    if !cursor.eat(b'{') {
        return;
    }
    loop {
        cursor.skip_separators();
        let Some(key) = cursor.key() else { return };
        match cursor.value() {
            b"" => return,
            value => visit(key.text, value),
        }
    }
}

/// Calls `visit` with each element of an array and its number.
fn each_element<'e>(text: &'e [u8], mut visit: impl FnMut(usize, &'e [u8])) {
    let mut cursor = Cursor::new(text);
    if !cursor.eat(b'[') {
        return;
    }
    for number in 0.. {
        cursor.skip_separators();
        match cursor.value() {
            b"" => return,
            value => visit(number, value),
        }
    }
}

/// What a value says; an object or array is as it is written.
pub(super) fn decoded<'e>(value: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let mut cursor = Cursor::new(value);
    if cursor.eat(b'"') { unescape(cursor.string().text, bump) } else { value }
}
