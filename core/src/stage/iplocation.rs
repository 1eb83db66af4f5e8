//! `iplocation`: where an address is, by a MaxMind database that the operator gives.
//!
//! Class: row-local. Unlike Splunk, which ships one, caltrop has no database of its own: without one the command adds nothing,
//! and the program says so once. Decisions where Splunk's manual is silent:
//!
//! - What the database does not know is absent, and what the field held before goes.
//! - Of a multivalue each address is looked up, and each field holds what is known of them, in their order.

use bumpalo::collections::Vec as BumpVec;

use super::Verdict;
use crate::{
    ids::FieldId,
    locations::{Attribute, Language, Locations, Place},
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `iplocation field`.
#[derive(Clone, Debug)]
pub struct IpLocation {
    /// The field that holds the address.
    pub field: FieldId,
    /// What is asked, and the fields that get it.
    pub outputs: Box<[(Attribute, FieldId)]>,
    /// How places are called.
    pub language: Language,
    /// The database; `None` where the operator gave none.
    pub locations: Option<Locations>,
}

impl IpLocation {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        self.outputs.iter().any(|(_, output)| *output == field)
    }

    /// Adds the fields of a row's address. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let addresses = row.get(self.field).texts(env.bump);
        if let Some(locations) = self.locations.as_ref().filter(|_| !addresses.is_empty()) {
            let places: Vec<_> =
                addresses.iter().filter_map(|text| place(text, locations)).collect();
            for (attribute, output) in &self.outputs {
                row.set(Name::Known(*output), self.value(*attribute, &places, env));
            }
        }
        Verdict::Keep
    }

    fn value<'e>(&self, attribute: Attribute, places: &[Place<'_>], env: Env<'e>) -> Value<'e> {
        let values = places.iter().map(|place| place.get(attribute, &self.language, env.bump));
        let texts = values.filter_map(|value| value.text(env.bump));
        Value::from_list(BumpVec::from_iter_in(texts, env.bump).into_bump_slice())
    }
}

fn place<'d>(text: &[u8], locations: &'d Locations) -> Option<Place<'d>> {
    locations.find(std::str::from_utf8(text).ok()?.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use crate::{
        knowledge::Knowledge,
        locations::testing::database,
        stage::testing::{run, run_knowing},
    };

    #[test]
    fn fields_of_a_place_are_added() {
        let mut knowledge = Knowledge::default();
        knowledge.locations = Some(database());
        for (command, row, expected) in [
            (
                "iplocation ip",
                "ip=192.0.2.7",
                "ip=192.0.2.7 City=Munich Country=Germany Region=Bavaria lat=48.137 lon=11.575",
            ),
            (
                "iplocation prefix=src_ lang=de ip | fields src_*",
                "ip=192.0.2.7",
                "src_City=M\\xc3\\xbcnchen src_Country=Deutschland src_Region=Bavaria src_lat=48.137 src_lon=11.575",
            ),
            (
                "iplocation allfields=t lang=code ip | fields - ip, l*",
                "ip=192.0.2.7",
                "City=Munich Country=DE Region=BY Continent=EU MetroCode=7 Timezone=Europe/Berlin",
            ),
            (
                "iplocation ip | fields Country",
                "ip=10.0.0.1|192.0.2.1|192.0.2.2",
                "Country=Germany|Germany",
            ),
            ("iplocation ip", "ip=10.0.0.1 City=old", "ip=10.0.0.1"),
            ("iplocation ip", "ip=::1", "ip=::1"),
            ("iplocation ip", "ip=x", "ip=x"),
            ("iplocation ip", "a=1 City=kept", "a=1 City=kept"),
        ] {
            assert_eq!(run_knowing(&knowledge, command, &[row]), expected, "{command} on {row}");
        }
    }

    #[test]
    fn without_a_database_nothing_is_added() {
        assert_eq!(run("iplocation ip", "ip=192.0.2.7"), "ip=192.0.2.7");
    }
}
