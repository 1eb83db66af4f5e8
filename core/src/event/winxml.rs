//! Finds the fields of Windows events that Splunk stores as XML (`XmlWinEventLog`).
//!
//! Such an event is regular, machine-made XML, so this is a scanner and no XML parser: it walks from one `<` to the next,
//! borrows every name and value, allocates nothing, and looks at no byte more than a few times whatever the bytes are.
//! It keeps no stack but a depth, so that deep nesting costs nothing. End tags are not compared with start tags: an event
//! that is not well formed gives fields as far as it can be read, and one that was cut off gives the last value up to the
//! cut, because a value that ends early still accuses.
//!
//! The names are those of Splunk's own extraction: children of `System` by element and by attribute name (`EventID`,
//! `Qualifiers`, `SystemTime`, `ProcessID`, `Name` and `Guid` of the provider, `UserID`), `<Data Name='X'>` as `X`, a
//! `<Data>` without a name as `Data`, everything else by its element name, where it holds text and no further elements.
//! Attributes outside of `System` are no fields. The first of a name counts; what it hides has a hidden name, which only
//! the knowledge uses: `EventData.ProcessID` beside the `ProcessID` of `System`, `EventData.Data_2` for the second `<Data>`
//! without a name.

use std::sync::LazyLock;

use bumpalo::Bump;
use jiff::tz::TimeZone;
use memchr::{memchr, memchr2, memchr3_iter, memmem};

use super::{
    Encoding, MAX_FIELDS, Natives, Told, clean, entities,
    tags::{Attributes, Cursor, Start, Tag},
    time,
};
use crate::value::Value;

/// One field as the event writes it.
///
/// ```
/// use caltrop_core::event::winxml;
///
/// let raw = b"<Event><EventData><Data Name='CommandLine'>a &amp; b</Data></EventData></Event>";
/// let native = winxml::fields(raw).next().unwrap();
/// assert_eq!(native.name, b"CommandLine");
/// assert_eq!(native.text(&bumpalo::Bump::new()), Some(b"a & b".as_slice()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native<'e> {
    /// Its name as written; [`Native::field_name`] is what rules call it.
    pub name: &'e [u8],
    /// Its value as written, never empty; [`Native::text`] is what rules see.
    pub value: &'e [u8],
    /// Whether the value holds references, CDATA or comments.
    pub encoded: bool,
    /// The part of the event that holds it.
    pub part: Part,
}

/// A child of the `Event` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What Windows says of every event.
    System,
    /// What the provider says of this one.
    EventData,
    /// The same, in elements of the provider's choosing; also any part that is not known.
    UserData,
    /// The message and the texts for level, task and keywords, in the language of the machine.
    RenderingInfo,
}

/// What routes and dates an event; each as written, absent where the event lacks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct System<'e> {
    /// `EventID`.
    pub event_id: Option<&'e [u8]>,
    /// `Channel`.
    pub channel: Option<&'e [u8]>,
    /// `Computer`.
    pub computer: Option<&'e [u8]>,
    /// The `SystemTime` of `TimeCreated`.
    pub system_time: Option<&'e [u8]>,
    /// The `Name` of `Provider`.
    pub provider: Option<&'e [u8]>,
    /// Whether no other field can have taken the names of these before, or hold another text under them.
    pub leads: bool,
}

/// The fields of `raw` in the order in which they stand, but for those of `RenderingInfo`, which come last wherever they
/// stand: its `Level` is a word and must not hide the number.
///
/// Empty values are left out. A name can come again; the first is the one that counts, as in Splunk.
#[must_use]
pub fn fields(raw: &[u8]) -> Fields<'_> {
    Fields {
        cursor: Cursor { raw, pos: 0 },
        depth: 0,
        part: Part::UserData,
        attributes: Attributes { rest: &[] },
        text: None,
        rendering_info: None,
    }
}

