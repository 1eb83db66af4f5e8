//! What happens to a chunk: every record is shown to the engine, and goes on, or not, as the mode says.

use caltrop_core::{
    alert::Alert,
    config::Options,
    event::{Head, time},
    ids::RuleId,
};
use caltrop_shipper::{
    detector::{Detector, nanoseconds},
    setup::{Given, Setup},
};

use super::{Instance, sink};
use crate::{
    chunk::{Chunk, Map, Part, Record},
    config::Mode,
    detection,
    msgpack::Token,
    splice::Splice,
};

impl Instance {
    /// Looks at the records of a chunk. `None` where it goes on as it is, else what goes on in its place.
    pub fn filter(&mut self, bytes: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
        if tag == detection::TAG {
            self.counters.own += Chunk::new(bytes).count() as u64;
            return None;
        }
        self.tick_if_due();
        let mut splice = Splice::new(bytes, std::mem::take(&mut self.spare));
        let mut chunk = Chunk::new(bytes);
        for part in chunk.by_ref() {
            match part {
                Part::Record(record) => self.record(bytes, &record, &mut splice),
                Part::Other => self.counters.foreign += 1,
            }
        }
        self.counters.unread_bytes += (bytes.len() - chunk.position()) as u64;
        self.send_instream(chunk.position(), &mut splice);
        splice.finish().map_err(|spare| self.spare = spare).ok()
    }

    /// Takes the memory of a chunk back.
    pub fn reuse(&mut self, mut spare: Vec<u8>) {
        spare.clear();
        self.spare = spare;
    }

    fn record(&mut self, chunk: &[u8], record: &Record<'_>, splice: &mut Splice<'_>) {
        self.counters.records += 1;
        if detection::is_own(record.metadata) {
            self.counters.own += 1;
            return;
        }
        self.look_at(chunk, record);
        let is_match = !self.detector.engine.passed().is_empty();
        match self.config.mode {
            Mode::Annotate if is_match => {
                self.counters.annotated += 1;
                let rules = self.detector.engine.rules();
                let id = |rule: &RuleId| rules.rule(*rule).meta.id.as_str();
                splice.annotate(record, self.detector.engine.passed().iter().map(id));
            }
            Mode::Keep if !is_match => self.drop(record, splice),
            Mode::Drop if is_match => self.drop(record, splice),
            _ => {}
        }
    }

    fn drop(&mut self, record: &Record<'_>, splice: &mut Splice<'_>) {
        self.counters.dropped += 1;
        splice.cut(record.range.clone());
    }

    /// Shows a record to the engine: its raw text, or where it has none, its fields.
    fn look_at(&mut self, chunk: &[u8], record: &Record<'_>) {
        let offset = self.detector.take_number();
        let Self { detector: Detector { engine, clock, .. }, config, outbox, fields, .. } = self;
        let known = Known { record, setup: &config.setup, offset };
        // An alert without a time is rare, and the clock is read for it alone.
        let mut put = |alert: &Alert<'_>| sink(outbox, config.emit, clock.wall_s())(alert);
        match raw(&config.setup.raw_keys, &record.body) {
            Some(raw) => engine.push(raw, known, &mut put),
            None => {
                fields.read(chunk, &record.body);
                engine.push_fields(None, &fields.pairs(), &known.into(), &mut put);
            }
        }
    }

    /// Puts detections behind the records, where no companion takes them.
    fn send_instream(&mut self, at: usize, splice: &mut Splice<'_>) {
        if self.outbox.is_empty() || self.is_taken_by_companion() {
            return;
        }
        let mut detections = Vec::new();
        self.outbox.take_into(&mut detections, usize::MAX);
        splice.insert(at, &detections);
    }
}

/// What is known of an event besides its text. It is looked for only if a rule asks.
struct Known<'a> {
    record: &'a Record<'a>,
    setup: &'a Setup,
    offset: u64,
}

impl<'a> From<Known<'a>> for Head<'a> {
    fn from(Known { record, setup, offset }: Known<'a>) -> Self {
        let body = &record.body;
        let time = setup.time_key.as_ref().and_then(|key| body.find_at(key));
        Self {
            time_ns: time.and_then(|pair| time_ns(pair.value, &setup.engine)).or(record.time_ns),
            host: given(setup.host.as_ref(), body),
            source: given(setup.source.as_ref(), body),
            sourcetype: given(setup.sourcetype.as_ref(), body),
            index: given(setup.index.as_ref(), body),
            offset,
            ..Self::default()
        }
    }
}

/// The raw text of a record.
fn raw<'a>(keys: &[Box<[u8]>], body: &Map<'a>) -> Option<&'a [u8]> {
    keys.iter().find_map(|key| text(body.find(key)?.value))
}

fn text(value: Token<'_>) -> Option<&[u8]> {
    match value {
        Token::Text(text) => Some(text),
        _ => None,
    }
}

fn given<'a>(given: Option<&'a Given>, body: &Map<'a>) -> Option<&'a [u8]> {
    match given? {
        Given::Literal(literal) => Some(literal),
        Given::Key(path) => text(body.find_at(path)?.value),
    }
}

/// A time as a record holds it: epoch seconds, or a text.
fn time_ns(value: Token<'_>, options: &Options) -> Option<i64> {
    match value {
        Token::Text(text) => time::parse(text, &options.zone)
            .or_else(|| nanoseconds(std::str::from_utf8(text).ok()?.trim().parse().ok()?)),
        Token::Unsigned(seconds) => i64::try_from(seconds).ok()?.checked_mul(1_000_000_000),
        Token::Single(seconds) => nanoseconds(seconds.into()),
        Token::Double(seconds) => nanoseconds(seconds),
        _ => None,
    }
}
