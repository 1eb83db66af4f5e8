//! What the fuzz target of this crate does with its bytes. The fuzzer runs it under `fuzz/`, an ordinary test over its
//! old finds.

use std::{io::Cursor, path::Path};

use caltrop_core::config::Input as Written;
use caltrop_host::{Input, InputLimits};

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