/// What routes and dates `raw`. Stops behind its `System` element.
#[must_use]
pub fn system(raw: &[u8]) -> System<'_> {
    let mut natives = fields(raw).peekable();
    let leads = natives.peek().is_some_and(|native| native.part == Part::System);
    let mut system = System { leads, ..System::default() };
    let natives = natives
        .skip_while(|native| native.part != Part::System)
        .take_while(|native| native.part == Part::System);
    for native in natives.take(MAX_FIELDS) {
        system.leads &= !native.encoded && native.name.iter().all(u8::is_ascii_alphanumeric);
        let slot = match native.name {
            b"EventID" => &mut system.event_id,
            b"Channel" => &mut system.channel,
            b"Computer" => &mut system.computer,
            b"SystemTime" => &mut system.system_time,
            b"Name" => &mut system.provider,
            _ => continue,
        };
        slot.get_or_insert(native.value);
    }
    system
}

/// Whether `raw`, which writes names as they are, surely has no field of that name: its letters stand nowhere in the text, or only
/// within longer words.
///
/// A name is as the event writes it, but for what is no letter and no digit.
pub(super) fn lacks_field(raw: &[u8], name: &[u8]) -> bool {
    let is_within_word = |at: usize| {
        let (before, behind) = (at.checked_sub(1).map(|at| raw[at]), raw.get(at + name.len()));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric())
            || behind.is_some_and(u8::is_ascii_alphanumeric)
    };
    !name.is_empty()
        && name.iter().all(u8::is_ascii_alphanumeric)
        && memmem::find_iter(raw, name).all(is_within_word)
}

/// Whether `raw` writes its names as they are: it holds no declaration, comment or instruction, and references by number only to
/// line ends and tabs, which Windows writes so.
pub(super) fn has_plain_names(raw: &[u8]) -> bool {
    const CONTROLS: [&[u8]; 3] = [b"&#13;", b"&#10;", b"&#9;"];
    marks(raw).all(|mark| CONTROLS.iter().any(|control| mark.starts_with(control)))
}

/// When and where `raw` happened, and from which log it is.
pub(super) fn told<'e>(raw: &'e [u8], bump: &'e Bump) -> Told<'e> {
    let system = system(raw);
    let channel = system.channel.map(|channel| entities::decode(channel, bump));
    let dated = dated_by(raw, bump, || system);
    Told { channel, event_id: system.event_id, leads: system.leads, ..dated }
}

/// Only when and where `raw` happened.
///
/// Every event that no rule selects is dated while a stream has windows open, so in the form that Windows writes, the two
/// are looked for as text within `System`: see [`written_date`].
pub(super) fn dated<'e>(raw: &'e [u8], bump: &'e Bump) -> Told<'e> {
    dated_by(raw, bump, || system(raw))
}

/// The same; `system` is asked where `raw` is not in the form that Windows writes.
fn dated_by<'e>(raw: &'e [u8], bump: &'e Bump, system: impl FnOnce() -> System<'e>) -> Told<'e> {
    if let Some((time_ns, host)) = written_date(raw) {
        return Told { time_ns: Some(time_ns), host: Some(host), ..Told::default() };
    }
    let system = system();
    let time = system.system_time.and_then(|text| time::parse(text, &TimeZone::UTC));
    Told {
        time_ns: time.or_else(|| utc_time(raw)),
        host: system.computer.map(|computer| entities::decode(computer, bump)),
        ..Told::default()
    }
}

