//! What the fuzz targets of this crate do with their bytes. The fuzzer runs them under `fuzz/`, an ordinary test over its
//! old finds.
#![allow(dead_code, reason = "each target is a crate of its own and uses its part")]

use std::{io::Cursor, path::Path};

use caltrop_core::config::Input as Written;
use caltrop_host::{Input, InputLimits, Saved};

/// Any bytes are an input, however they are compressed and written: events come out, in order, within the bounds.
pub(crate) fn lines(data: &[u8]) {
    let limits = InputLimits {
        max_event_bytes: 4096,
        max_decompressed_bytes: 1 << 22,
        ..InputLimits::default()
    };
    let reader = Box::new(Cursor::new(data.to_vec()));
    let opened = Input::from_reader(Path::new("fuzz"), reader, Written::Auto, limits);
    let Ok(mut input) = opened else { return };
    let mut last = None;
    while let Ok(Some(event)) = input.next_event() {
        assert!(!event.is_empty() && event.len() <= limits.max_event_bytes);
        let position = Some(input.position());
        assert!(last < position, "events come in the order in which they stand");
        last = position;
    }
}

/// Any bytes are refused as the state of a stream, or are what it is written as: nothing in it is lost or made up.
pub(crate) fn saved(data: &[u8]) {
    if let Ok(saved) = Saved::from_bytes(data) {
        assert_eq!(saved.to_bytes(), data);
    }
}
