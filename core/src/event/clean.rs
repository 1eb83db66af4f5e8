//! The names that Splunk makes of the names in an event.

use bumpalo::{Bump, collections::Vec as BumpVec};

/// `name` as Splunk cleans it: every character but ASCII letters and digits is `_`, and none of these nor digits stand in
/// front (`Product Name` is `Product_Name`). Borrowed where it is clean already, empty where nothing is left of it.
#[must_use]
pub(crate) fn field_name<'e>(name: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let start = name.iter().position(u8::is_ascii_alphabetic).unwrap_or(name.len());
    let name = &name[start..];
    if name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return name;
    }
    let mut clean = BumpVec::with_capacity_in(name.len(), bump);
    clean.extend(String::from_utf8_lossy(name).chars().map(clean_byte));
    clean.into_bump_slice()
}

/// The same, but `name` itself where nothing is left of it, so that its value is not lost.
#[must_use]
pub(super) fn some_field_name<'e>(name: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    match field_name(name, bump) {
        [] => name,
        clean => clean,
    }
}

fn clean_byte(character: char) -> u8 {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii_alphanumeric() => byte,
        _ => b'_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_as_splunk_does() {
        let bump = Bump::new();
        for (name, clean) in [
            ("Image", "Image"),
            ("Product Name", "Product_Name"),
            ("old-auid", "old_auid"),
            ("__1st.word", "st_word"),
            ("_", ""),
            ("42", ""),
            ("gr\u{f6}\u{df}e", "gr__e"),
            ("", ""),
        ] {
            assert_eq!(field_name(name.as_bytes(), &bump), clean.as_bytes(), "{name}");
        }
        assert_eq!(field_name(b"a\xff\xfeb", &bump), b"a__b");
    }
}
