//! The event ids that a text names as rules do: `EventCode=4688`, `<EventID>4688<`.

use std::sync::LazyLock;

use crate::scan::needle::Needle;

static NAMES: LazyLock<[Needle; 2]> =
    LazyLock::new(|| [b"eventcode=".as_slice(), b"eventid>"].map(Needle::of_static));

/// Whether `raw` names no event id but `id`.
pub(super) fn names_no_other(raw: &[u8], id: &[u8]) -> bool {
    named(raw).all(|named| named.is_empty() || named == id)
}

/// Whether the Windows XML `raw`, which writes names as they are, can hold one field called `EventID` only, and none called
/// `EventCode`.
pub(super) fn names_one_field(raw: &[u8]) -> bool {
    // The tag that opens it, and the one that closes it.
    EVENT_ID.starts(raw).take(3).count() <= 2 && EVENT_CODE.find(raw, 0).is_none()
}

static EVENT_ID: LazyLock<Needle> = LazyLock::new(|| Needle::of_static(b"eventid"));
static EVENT_CODE: LazyLock<Needle> = LazyLock::new(|| Needle::of_static(b"eventcode"));
/// The numbers behind the names, wherever these stand.
fn named(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    NAMES.iter().flat_map(move |name| {
        name.starts(raw).map(move |start| {
            let rest = &raw[start + name.text().len()..];
            &rest[..rest.iter().take_while(|byte| byte.is_ascii_digit()).count()]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_text_names_are_found_in_either_form() {
        let raw = b"<EventID>4688</EventID> eventcode=1 EventCode= EVENTCODE=22";
        let named: Vec<_> = named(raw).collect();
        assert_eq!(named, [b"1".as_slice(), b"", b"22", b"4688", b""]);
        assert!(!names_no_other(raw, b"4688"));
        assert!(names_no_other(&raw[..23], b"4688") && !names_no_other(&raw[..23], b"1"));
        assert!(names_no_other(b"EventID 4", b"1"));
        assert!(names_one_field(b"<Data Name='Event'>1</Data>"));
        assert!(names_one_field(b"<EventID>1</EventID>"));
        assert!(!names_one_field(b"<EventID>1</EventID><Data Name='h'>EventID=2</Data>"));
        assert!(!names_one_field(b"<Data Name='EventCode'>1</Data>"));
    }
}
