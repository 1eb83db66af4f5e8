//! Events as they come: looked at where they lie, not copied.
//!
//! What no rule selects shall cost little, so an event that is right is told by a few comparisons ([`is_right_at_a_glance`]);
//! whatever does not pass them is examined text by text, out of the way.

use std::{hint, slice};

use caltrop_core::event::Head;

use crate::{
    sized::{Grown, take},
    status::Fault,
    str::CaltropStr,
};

/// An event: its text and what the caller knows of it besides. Zeroes mean unknown. Nothing of it is kept after the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropEvent {
    /// `sizeof(caltrop_event)`.
    pub struct_size: usize,
    /// The event as it was logged, without its line end.
    pub raw: CaltropStr,
    /// When it happened, in nanoseconds since 1970, for events that do not say so themselves. Counts only with
    /// `CALTROP_EVENT_HAS_TIME`.
    pub time_ns: i64,
    /// `CALTROP_EVENT_` flags, or 0.
    pub flags: u32,
    /// The number of the input that it came from; orders events of the same time.
    pub input: u32,
    /// Its number within that input; the same.
    pub offset: u64,
    /// The host that it happened on; the event's own wins.
    pub host: CaltropStr,
    /// Splunk's `source`.
    pub source: CaltropStr,
    /// Splunk's `sourcetype`.
    pub sourcetype: CaltropStr,
    /// Splunk's `index`.
    pub index: CaltropStr,
}

/// A flag of `caltrop_event`: `time_ns` is set.
pub const CALTROP_EVENT_HAS_TIME: u32 = 1;

/// A field of an event that the caller has parsed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropPair {
    /// The field's name.
    pub name: CaltropStr,
    /// Its value; a field with an empty one is absent.
    pub value: CaltropStr,
}

/// More fields than this in one event are a mistake of the caller.
const MAX_PAIRS: usize = 65_536;

/// An event that is right, and whose texts can be read for as long as it lives.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'a>(&'a CaltropEvent);

/// The same, with the text that it was logged as.
#[derive(Clone, Copy)]
pub(crate) struct Logged<'a> {
    /// The event as it was logged.
    pub(crate) raw: &'a [u8],
    /// What is known of it besides.
    pub(crate) event: Checked<'a>,
}

/// Events of one size that lie one behind the other.
pub(crate) struct Batch {
    next: *const CaltropEvent,
    struct_size: usize,
}

impl<'a> Checked<'a> {
    /// The event at `event`.
    ///
    /// # Errors
    /// If it is null, not aligned, too small, or not right.
    ///
    /// # Safety
    /// `event` is null or has as many bytes as its `struct_size` says, and its texts can be read, as far as they can be texts.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn examined(event: *const CaltropEvent) -> Result<Self, Fault> {
        // SAFETY: the caller promises the same.
        let Some(event) = (unsafe { sized(event) }) else {
            // SAFETY: the same.
            return Err(unsafe { not_an_event(event) });
        };
        // SAFETY: the same.
        unsafe { event.examine() }?;
        Ok(Self(event))
    }

    /// The event as it was logged.
    pub(crate) fn raw(self) -> Option<&'a [u8]> {
        self.text(self.0.raw)
    }

    /// One of its texts.
    #[inline]
    fn text(self, text: CaltropStr) -> Option<&'a [u8]> {
        // SAFETY: it is right and can be read, as who made it was promised.
        unsafe { text.slice() }
    }
}

impl<'a> Logged<'a> {
    /// An event that is right and has a raw text.
    ///
    /// # Safety
    /// It does, it is, and its texts can be read.
    #[inline(always)]
    pub(crate) unsafe fn of(event: &'a CaltropEvent) -> Self {
        // SAFETY: it is not null, not longer than any memory, and the caller promises that it can be read.
        let raw = unsafe { slice::from_raw_parts(event.raw.ptr.cast(), event.raw.len) };
        Self { raw, event: Checked(event) }
    }

    /// The event at `event`.
    ///
    /// # Errors
    /// As for [`Checked::examined`]; or if it has no raw text.
    ///
    /// # Safety
    /// As for [`Checked::examined`].
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn examined(event: *const CaltropEvent) -> Result<Self, Fault> {
        // SAFETY: the caller promises the same.
        let event = unsafe { Checked::examined(event) }?;
        let raw = event.raw().ok_or_else(|| Fault::argument("the event's raw text is null"))?;
        Ok(Self { raw, event })
    }
}

