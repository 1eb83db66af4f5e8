//! Takes apart what cloud services wrap around their events: `{"Records":[...]}` of CloudTrail, `{"records":[...]}` of
//! Azure, `{"value":[...]}` of Microsoft Graph, `{"Events":[...]}`, and plain arrays.
//!
//! Splunk's add-ons index each record as an event of its own, so rules mean records. A wrapper says nothing itself: an
//! object that holds more than the array and marks of paging is an event that happens to hold an array.

use super::cursor::Cursor;

/// The names under which services put their events.
const WRAPPERS: [&[u8]; 5] = [b"Records", b"records", b"value", b"Events", b"events"];
/// What may stand beside the array.
const PAGING: [&[u8]; 5] =
    [b"@odata.context", b"@odata.nextLink", b"@odata.count", b"NextToken", b"nextLink"];

/// The texts of the events that `raw` wraps, in their order; none where it is no wrapper, or wraps no object.
///
/// The texts are borrowed and not read: of a wrapper that was cut off, the last one is cut off. Takes one pass over
/// `raw` if it is a wrapper, and looks at a few bytes if it is none, but for the objects that look like one.
///
/// ```
/// use caltrop_core::event::json::records;
///
/// let raw = br#"{"Records":[{"eventName":"GetObject"},{"eventName":"PutObject"}]}"#;
/// let texts: Vec<_> = records(raw).unwrap().collect();
/// assert_eq!(texts[1], br#"{"eventName":"PutObject"}"#);
/// ```
#[must_use]
pub fn records(raw: &[u8]) -> Option<Records<'_>> {
    let cursor = Cursor::new(raw);
    let array = match cursor.peek()? {
        b'[' => cursor,
        b'{' => wrapped_array(cursor)?,
        _ => return None,
    };
    Records::of(array)
}

/// The iterator behind [`records`].
#[derive(Clone, Debug)]
pub struct Records<'e> {
    cursor: Cursor<'e>,
}

impl<'e> Records<'e> {
    /// The elements of the array at the cursor, if the first one is an object.
    fn of(mut array: Cursor<'e>) -> Option<Self> {
        array.skip_end();
        array.skip_separators();
        (array.peek() == Some(b'{')).then_some(Self { cursor: array })
    }
}

impl<'e> Iterator for Records<'e> {
    type Item = &'e [u8];

    fn next(&mut self) -> Option<&'e [u8]> {
        self.cursor.skip_separators();
        let record = self.cursor.value();
        (!record.is_empty()).then_some(record)
    }
}

/// The array in the object at the cursor, if nothing else of interest is in it.
fn wrapped_array(mut cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    cursor.skip_end();
    let mut array = None;
    loop {
        cursor.skip_separators();
        match cursor.peek() {
            None | Some(b'}') => return array,
            Some(_) => {}
        }
        let key = cursor.key()?.text;
        if cursor.peek() == Some(b'[') && WRAPPERS.contains(&key) && array.is_none() {
            array = Some(cursor.clone());
        } else if !PAGING.contains(&key) {
            return None;
        }
        cursor.value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(raw: &str) -> Option<Vec<&str>> {
        let records = records(raw.as_bytes())?;
        Some(records.map(|record| std::str::from_utf8(record).unwrap()).collect())
    }

    #[test]
    fn wrappers_and_arrays_are_taken_apart() {
        for raw in [
            r#"{"Records":[{"a":1},{"b":[{"c":"]}"}]}]}"#,
            r#"{"records": [ {"a":1} , {"b":[{"c":"]}"}]} ] }"#,
            r#"{"@odata.context":"x","value":[{"a":1},{"b":[{"c":"]}"}]}],"@odata.nextLink":"y"}"#,
            "{\"Events\":[\n{\"a\":1},\n{\"b\":[{\"c\":\"]}\"}]}\n],\"NextToken\":\"z\"}",
            "\u{feff} [{\"a\":1},{\"b\":[{\"c\":\"]}\"}]}]\n",
        ] {
            assert_eq!(
                texts(raw).as_deref(),
                Some([r#"{"a":1}"#, r#"{"b":[{"c":"]}"}]}"#].as_slice()),
                "{raw}"
            );
        }
    }

    #[test]
    fn an_event_that_holds_an_array_is_no_wrapper() {
        for raw in [
            r#"{"eventName":"x","Records":[{"a":1}]}"#,
            r#"{"value":[{"a":1}],"name":"x"}"#,
            r#"{"Records":[1,2]}"#,
            r#"{"Records":[]}"#,
            r#"{"Records":{"a":1}}"#,
            r#"{"other":[{"a":1}]}"#,
            r#"{"NextToken":"z"}"#,
            "[1,2]",
            "[]",
            "[01/Mar/2026] x",
            "<Event>",
            "{",
            "",
        ] {
            assert_eq!(texts(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_wrapper_that_was_cut_off_gives_its_last_record_up_to_the_cut() {
        assert_eq!(texts(r#"{"Records":[{"a":1},{"b":"#).unwrap(), [r#"{"a":1}"#, r#"{"b":"#]);
        assert_eq!(texts(r#"[{"a":1},x"y"#).unwrap(), [r#"{"a":1}"#, "x", r#""y"#]);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("[{{\"a\":{}", "[".repeat(1 << 20));
        assert_eq!(texts(&deep).unwrap().len(), 1);
    }
}
