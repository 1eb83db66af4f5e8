//! The scanner of Windows XML against quick-xml: the same names and values, on generated events and on real ones.

use bumpalo::Bump;
use caltrop_core::event::winxml;
use proptest::prelude::*;
use quick_xml::{Reader, escape::unescape, events::Event};

type Fields = Vec<(String, String)>;

#[derive(Default)]
struct Element {
    name: String,
    attributes: Fields,
    text: String,
    children: Vec<Element>,
}

/// The `Event` element as quick-xml reads it.
fn tree(xml: &str) -> Result<Element, quick_xml::Error> {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        let innermost = open.last_mut().expect("the document itself is never closed");
        match reader.read_event()? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => innermost.children.push(element(&start)?),
            Event::End(_) => {
                let closed = open.pop().expect("quick-xml pairs tags");
                open.last_mut().expect("quick-xml pairs tags").children.push(closed);
            }
            Event::Text(text) => innermost.text += &text.into_inner(),
            Event::CData(text) => innermost.text += &text.into_inner(),
            Event::GeneralRef(reference) => {
                innermost.text += &unescape(&format!("&{};", &*reference))?;
            }
            Event::Eof => return Ok(open.remove(0).children.remove(0)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Result<Element, quick_xml::Error> {
    let mut element =
        Element { name: start.local_name().into_inner().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute?;
        element.attributes.push((
            attribute.key.into_inner().to_owned(),
            unescape(&attribute.value)?.into_owned(),
        ));
    }
    Ok(element)
}

/// The fields that the event's tree holds, by the rules of `winxml`.
fn expected(event: &Element) -> Fields {
    let mut fields = Fields::new();
    let (rendering, parts): (Vec<_>, Vec<_>) =
        event.children.iter().partition(|part| part.name == "RenderingInfo");
    for part in parts.into_iter().chain(rendering.into_iter().take(1)) {
        for child in &part.children {
            visit(&part.name, child, &mut fields);
        }
    }
    fields.retain(|(_, text)| !text.is_empty());
    fields
}

fn visit(part: &str, element: &Element, fields: &mut Fields) {
    if part == "System" {
        let is_field = |(name, _): &&(String, String)| !name.starts_with("xmlns");
        fields.extend(element.attributes.iter().filter(is_field).cloned());
    }
    if element.children.is_empty() {
        let is_name = |(name, value): &&(String, String)| name == "Name" && !value.is_empty();
        let name = element.attributes.iter().find(is_name).filter(|_| part == "EventData");
        let name = name.map_or(&element.name, |(_, name)| name);
        fields.push((name.clone(), element.text.clone()));
    }
    for child in &element.children {
        visit(part, child, fields);
    }
}

fn scanned(xml: &str) -> Fields {
    let bump = Bump::new();
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a piece of UTF-8");
    winxml::fields(xml.as_bytes())
        .filter_map(|native| {
            let text = utf8(native.text(&bump)?);
            Some((unescape(&utf8(native.name)).expect("quick-xml read it").into_owned(), text))
        })
        .collect()
}

/// `text` as character data, its characters written in the ways that `choices` says.
fn escaped(text: &str, choices: &[u8]) -> String {
    let mut data = String::new();
    for (character, choice) in text.chars().zip(choices.iter().cycle()) {
        match (character, choice % 8) {
            ('\0', _) => {}
            ('&', 0..=3) => data += "&amp;",
            ('<', 0..=3) => data += "&lt;",
            ('\'', _) => data += "&apos;",
            ('"', _) => data += "&quot;",
            ('&' | '<' | '>', 4..) => data += &format!("&#{};", u32::from(character)),
            (_, 5) => data += &format!("&#x{:x};", u32::from(character)),
            (_, 6) => data += &format!("&#{:05};", u32::from(character)),
            ('>', _) => data += "&gt;",
            _ => data.push(character),
        }
    }
    data
}

fn text() -> impl Strategy<Value = String> {
    let choices = prop::collection::vec(any::<u8>(), 1..9);
    prop_oneof![
        8 => (any::<String>(), choices).prop_map(|(text, choices)| escaped(&text, &choices)),
        1 => "[a-z<>&'\" ]{0,20}".prop_map(|text| format!("<![CDATA[{text}]]>")),
        1 => "[a-z<>&' ]{0,20}".prop_map(|text| format!("before<!--{text}-->after")),
        1 => "[a-z<& ]{0,20}".prop_map(|text| format!("<?x {text}?>after")),
        1 => Just(String::new()),
    ]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Data", "Binary", "EventID", "Provider", "x:Param", "System", "Name"])
}

fn attributes() -> impl Strategy<Value = String> {
    let quoted =
        (text(), any::<bool>()).prop_filter_map("no markup in attributes", |(text, double)| {
            let quote = if double { '"' } else { '\'' };
            (!text.contains('<')).then(|| format!("{quote}{text}{quote}"))
        });
    let names =
        prop::sample::subsequence(vec!["Name", "Guid", "Qualifiers", "xmlns"], 0..4).prop_shuffle();
    let space = prop::sample::select(vec!["", " ", "\n\t"]);
    (names, prop::collection::vec(quoted, 4), space).prop_map(|(names, values, space)| {
        let pairs = names.iter().zip(&values);
        let pairs = pairs.map(|(name, value)| format!(" {name}{space}={space}{value}"));
        format!("{}{space}", pairs.collect::<String>())
    })
}

fn field() -> impl Strategy<Value = String> {
    let tag = || (name(), attributes());
    let leaf = prop_oneof![
        4 => (tag(), text()).prop_map(|((name, attributes), text)| format!("<{name}{attributes}>{text}</{name}>")),
        1 => tag().prop_map(|(name, attributes)| format!("<{name}{attributes}/>")),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        (tag(), prop::collection::vec((inner, text()), 1..3)).prop_map(
            |((name, attributes), inner)| {
                let inner: String =
                    inner.iter().map(|(field, text)| format!("{field}{text}")).collect();
                format!("<{name}{attributes}>{inner}</{name}>")
            },
        )
    })
}

fn event(parts: Vec<&'static str>) -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", "\r\n  "]);
    let part = (prop::sample::select(parts), prop::collection::vec(field(), 0..6), space());
    let part = part.prop_map(|(name, fields, space)| {
        format!("{space}<{name} a='1'>{space}{}{space}</{name}>{space}", fields.join(space))
    });
    let empty = Just("<EventData/>".to_owned());
    let parts = prop::collection::vec(prop_oneof![9 => part, 1 => empty], 0..5);
    parts.prop_map(|parts| format!("<Event xmlns='urn:x'>{}</Event>", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_events_are_read_as_quick_xml_reads_them(
        xml in event(vec!["System", "EventData", "UserData", "DebugData", "RenderingInfo"]),
    ) {
        // A rendering that holds the end of a rendering is no event that Windows makes.
        let expected = expected(&tree(&xml).unwrap());
        prop_assert_eq!(scanned(&xml), expected, "{}", xml);
    }

    #[test]
    fn a_cut_changes_the_last_field_only(
        xml in event(vec!["System", "EventData", "UserData"]), at in any::<prop::sample::Index>(),
    ) {
        let whole: Vec<_> = winxml::fields(xml.as_bytes()).collect();
        let cut: Vec<_> = winxml::fields(&xml.as_bytes()[..at.index(xml.len())]).collect();
        if let Some((last, others)) = cut.split_last() {
            prop_assert_eq!(others, &whole[..others.len()], "{}", xml);
            let uncut = whole.get(others.len()).map(|native| native.value);
            prop_assert!(uncut.is_some_and(|value| value.starts_with(last.value)), "{}", xml);
        }
    }

    #[test]
    fn damaged_events_are_survived(
        xml in event(vec!["System", "EventData", "RenderingInfo"]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
    ) {
        let mut raw = xml.into_bytes();
        for (at, byte) in damage {
            let at = at.index(raw.len());
            raw[at] = byte;
        }
        let bump = Bump::new();
        for native in winxml::fields(&raw) {
            let _ = (native.text(&bump), native.field_name(&bump));
        }
        let _ = winxml::system(&raw);
    }
}

/// Reads the events that stand beside the repository, where they do.
#[test]
fn real_events_are_read_as_quick_xml_reads_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no folder {}", folder.display());
        return;
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut events = 0;
    for path in paths.filter(|path| path.to_string_lossy().ends_with(".xml.zst")) {
        let file = std::fs::File::open(&path).unwrap();
        let lines = std::io::BufReader::new(zstd::Decoder::new(file).unwrap());
        for line in std::io::BufRead::lines(lines).take(2_000) {
            let line = line.unwrap();
            let Ok(event) = tree(&line) else { continue };
            assert_eq!(scanned(&line), expected(&event), "{}: {line}", path.display());
            events += 1;
        }
    }
    assert!(events > 1_000, "only {events} events were compared");
}