impl Batch {
    /// The events at `events`, of which there is at least one.
    ///
    /// # Errors
    /// If the first of them is refused, or others would not be aligned.
    ///
    /// # Safety
    /// As for [`Checked::examined`].
    pub(crate) unsafe fn at(events: *const CaltropEvent) -> Result<Self, Fault> {
        // SAFETY: the caller promises the same.
        let struct_size = unsafe { Checked::examined(events) }?.0.struct_size;
        if !struct_size.is_multiple_of(align_of::<CaltropEvent>()) {
            return Err(Fault::argument("the struct_size of the events is not a multiple of 8"));
        }
        Ok(Self { next: events, struct_size })
    }

    /// The next event.
    ///
    /// # Errors
    /// If it is refused.
    ///
    /// # Safety
    /// There is one, and for it holds what [`Checked::examined`] asks for.
    #[inline(always)]
    pub(crate) unsafe fn next<'a>(&mut self) -> Result<Logged<'a>, Fault> {
        let event = self.next;
        self.next = event.wrapping_byte_add(self.struct_size);
        // SAFETY: it is aligned as the first is. It starts with its size, and if that is the first one's, it has all the bytes
        // of an event.
        let is_right =
            unsafe { (*event).struct_size == self.struct_size && (*event).is_right_at_a_glance() };
        if !is_right {
            // SAFETY: the caller promises the same.
            unsafe { examine_in_batch(event, self.struct_size) }?;
        }
        // SAFETY: it is right, and the caller promises its texts.
        Ok(unsafe { Logged::of(&*event) })
    }
}

/// # Errors
/// If the event is refused.
///
/// # Safety
/// As for [`Checked::examined`].
#[cold]
#[inline(never)]
unsafe fn examine_in_batch(event: *const CaltropEvent, struct_size: usize) -> Result<(), Fault> {
    // SAFETY: the caller promises the same.
    let logged = unsafe { Logged::examined(event) }?;
    if logged.event.0.struct_size != struct_size {
        return Err(Fault::argument("the events of a batch differ in struct_size"));
    }
    Ok(())
}

/// Whether there is an event that is right and has a raw text, at a glance: it says no to a few that are and do.
///
/// # Safety
/// As for [`Checked::examined`].
#[inline(always)]
pub(crate) unsafe fn is_right_at_a_glance(event: *const CaltropEvent) -> bool {
    // SAFETY: the caller promises the same.
    unsafe { sized(event) }.is_some_and(CaltropEvent::is_right_at_a_glance)
}

/// The event, if it is as large as it must be.
///
/// # Safety
/// As for [`Checked::examined`].
#[inline(always)]
unsafe fn sized<'a>(event: *const CaltropEvent) -> Option<&'a CaltropEvent> {
    // Once it has grown, the events of older callers must be copied into a larger one.
    const { assert!(CaltropEvent::FIRST_BYTES == size_of::<CaltropEvent>()) };
    // PERF: one test for both costs a push two instructions more.
    if event.is_null() {
        hint::cold_path();
        return None;
    }
    if !event.is_aligned() {
        hint::cold_path();
        return None;
    }
    // SAFETY: it is neither null nor misaligned, and starts with its size.
    let size = unsafe { (*event).struct_size };
    // SAFETY: it has all bytes of an event, as the caller promises.
    (size >= size_of::<CaltropEvent>()).then(|| unsafe { &*event })
}

/// # Safety
/// As for [`Checked::examined`], which did not take it.
unsafe fn not_an_event(event: *const CaltropEvent) -> Fault {
    // SAFETY: the caller promises the same.
    let refused = unsafe { take(event) };
    refused.err().unwrap_or_else(|| Fault::argument("the event is not valid"))
}

/// The fields of an event.
///
/// # Errors
/// If there are too many, or there should be some and `pairs` is null or not aligned.
///
/// # Safety
/// `pairs` is null or has `count` pairs.
pub(crate) unsafe fn pairs_at<'a>(
    pairs: *const CaltropPair,
    count: usize,
) -> Result<&'a [CaltropPair], Fault> {
    if count > MAX_PAIRS {
        return Err(Fault::limit(format!("an event has at most {MAX_PAIRS} fields")));
    }
    if count == 0 {
        return Ok(&[]);
    }
    if pairs.is_null() || !pairs.is_aligned() {
        return Err(Fault::argument("the pairs are null or not aligned"));
    }
    // SAFETY: it is aligned, not null, and the caller promises the pairs.
    Ok(unsafe { slice::from_raw_parts(pairs, count) })
}

/// What is known of it besides its text.
impl<'a> From<Checked<'a>> for Head<'a> {
    fn from(checked: Checked<'a>) -> Self {
        let event = checked.0;
        let [host, source, sourcetype, index] =
            [event.host, event.source, event.sourcetype, event.index]
                .map(|text| checked.text(text));
        let time_ns = (event.flags & CALTROP_EVENT_HAS_TIME != 0).then_some(event.time_ns);
        let (input, offset) = (event.input, event.offset);
        Self { time_ns, host, source, sourcetype, index, input, offset }
    }
}

