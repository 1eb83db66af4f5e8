//! The options of an engine and its counters: every bound has a name, a unit and a counter.

use jiff::tz::TimeZone;

/// One second in the engine's unit of time.
pub const SECOND_NS: i64 = 1_000_000_000;

/// How an engine works. The defaults are those of `caltrop run` over files.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether events are a closed set or a stream without an end.
    pub mode: Mode,
    /// How event time is cut into windows.
    pub window: Window,
    /// How far behind its newest event a host may deliver others, in nanoseconds (stream).
    pub lateness_ns: i64,
    /// After this much silence a host's watermark follows the clock, in nanoseconds (stream).
    pub idle_ns: i64,
    /// An event further ahead of the clock than this moves no watermark, in nanoseconds (stream).
    pub max_future_ns: i64,
    /// A window that waits for all hosts waits this long at most, from when the first has passed its end, in nanoseconds
    /// (stream).
    pub max_lag_ns: i64,
    /// How far the watermark may pass the end of a closed window while late rows still revise what was sent, in nanoseconds
    /// (stream). `None` is as long as `lateness_ns`, 0 is not at all.
    pub retain_ns: Option<i64>,
    /// Longer events are cut here, in bytes, and counted in [`Counters::cut_events`].
    pub max_event_bytes: usize,
    /// So many hosts have a watermark of their own (stream). Beyond it the one that has been silent longest goes: its open
    /// windows close, and are revised when it comes back while they are kept.
    pub max_hosts: usize,
    /// Bytes of the state of all rules. In batch the engine stops, see
    /// [`Engine::exhausted`](crate::engine::Engine::exhausted); in a stream the rule that grows gives up retained windows,
    /// then values, then sends groups early, marked partial.
    pub max_state_bytes: usize,
    /// The same for the state of each rule. `None` is a quarter of `max_state_bytes`.
    pub max_rule_state_bytes: Option<usize>,
    /// How the bytes of an event are read.
    pub input: Input,
    /// Whether events are scanned for anchors first. Off only to prove that it changes nothing.
    pub prefilter: bool,
    /// `now()` where no window of a rule says it, in epoch seconds.
    pub now_s: f64,
    /// The zone of times that carry none, and of day-long buckets.
    pub zone: TimeZone,
    /// With it the engine measures what each rule costs: see [`Engine::rule_cost`](crate::engine::Engine::rule_cost). `None`
    /// costs nothing.
    pub stopwatch: Option<Stopwatch>,
}

/// Reads a clock that never jumps, in nanoseconds from whenever: the engine has none of its own.
pub type Stopwatch = fn() -> u64;

impl Options {
    /// How long a closed window is kept, in nanoseconds.
    #[must_use]
    pub fn retain_ns(&self) -> i64 {
        self.retain_ns.unwrap_or(self.lateness_ns)
    }

    /// The bound of the state of each rule, in bytes.
    #[must_use]
    pub fn max_rule_state_bytes(&self) -> usize {
        self.max_rule_state_bytes.unwrap_or(self.max_state_bytes / 4)
    }
}

/// Whether events are a closed set or a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Events come in any order; nothing closes before `finish`.
    Batch,
    /// Windows close when the watermark passes their end.
    Stream,
}

/// How event time is cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// One window over all time.
    All,
    /// Each rule's own: that of its schedule where it has one, else the least multiple of its largest span that is at least
    /// an hour.
    Rule,
    /// The same length for every rule, in nanoseconds.
    Fixed(i64),
}

/// How the bytes of an event are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Found out for each event.
    Auto,
    /// Windows XML.
    Xml,
    /// The classic text of Windows events.
    Text,
    /// JSON.
    Json,
    /// Any text: its `name=value` pairs are its fields.
    Kv,
    /// Syslog; what stands behind its header is found out.
    Syslog,
    /// Rows that are fields already: one JSON object each.
    Rows,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Batch,
            window: Window::All,
            lateness_ns: 10 * SECOND_NS,
            idle_ns: 30 * SECOND_NS,
            max_future_ns: 300 * SECOND_NS,
            max_lag_ns: 300 * SECOND_NS,
            retain_ns: None,
            max_event_bytes: 1 << 20,
            max_hosts: 65_536,
            max_state_bytes: 256 << 20,
            max_rule_state_bytes: None,
            input: Input::Auto,
            prefilter: true,
            now_s: 0.0,
            zone: TimeZone::UTC,
            stopwatch: None,
        }
    }
}

/// What an engine has seen and done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events pushed.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pairs of an event and a rule that the scan let through.
    pub candidates: u64,
    /// Alerts sent.
    pub alerts: u64,
    /// Events longer than `max_event_bytes`: their first part was looked at.
    pub cut_events: u64,
    /// Rows that are not a JSON object: not looked at.
    pub malformed_rows: u64,
    /// Fields beyond the first 512 of an event: not seen. Counted for events that some rule looks at, as are lookups of
    /// props.conf that took only the first of too many rows.
    pub lost_fields: u64,
    /// Times that the table of kinds of events (source, sourcetype, host) was full and was emptied: slower, no less seen.
    pub kind_resets: u64,
    /// Rows with several multivalue BY fields that were put into their first thousand groups only, and rows of subsearches
    /// over events beyond those that count: 10,000 in `search`, 50,000 in `append` and `join`.
    pub cut_rows: u64,
    /// Rows that `outputlookup` gave to be written and that the host did not take in time: beyond 64 MiB they are left out.
    pub unwritten_rows: u64,
    /// Rows that came after their window had closed and while it was kept: what was sent is sent again where they change it.
    pub late: u64,
    /// Alerts sent because of late rows: new ones and next revisions.
    pub revised: u64,
    /// Alerts taken back because of late rows.
    pub retracted: u64,
    /// Rows that came after their window had closed and was no longer kept, or cannot be revised: not part of any alert.
    /// Where windows were let go early, this is every later row to one that ends no later and is not kept.
    pub late_dropped: u64,
    /// Closed windows that were let go early because the state grew beyond its bound, because their host has no watermark, or
    /// because their rule is another now.
    pub retained_dropped: u64,
    /// Rows without a usable `_time`, where a window needs one: not part of any alert.
    pub timeless_dropped: u64,
    /// Events too far ahead of the clock to move a watermark: looked at like any other.
    pub future_events: u64,
    /// Groups whose `values` and `list` took no more because the state grew near its bound.
    pub truncated_groups: u64,
    /// Groups sent early because the state grew beyond its bound; a window without groups counts as one.
    pub partial_groups: u64,
    /// Searches of a regex that were given up at a bound, such as look-around in a hostile text, or a pattern that came with the
    /// event and is too large, or one too many: taken as no match.
    pub given_up_searches: u64,
    /// Bytes of open and retained state now.
    pub state_bytes: usize,
    /// The most of these so far.
    pub state_bytes_peak: usize,
}

/// What one rule has made of the events of an engine. Touched only for events that the scan lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounters {
    /// Events that the scan let through to this rule.
    pub candidates: u64,
    /// Of these, the events that passed all its per-event stages.
    pub passed: u64,
}