/// Time and host where both are written as Windows writes them: `System` opens the event, `TimeCreated` with one attribute
/// stands before `Computer`, nothing is encoded. None for any other event, which is then walked through.
///
/// In XML no `<` stands between quotes, and with comments, CDATA and instructions ruled out what looks like a tag is one. An
/// event that is no XML may hold a tag in quotes; then this is its date and host all the same, whoever asks.
fn written_date(raw: &[u8]) -> Option<(i64, &[u8])> {
    let inside = raw.strip_prefix(b"<Event")?;
    let inside = inside[memchr(b'>', inside)? + 1..].strip_prefix(b"<System>")?;
    // What stands before `Computer` is short: an event is not searched to its end for it.
    let inside = &inside[..inside.len().min(LONGEST_SYSTEM_BYTES)];
    let computer_at = COMPUTER.find(inside)?;
    let before = &inside[..computer_at];
    let host = &inside[computer_at + COMPUTER.needle().len()..];
    let host = &host[..memchr2(b'<', b'&', host)?];
    let time_at = TIME_CREATED.find(before)? + TIME_CREATED.needle().len();
    let (quote, time) = before[time_at..].split_first()?;
    let time = &time[..memchr(*quote, time)?];
    let is_plain = matches!(quote, b'\'' | b'"')
        && inside[computer_at..]
            .get(COMPUTER.needle().len() + host.len()..)?
            .starts_with(b"</Computer>")
        && !host.is_empty()
        && SYSTEM_END.find(before).is_none()
        && DECLARATION.find(before).is_none()
        && INSTRUCTION.find(before).is_none();
    let time_ns = is_plain.then(|| time::parse(time, &TimeZone::UTC))??;
    Some((time_ns, host))
}

const LONGEST_SYSTEM_BYTES: usize = 4096;

static COMPUTER: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("<Computer>"));
static TIME_CREATED: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("<TimeCreated SystemTime="));
static SYSTEM_END: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("</System"));
static DECLARATION: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("<!"));
static INSTRUCTION: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("<?"));

/// Sysmon's own `UtcTime`, for an event without a TimeCreated.
fn utc_time(raw: &[u8]) -> Option<i64> {
    let native = fields(raw).find(|native| native.name == b"UtcTime")?;
    time::parse(native.value, &TimeZone::UTC)
}

/// Finds the fields of `raw`. A datum whose name is taken also has a hidden name, so that the knowledge can reach it.
pub(super) fn find<'e>(raw: &'e [u8], natives: &mut Natives<'e>) {
    let mut nameless = 0;
    for native in fields(raw) {
        let name = native.field_name(natives.bump());
        if native.encoded {
            natives.add_encoded(name, native.value, Encoding::Xml);
        } else {
            natives.add(name, Value::Text(native.value));
        }
        if let Some(hidden) = native.hidden_name(&mut nameless)
            && let Some(text) = native.text(natives.bump())
        {
            natives.add_hidden(hidden, Value::Text(text));
        }
    }
}

/// Names that `System` uses and that providers use, too, with the hidden name of what the provider says.
const TAKEN_BY_SYSTEM: &[(&[u8], &[u8])] = &[
    (b"Channel", b"EventData.Channel"),
    (b"Name", b"EventData.Name"),
    (b"ProcessID", b"EventData.ProcessID"),
    (b"UserID", b"EventData.UserID"),
    (b"Version", b"EventData.Version"),
];

/// The hidden names of what follows the first `<Data>` without a name.
const NAMELESS: &[&[u8]] = &[b"EventData.Data_2", b"EventData.Data_3", b"EventData.Data_4"];

/// Visits the values that are written with entities, if those may break a word: a character reference, a comment, an
/// instruction or CDATA do; the named entities stand for breakers and do not.
pub(super) fn rewritten_values(raw: &[u8], bump: &Bump, visit: &mut dyn FnMut(&[u8])) {
    if marks(raw).next().is_some() {
        // Value by value: a comment that opens in an attribute would swallow the values behind it.
        for native in fields(raw).filter(|native| native.encoded) {
            visit(native.text(bump).unwrap_or_default());
        }
    }
}

/// Where `raw` holds a reference by number, a declaration, a comment or an instruction: it, and what follows.
fn marks(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr3_iter(b'#', b'!', b'?', raw).filter_map(|at| {
        let mark = &raw[at.checked_sub(1)?..];
        matches!(mark, [b'&', b'#', ..] | [b'<', b'!' | b'?', ..]).then_some(mark)
    })
}