impl CaltropEvent {
    /// Whether it is right and has a raw text, at a glance.
    ///
    /// A text lies at a higher address than it has bytes, so one comparison refuses null with a length, and takes null without.
    #[inline(always)]
    fn is_right_at_a_glance(&self) -> bool {
        let Self { raw, host, source, sourcetype, index, .. } = *self;
        let lengths = raw.len | host.len | source.len | sourcetype.len | index.len;
        self.flags & !CALTROP_EVENT_HAS_TIME == 0
            && lengths.cast_signed() >= 0
            && raw.len < raw.ptr.addr()
            && host.len <= host.ptr.addr()
            && source.len <= source.ptr.addr()
            && sourcetype.len <= sourcetype.ptr.addr()
            && index.len <= index.ptr.addr()
    }

    /// Whether it is right, and why not.
    ///
    /// # Safety
    /// Its texts can be read, as far as they can be texts at all.
    unsafe fn examine(&self) -> Result<(), Fault> {
        let texts = [
            (self.raw, "the event's raw text"),
            (self.host, "the event's host"),
            (self.source, "the event's source"),
            (self.sourcetype, "the event's sourcetype"),
            (self.index, "the event's index"),
        ];
        for (text, what) in texts {
            // SAFETY: the caller promises the same.
            unsafe { text.bytes(what) }?;
        }
        if self.flags & !CALTROP_EVENT_HAS_TIME != 0 {
            return Err(Fault::argument("a flag of the event is unknown"));
        }
        Ok(())
    }
}

// SAFETY: the first field is its size, the others are integers and texts.
unsafe impl Grown for CaltropEvent {
    const FIRST_BYTES: usize = 112;
    const NAME: &'static str = "event";
}

/// Nothing is known of it.
impl Default for CaltropEvent {
    fn default() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            raw: CaltropStr::NONE,
            time_ns: 0,
            flags: 0,
            input: 0,
            offset: 0,
            host: CaltropStr::NONE,
            source: CaltropStr::NONE,
            sourcetype: CaltropStr::NONE,
            index: CaltropStr::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    /// Events that are right but for one of their texts, which may be right too.
    fn with_each_text(text: CaltropStr) -> [CaltropEvent; 5] {
        let event = CaltropEvent { raw: CaltropStr::of(b"raw"), ..CaltropEvent::default() };
        [
            CaltropEvent { raw: text, ..event },
            CaltropEvent { host: text, ..event },
            CaltropEvent { source: text, ..event },
            CaltropEvent { sourcetype: text, ..event },
            CaltropEvent { index: text, ..event },
        ]
    }

    /// What a glance says of an event, and what an examination does.
    fn judged(event: &CaltropEvent) -> (bool, bool) {
        // SAFETY: it is an event, and no text of it is read.
        unsafe { (is_right_at_a_glance(event), Logged::examined(event).is_ok()) }
    }

    #[test]
    fn a_text_that_cannot_be_is_refused_wherever_it_stands() {
        let far = ptr::without_provenance(usize::MAX);
        let texts = [
            CaltropStr { ptr: ptr::null(), len: 1 },
            CaltropStr { ptr: ptr::null(), len: usize::MAX },
            CaltropStr { ptr: c"x".as_ptr(), len: usize::MAX },
            CaltropStr { ptr: far, len: 1 << 63 },
            CaltropStr { ptr: far, len: usize::MAX },
        ];
        for event in texts.into_iter().flat_map(with_each_text) {
            assert_eq!(judged(&event), (false, false), "{event:?}");
        }
    }

    #[test]
    fn a_text_may_be_empty_and_only_the_raw_one_must_be_there() {
        for event in with_each_text(CaltropStr { ptr: c"".as_ptr(), len: 0 }) {
            assert_eq!(judged(&event), (true, true), "{event:?}");
        }
        let absent = with_each_text(CaltropStr::NONE).map(|event| judged(&event));
        assert_eq!(
            absent,
            [(false, false), (true, true), (true, true), (true, true), (true, true)]
        );
    }

    #[test]
    fn a_pointer_that_is_no_event_is_refused() {
        let event = with_each_text(CaltropStr::NONE)[1];
        let small = CaltropEvent { struct_size: 111, ..event };
        let unknown = CaltropEvent { flags: 2, ..event };
        let odd = (&raw const event).wrapping_byte_add(1);
        for event in [ptr::null(), odd, &raw const small, &raw const unknown] {
            // SAFETY: none is read beyond its size.
            let judged = unsafe { (is_right_at_a_glance(event), Logged::examined(event).is_ok()) };
            assert_eq!(judged, (false, false));
        }
    }
}
