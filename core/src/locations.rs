//! Where network addresses are: a MaxMind database of cities or countries, for `iplocation`.
//!
//! The bytes come from the operator, and so they are read, not believed: what is damaged has no answer. Unlike events, a
//! database is shared by all engines of a process.

use std::{fmt, net::IpAddr, sync::Arc};

use bumpalo::Bump;
use maxminddb::{LookupResult, PathElement, Reader};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::value::Value;

/// A database of locations. Cheap to clone.
#[derive(Clone)]
pub struct Locations {
    reader: Arc<Reader<Arc<[u8]>>>,
    digest: [u8; 32],
}

/// Why bytes are no database.
#[derive(Debug)]
pub struct LocationsError(maxminddb::MaxMindDbError);

impl fmt::Display for LocationsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "no MaxMind database: {}", self.0)
    }
}

impl std::error::Error for LocationsError {}

/// What a database says of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// The name of the city.
    City,
    /// The name of the country.
    Country,
    /// The name of the largest part of the country.
    Region,
    /// The name of the continent.
    Continent,
    /// The latitude in degrees.
    Latitude,
    /// The longitude in degrees.
    Longitude,
    /// The number of the market in the United States.
    MetroCode,
    /// The name of the zone, such as `Europe/Berlin`.
    Timezone,
}

/// How places are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Language {
    /// By their names in that language, such as `de`; in English where they have none.
    Code(Box<str>),
    /// By the codes of ISO: `DE`. Cities have none and keep their English names.
    Iso,
}

impl Locations {
    /// Reads a database.
    ///
    /// # Errors
    /// If the bytes are none of MaxMind's format.
    pub fn from_bytes(bytes: Arc<[u8]>) -> Result<Self, LocationsError> {
        let digest = Sha256::digest(&bytes).into();
        let reader = Arc::new(Reader::from_source(bytes).map_err(LocationsError)?);
        Ok(Self { reader, digest })
    }

    /// SHA-256 of its bytes.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What is known of an address; `None` where nothing is.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<Place<'_>> {
        let found = self.reader.lookup(address).ok()?;
        found.has_data().then_some(Place(found))
    }
}

impl fmt::Debug for Locations {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Locations({})", self.reader.metadata().database_type)
    }
}

/// What a database says of an address.
#[derive(Debug)]
pub struct Place<'d>(LookupResult<'d, Arc<[u8]>>);

impl<'d> Place<'d> {
    /// One thing of it; null where the database does not say.
    #[must_use]
    pub fn get<'e>(&self, attribute: Attribute, language: &Language, bump: &'e Bump) -> Value<'e> {
        match attribute {
            Attribute::City => self.named("city", "code", language, bump),
            Attribute::Country => self.named("country", "iso_code", language, bump),
            Attribute::Continent => self.named("continent", "code", language, bump),
            Attribute::Region => {
                let region = [PathElement::Key("subdivisions"), PathElement::Index(0)];
                self.name(&region, "iso_code", language, bump)
            }
            Attribute::Latitude => self.number::<f64>("latitude"),
            Attribute::Longitude => self.number::<f64>("longitude"),
            Attribute::MetroCode => self.number::<u16>("metro_code"),
            Attribute::Timezone => {
                self.text(&[PathElement::Key("location"), PathElement::Key("time_zone")], bump)
            }
        }
    }

    fn named<'e>(&self, key: &str, code: &str, language: &Language, bump: &'e Bump) -> Value<'e> {
        self.name(&[PathElement::Key(key)], code, language, bump)
    }

    fn name<'e>(
        &self,
        path: &[PathElement<'_>],
        code: &str,
        language: &Language,
        bump: &'e Bump,
    ) -> Value<'e> {
        let below = |keys: &[&str]| {
            let keys = keys.iter().map(|key| PathElement::Key(key));
            self.text(&path.iter().cloned().chain(keys).collect::<Vec<_>>(), bump)
        };
        let asked = match language {
            Language::Code(language) => below(&["names", language]),
            Language::Iso => below(&[code]),
        };
        if asked.is_null() { below(&["names", "en"]) } else { asked }
    }

    fn text<'e>(&self, path: &[PathElement<'_>], bump: &'e Bump) -> Value<'e> {
        let found: Option<&'d str> = self.0.decode_path(path).ok().flatten();
        found.map_or(Value::Null, |text| Value::Text(bump.alloc_str(text).as_bytes()))
    }

    fn number<T: Deserialize<'d> + Into<f64>>(&self, key: &str) -> Value<'static> {
        let path = [PathElement::Key("location"), PathElement::Key(key)];
        let found: Option<T> = self.0.decode_path(&path).ok().flatten();
        found.map_or(Value::Null, |number| Value::Number(number.into()))
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A database of one network, written by hand.

    use std::sync::Arc;

    use caltrop_benches::maxmind::{self, array, double, map, short, text};

    use super::Locations;

    /// What is known of 192.0.2.0/24; nothing of any other address.
    pub(crate) fn database() -> Locations {
        Locations::from_bytes(bytes().into()).expect("it is written as MaxMind writes them")
    }

    pub(crate) fn bytes() -> Vec<u8> {
        maxmind::database(&place())
    }

    fn place() -> Vec<u8> {
        let names =
            |english: &str, german: &str| map(&[("en", text(english)), ("de", text(german))]);
        let location = [
            ("latitude", double(48.137)),
            ("longitude", double(11.575)),
            ("metro_code", short(7)),
            ("time_zone", text("Europe/Berlin")),
        ];
        let region = map(&[("iso_code", text("BY")), ("names", map(&[("en", text("Bavaria"))]))]);
        map(&[
            ("city", map(&[("names", names("Munich", "M\u{fc}nchen"))])),
            ("continent", map(&[("code", text("EU")), ("names", names("Europe", "Europa"))])),
            (
                "country",
                map(&[("iso_code", text("DE")), ("names", names("Germany", "Deutschland"))]),
            ),
            ("location", map(&location)),
            ("subdivisions", array(&[region])),
        ])
    }

    #[test]
    fn damaged_bytes_are_no_database_or_have_no_answer() {
        assert!(Locations::from_bytes(Arc::from(b"".as_slice())).is_err());
        let whole = bytes();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xFF;
            if let Ok(locations) = Locations::from_bytes(damaged.into()) {
                let bump = bumpalo::Bump::new();
                if let Some(place) = locations.find([192, 0, 2, 1].into()) {
                    let language = super::Language::Code("de".into());
                    let _ = place.get(super::Attribute::Region, &language, &bump);
                    let _ = place.get(super::Attribute::Latitude, &language, &bump);
                }
            }
        }
    }
}