impl<'e> Native<'e> {
    /// The value that rules see: decoded into `bump` if need be. None if decoding leaves nothing.
    #[must_use]
    pub fn text(self, bump: &'e Bump) -> Option<&'e [u8]> {
        let text = if self.encoded { entities::decode(self.value, bump) } else { self.value };
        (!text.is_empty()).then_some(text)
    }

    /// The name that a datum has beside one that is taken; `nameless` counts the data without a name so far.
    fn hidden_name(&self, nameless: &mut usize) -> Option<&'static [u8]> {
        match (self.part, self.name) {
            (Part::System | Part::RenderingInfo, _) => None,
            (_, b"Data") => {
                let earlier = *nameless;
                *nameless += 1;
                NAMELESS.get(earlier.checked_sub(1)?).copied()
            }
            (_, name) => {
                TAKEN_BY_SYSTEM.iter().find(|(taken, _)| *taken == name).map(|(_, hidden)| *hidden)
            }
        }
    }

    /// The name that rules use: its entities decoded, cleaned as Splunk cleans it.
    #[must_use]
    pub fn field_name(self, bump: &'e Bump) -> &'e [u8] {
        clean::some_field_name(entities::decode(self.name, bump), bump)
    }
}

/// The iterator behind [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'e> {
    cursor: Cursor<'e>,
    /// How many elements are open: one within `Event`, two within one of its parts.
    depth: usize,
    part: Part,
    /// Those of the last start tag that are still to be visited.
    attributes: Attributes<'e>,
    /// The text of the element that owns the attributes; it comes after them.
    text: Option<Native<'e>>,
    rendering_info: Option<&'e [u8]>,
}

impl<'e> Iterator for Fields<'e> {
    type Item = Native<'e>;

    fn next(&mut self) -> Option<Native<'e>> {
        loop {
            if let Some(native) = self.pending() {
                return Some(native);
            }
            match self.cursor.tag() {
                Some(Tag::Start(start)) => self.enter(start),
                Some(Tag::End(_)) => self.depth = self.depth.saturating_sub(1),
                None => self.open_rendering_info()?,
            }
        }
    }
}

impl<'e> Fields<'e> {
    fn pending(&mut self) -> Option<Native<'e>> {
        let part = self.part;
        let mut attributes =
            self.attributes.by_ref().map(|(name, value)| native(name, value, part));
        attributes
            .find(|native| !native.value.is_empty() && !native.name.starts_with(b"xmlns"))
            .or_else(|| self.text.take())
    }

    fn enter(&mut self, start: Start<'e>) {
        match self.depth {
            0 => {}
            1 => return self.enter_part(start),
            _ => return self.enter_field(start),
        }
        self.depth += usize::from(!start.is_empty);
    }

    fn enter_part(&mut self, start: Start<'e>) {
        self.part = match start.name {
            b"System" => Part::System,
            b"EventData" => Part::EventData,
            b"RenderingInfo" => Part::RenderingInfo,
            _ => Part::UserData,
        };
        self.depth += usize::from(!start.is_empty);
        if self.part == Part::RenderingInfo && !start.is_empty {
            let content = self.cursor.skip_past_content(b"</RenderingInfo");
            self.rendering_info.get_or_insert(content);
        }
    }

    fn enter_field(&mut self, start: Start<'e>) {
        let attributes = Attributes { rest: start.attributes };
        let name = match self.part {
            Part::EventData => attributes.clone().name(),
            _ => None,
        };
        if self.part == Part::System {
            self.attributes = attributes;
        }
        if start.is_empty {
            return;
        }
        match self.cursor.leaf() {
            Some([]) => {}
            Some(value) => {
                self.text = Some(native(name.unwrap_or(start.name), value, self.part));
            }
            None => self.depth += 1,
        }
    }

    /// Goes on with `RenderingInfo`, which was passed over; none if there is or was none.
    fn open_rendering_info(&mut self) -> Option<()> {
        let raw = self.rendering_info.take()?;
        self.cursor = Cursor { raw, pos: 0 };
        self.part = Part::RenderingInfo;
        self.depth = 2;
        Some(())
    }
}

