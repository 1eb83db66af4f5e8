//! When and where an event happened, and what it is: from what it says itself, then from what the caller knows.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{
    Head, audit,
    detect::{Format, Shape, shape},
    json, kv,
    selector::Metadata,
    syslog, time, wintext, winxml,
};
use crate::{config::Input, row::Env, value::Value};

/// When and where an event happened, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Meta<'e> {
    /// How its bytes are to be read.
    pub format: Format,
    /// Where the event itself starts in its text, behind the header that syslog has put before it.
    pub body_start: usize,
    /// Nanoseconds since the epoch.
    pub time_ns: Option<i64>,
    /// Where it happened.
    pub host: Option<&'e [u8]>,
    /// Splunk's `source`.
    pub source: Option<&'e [u8]>,
    /// What Splunk calls the source of a Windows event: the knowledge holds for it whatever the caller calls it.
    pub channel_source: Option<&'e [u8]>,
    /// Splunk's `sourcetype`.
    pub sourcetype: Option<&'e [u8]>,
    /// Splunk's `index`.
    pub index: Option<&'e [u8]>,
    /// The event id of a Windows event.
    pub event_id: Option<&'e [u8]>,
    /// Whether the fields `Channel` and `EventID` are sure to hold the channel and the event id.
    pub leads: bool,
}

/// What an event says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'e> {
    /// Nanoseconds since the epoch.
    pub time_ns: Option<i64>,
    /// The machine that it happened on.
    pub host: Option<&'e [u8]>,
    /// The event log that it is from, if it is a Windows event.
    pub channel: Option<&'e [u8]>,
    /// Its number in that log's provider, if it is a Windows event.
    pub event_id: Option<&'e [u8]>,
    /// Whether the fields `Channel` and `EventID` are sure to hold these two, where they are told.
    pub leads: bool,
}

impl<'e> Told<'e> {
    /// What this one does not say, the other one may.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            time_ns: self.time_ns.or(other.time_ns),
            host: self.host.or(other.host),
            channel: self.channel.or(other.channel),
            event_id: self.event_id.or(other.event_id),
            leads: self.leads,
        }
    }
}

impl<'e> Meta<'e> {
    /// Reads `raw`, and takes from `head` what the event does not say itself.
    #[must_use]
    pub fn read(raw: &'e [u8], head: &Head<'e>, input: Input, env: Env<'e>) -> Self {
        let shape = shape(raw, input);
        let told = told(raw, shape, env);
        Self::given(shape.format, head).with_told(shape.body_start, told, env.bump)
    }

    /// Reads only when and where `raw` happened: all that an event which no rule selects can change.
    #[must_use]
    pub fn read_time_and_host(raw: &'e [u8], head: &Head<'e>, input: Input, env: Env<'e>) -> Self {
        let shape = shape(raw, input);
        let told = match (shape.format, shape.body_start) {
            (Format::WinXml, 0) => winxml::dated(raw, env.bump),
            _ => told(raw, shape, env),
        };
        let given = Self::given(shape.format, head);
        Self { time_ns: told.time_ns.or(given.time_ns), host: told.host.or(given.host), ..given }
    }

    pub(super) fn metadata(&self) -> Metadata<'e> {
        Metadata {
            sources: [self.source, self.channel_source],
            sourcetype: self.sourcetype,
            host: self.host,
        }
    }

    /// The field `Channel`, where it is sure.
    pub(super) fn channel(&self) -> Option<&'e [u8]> {
        let source = self.channel_source.filter(|_| self.leads)?;
        source.get(memchr::memchr(b':', source)? + 1..)
    }

    pub(super) fn given(format: Format, head: &Head<'e>) -> Self {
        Self {
            format,
            body_start: 0,
            time_ns: head.time_ns,
            host: head.host,
            source: head.source,
            channel_source: None,
            sourcetype: head.sourcetype,
            index: head.index,
            event_id: None,
            leads: false,
        }
    }

    fn with_told(self, body_start: usize, told: Told<'e>, bump: &'e Bump) -> Self {
        let meta = Self {
            body_start,
            time_ns: told.time_ns.or(self.time_ns),
            host: told.host.or(self.host),
            event_id: told.event_id,
            leads: told.leads,
            ..self
        };
        meta.with_channel(told.channel, bump)
    }

    /// Splunk's name for the channel of a Windows event; where the caller names neither, it is source and sourcetype.
    fn with_channel(self, channel: Option<&'e [u8]>, bump: &'e Bump) -> Self {
        let prefix: &[u8] = match self.format {
            Format::WinText => b"WinEventLog:",
            _ => b"XmlWinEventLog:",
        };
        let channel_source: Option<&'e [u8]> = channel.map(|channel| {
            let mut source = BumpVec::from_iter_in(prefix.iter().copied(), bump);
            source.extend_from_slice(channel);
            source.into_bump_slice() as _
        });
        let named = self.source.is_some() || self.sourcetype.is_some();
        let (source, sourcetype) =
            if named { (self.source, self.sourcetype) } else { (channel_source, channel_source) };
        Self { source, sourcetype, channel_source, ..self }
    }

    /// Rows and parsed events: the fields say it.
    pub(super) fn with_fields(self, fields: &[(&'e [u8], Value<'e>)], env: Env<'e>) -> Self {
        let find = |name: &[u8]| {
            let value = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
            value.and_then(|value| value.text(env.bump))
        };
        let time_ns = find(b"_time").and_then(|text| time::of_value(Value::Text(text), env.bump));
        Self {
            time_ns: time_ns.or(self.time_ns),
            host: find(b"host").or(self.host),
            source: find(b"source").or(self.source),
            sourcetype: find(b"sourcetype").or(self.sourcetype),
            index: find(b"index").or(self.index),
            ..self
        }
    }

    /// An event that another program has parsed: its fields say what JSON would.
    pub(super) fn with_told_by_fields(
        self,
        fields: &[(&'e [u8], Value<'e>)],
        env: Env<'e>,
    ) -> Self {
        let told = json::told_by_fields(fields, env.bump, env.zone);
        self.with_told(self.body_start, told, env.bump)
    }
}

/// What `raw` says of itself; a header of syslog is asked last.
fn told<'e>(raw: &'e [u8], shape: Shape, env: Env<'e>) -> Told<'e> {
    let body = &raw[shape.body_start..];
    let told = match shape.format {
        Format::WinXml => winxml::told(body, env.bump),
        Format::WinText => wintext::told(body, env),
        Format::Json => json::told(body, env),
        Format::Audit => audit::told(body, env),
        Format::Kv => kv::told(body, env),
        Format::Rows | Format::Fields => Told::default(),
    };
    if shape.body_start == 0 { told } else { told.or(syslog::told(raw, env)) }
}
