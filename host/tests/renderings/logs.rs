//! Events of the generator as event logs of Windows.

use caltrop_benches::generator::Event;

use super::support::{Content, Element, element, event_log};

/// A log of these events; they must fit into one chunk.
pub(crate) fn log(events: &[Event]) -> Vec<u8> {
    let heads: Vec<Head> = events.iter().map(Head::of).collect();
    let elements: Vec<Element<'_>> =
        events.iter().zip(&heads).map(|(event, head)| head.element(event)).collect();
    event_log(&elements)
}

/// What stands in the part that every log has, as text.
struct Head {
    id: String,
    time: String,
    record: String,
}

impl Head {
    fn of(event: &Event) -> Self {
        let time = jiff::Timestamp::from_nanosecond(i128::from(event.tick) * 100).unwrap();
        Self {
            id: event.id.to_string(),
            time: format!("{time:.9}"),
            record: event.record.to_string(),
        }
    }

    fn element<'a>(&'a self, event: &'a Event) -> Element<'a> {
        let system = vec![
            empty("Provider", "Name", "Microsoft-Windows-Sysmon"),
            element("EventID", Content::Text(&self.id)),
            empty("TimeCreated", "SystemTime", &self.time),
            element("EventRecordID", Content::Text(&self.record)),
            element("Channel", Content::Text("Microsoft-Windows-Sysmon/Operational")),
            element("Computer", Content::Text(&event.host)),
            empty("Security", "UserID", "S-1-5-18"),
        ];
        let data = |(name, value): &'a (&'static str, String)| Element {
            name: "Data",
            attributes: vec![("Name", *name)],
            content: Content::Text(value),
        };
        let children = vec![
            element("System", Content::Children(system)),
            element("EventData", Content::Children(event.data.iter().map(data).collect())),
        ];
        element("Event", Content::Children(children))
    }
}

fn empty<'a>(name: &'a str, attribute: &'a str, value: &'a str) -> Element<'a> {
    Element { name, attributes: vec![(attribute, value)], content: Content::Children(Vec::new()) }
}