fn native<'e>(name: &'e [u8], value: &'e [u8], part: Part) -> Native<'e> {
    Native { name, value, encoded: memchr2(b'&', b'<', value).is_some(), part }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of `raw`, one a line, as rules see them.
    fn shown(raw: &[u8]) -> Vec<String> {
        let bump = Bump::new();
        let shown = |native: Native<'_>| {
            let text = native.text(&bump)?;
            Some(format!("{}={}", native.field_name(&bump).escape_ascii(), text.escape_ascii()))
        };
        fields(raw).filter_map(shown).collect()
    }

    #[test]
    fn the_short_way_to_time_and_host_is_that_of_the_walk() {
        let bump = Bump::new();
        let written = String::from_utf8_lossy(SYSMON).into_owned();
        assert!(written_date(SYSMON).is_some());
        let variants = [
            ("<System>", "<System><!--<Computer>x</Computer>-->"),
            ("<System>", "<System><?x <Computer>x</Computer>?>"),
            ("<System>", " <System>"),
            ("<Computer>host.example", "<Computer>a&amp;b"),
            ("<Computer>host.example", "<Computer>"),
            ("<Computer>host.example</Computer>", "<Computer/>"),
            ("<Computer>host.example</Computer></System>", "</System><Computer>x</Computer>"),
            ("<Computer>host.example</Computer>", "<Computer>x<b/></Computer>"),
            ("SystemTime='2020-09-20T21:39:24.176000000Z'", "SystemTime=\"2021-01-01T00:00:00Z\""),
            (
                "SystemTime='2020-09-20T21:39:24.176000000Z'",
                "RawTime='1' SystemTime='2021-01-01T00:00:00Z'",
            ),
            ("SystemTime='2020-09-20T21:39:24.176000000Z'", "SystemTime='yesterday'"),
            ("<TimeCreated", "<Created"),
            ("</Event>", "<Computer>other</Computer></Event>"),
        ];
        for (from, to) in variants {
            let raw = written.replace(from, to).into_bytes();
            let system = system(&raw);
            let told = dated(&raw, &bump);
            let time = system.system_time.and_then(|text| time::parse(text, &TimeZone::UTC));
            assert_eq!(told.time_ns, time, "{to}");
            assert_eq!(
                told.host,
                system.computer.map(|host| entities::decode(host, &bump)),
                "{to}"
            );
        }
    }

    const SYSMON: &[u8] = b"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
        <Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f}'/><EventID Qualifiers=\"16384\">1</EventID>\
        <Version>5</Version><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2020-09-20T21:39:24.176000000Z'/>\
        <Correlation/><Execution ThreadID='3936' ProcessID='2768' /><Channel>Microsoft-Windows-Sysmon/Operational</Channel>\
        <Computer>host.example</Computer><Security UserID='S-1-5-18'/></System><EventData><Data Name='RuleName'>-</Data>\
        <Data Name='ProcessId'>7</Data><Data Name='Empty'></Data><Data Name='None'/>\
        <Data Name='CommandLine'>a &amp;&amp; b &gt; c</Data></EventData></Event>";

    #[test]
    fn a_datum_that_is_hidden_by_another_has_a_hidden_name() {
        let raw = b"<Event><System><Provider Name='P'/><Execution ProcessID='4'/></System><EventData>\
            <Data Name='ProcessID'>7</Data><Data Name='Name'>a &amp; b</Data><Data>1</Data><Data/><Data>2</Data><Data>3</Data>\
            <Data>4</Data><Data>5</Data></EventData></Event>";
        let (bump, names) = (Bump::new(), crate::names::Names::default());
        let mut natives = Natives::new(&names, &bump);
        find(raw, &mut natives);
        let shown = |native: &super::super::Native<'_>| {
            let value = native.decoded(&bump).text(&bump).unwrap_or_default().escape_ascii();
            let mark = if native.is_shown() { "" } else { "hidden " };
            format!("{mark}{}={value}", names.bytes(native.name).escape_ascii())
        };
        let expected = [
            "Name=P",
            "ProcessID=4",
            "hidden EventData.ProcessID=7",
            "hidden EventData.Name=a & b",
            "Data=1",
            "hidden EventData.Data_2=2",
            "hidden EventData.Data_3=3",
            "hidden EventData.Data_4=4",
        ];
        assert_eq!(natives.iter().map(shown).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_sysmon_event_has_the_names_of_splunk() {
        let expected = [
            "Name=Microsoft-Windows-Sysmon",
            "Guid={5770385f}",
            "Qualifiers=16384",
            "EventID=1",
            "Version=5",
            "Keywords=0x8000000000000000",
            "SystemTime=2020-09-20T21:39:24.176000000Z",
            "ThreadID=3936",
            "ProcessID=2768",
            "Channel=Microsoft-Windows-Sysmon/Operational",
            "Computer=host.example",
            "UserID=S-1-5-18",
            "RuleName=-",
            "ProcessId=7",
            "CommandLine=a && b > c",
        ];
        assert_eq!(shown(SYSMON), expected);
    }

    #[test]
    fn the_system_part_routes_and_dates() {
        let expected = System {
            event_id: Some(b"1"),
            channel: Some(b"Microsoft-Windows-Sysmon/Operational"),
            computer: Some(b"host.example"),
            system_time: Some(b"2020-09-20T21:39:24.176000000Z"),
            provider: Some(b"Microsoft-Windows-Sysmon"),
            leads: true,
        };
        assert_eq!(system(SYSMON), expected);
        // What the provider says of an event cannot route it.
        let data = b"<Event><EventData><Data Name='Channel'>x</Data></EventData></Event>";
        assert_eq!(system(data), System::default());
    }

    #[test]
    fn data_is_named_in_many_ways() {
        for (data, expected) in [
            (r#"<Data Name="a">1</Data>"#, "a=1"),
            ("<Data x='<>' Name = 'a' >1</Data >", "a=1"),
            ("<Data>1</Data>", "Data=1"),
            ("<Data Name=''>1</Data>", "Data=1"),
            ("<Binary>00FF</Binary>", "Binary=00FF"),
            ("<ComplexData Name='a'>1</ComplexData>", "a=1"),
            ("<Data Name='Product Name'>1</Data>", "Product_Name=1"),
            ("<Data Name='_1a-b.c'>1</Data>", "a_b_c=1"),
            ("<Data Name='42'>1</Data>", "42=1"),
            ("<Data Name='caf\u{e9}&amp;'>1</Data>", "caf__=1"),
            ("<Data Name='a'>it's \"so\"</Data>", "a=it\\'s \\\"so\\\""),
            ("<Data Name='a'> 1\n</Data>", "a= 1\\n"),
            ("<Data Name='a'><![CDATA[<b>&amp;]]></Data>", "a=<b>&amp;"),
            ("<Data Name='a'>1<!-- </Data> -->2<?x </Data> ?>3</Data>", "a=123"),
            ("<Data Name='a'>1<!--></Data>-->2</Data>", "a=12"),
            ("<Data Name='a'>1 < 2</Data>", "a=1 < 2"),
        ] {
            let raw = format!("<Event><EventData>{data}</EventData></Event>");
            assert_eq!(shown(raw.as_bytes()), [expected], "{data}");
        }
    }

    #[test]
    fn nothing_comes_of_what_is_empty_or_holds_elements() {
        for data in [
            "<Data Name='a'></Data>",
            "<Data Name='a'/>",
            "<Data Name='a'><![CDATA[]]></Data>",
            "<Data Name='a'><!-- x --></Data>",
            "<Outer>text<Inner/></Outer>",
            "<!-- <Data Name='a'>1</Data> -->",
        ] {
            let raw = format!("<Event><EventData>{data}</EventData></Event>");
            assert!(shown(raw.as_bytes()).is_empty(), "{data}");
        }
    }

    #[test]
    fn user_data_gives_its_leaves() {
        let raw = b"<Event>\n <UserData>\n  <e:LogFileCleared xmlns:e='urn:x' a='no'>\n\
            <e:SubjectUserName>admin</e:SubjectUserName><Deep><Deeper>1</Deeper></Deep></e:LogFileCleared></UserData></Event>";
        assert_eq!(shown(raw), ["SubjectUserName=admin", "Deeper=1"]);
    }

    #[test]
    fn rendering_info_comes_last_wherever_it_stands() {
        let raw = b"<Event><RenderingInfo Culture='en-US'><Level>Information</Level><Message>m</Message></RenderingInfo>\
            <System><Level>4</Level></System></Event>";
        assert_eq!(shown(raw), ["Level=4", "Level=Information", "Message=m"]);
    }

    #[test]
    fn an_event_that_was_cut_off_keeps_its_last_value() {
        for (raw, expected) in [
            ("<Event><EventData><Data Name='a'>1</Data><Data Name='b'>cut o", ["a=1", "b=cut o"]),
            ("<Event><EventData><Data Name='a'>1</Data><Data Name='b'>2</Da", ["a=1", "b=2"]),
            ("<Event><EventData><Data Name='a'>1</Data><Data Name='b'>&am", ["a=1", "b=&am"]),
            ("<Event><EventData><Data Name='a'>1</Data><Data Name='b'>2<", ["a=1", "b=2"]),
        ] {
            assert_eq!(shown(raw.as_bytes()), expected, "{raw}");
        }
        assert_eq!(shown(b"<Event><EventData><Data Name='a'>1</Data><Data Name='b"), ["a=1"]);
    }

    #[test]
    fn a_field_is_surely_absent_where_its_name_stands_nowhere() {
        let raw = b"<Event><System><EventID>1</EventID></System><EventData><Data Name='LogonType'>Type2&#13;&amp;</Data></EventData>";
        assert!(lacks_field(raw, b"Type") && lacks_field(raw, b"Data2"));
        for name in [b"LogonType".as_slice(), b"EventID", b"Data", b"Logon_Type", b""] {
            assert!(!lacks_field(raw, name));
        }
        assert!(
            !lacks_field(b"<Data Name='.Type'>", b"Type"),
            "what is cleaned away may stand before it"
        );
    }

    #[test]
    fn names_are_plain_where_nothing_can_stand_for_a_letter() {
        assert!(has_plain_names(b"<Event><Data Name='a'>&amp;&#13;&#10;&#9;! ? #</Data></Event>"));
        for raw in [
            "<Data Name='&#69;ventCode'>",
            "<Data Name='E<!-- -->x'>",
            "<?x y?>",
            "<![CDATA[x]]>",
            "&#x45;",
        ] {
            assert!(!has_plain_names(raw.as_bytes()), "{raw}");
        }
    }

    #[test]
    fn hostile_events_end() {
        const PIECES: [&str; 12] = [
            "<",
            "<a",
            "<a>",
            "<a ",
            "</",
            "<!--",
            "<![CDATA[",
            "<?",
            "<a b='",
            "<RenderingInfo>",
            "&",
            "\"'>",
        ];
        for first in PIECES {
            for second in PIECES {
                let piece = format!("{first}{second}");
                let raw = format!("<Event><System>{}", piece.repeat((1 << 20) / piece.len()));
                // A scan that looks back or ahead for each of these takes minutes.
                assert!(fields(raw.as_bytes()).count() < raw.len(), "{piece}");
            }
        }
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let depth = 100_000;
        let raw =
            format!("<Event><UserData>{}x{}</UserData>", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(shown(raw.as_bytes()), ["a=x"]);
    }
}
