//! Which rules mean the same: what a rule keeps of its events may be taken up by a rule of the same hash, and by no other.
//!
//! The hash is the first 128 bits of SHA-256 over, each as [`codec`] writes it:
//!
//! 1. the version of the byte form of state ([`codec::VERSION`]), a number;
//! 2. the rule's tree after its macros were expanded, printed as canonical SPL, a text;
//! 3. SHA-256 of all that the knowledge says of fields ([`Knowledge::field_digest`](crate::knowledge::Knowledge::field_digest)), plain;
//! 4. whether raw terms are strict, a flag;
//! 5. the rule's own windows: whether their length is a number of calendar units, a flag; that length, else its nanoseconds, an
//!    integer; the unit (0 a day, 1 a week, 2 a month), a byte, where there is one; their offset in nanoseconds, an integer;
//! 6. of every lookup table that the rule or some `LOOKUP-` of props.conf names, in the order of their files' names: that name, a
//!    text, and SHA-256 of the text of the file, plain.
//! 7. where the tree names `outputlookup` and that may write, a flag that is set;
//! 8. where the tree names `iplocation` and there is a database of locations, SHA-256 of that, plain.
//!
//! So comments, spaces, the rule's path and title, the order of the rules, and macros that the rule does not call leave it as it
//! is. Every setting of props.conf, transforms.conf, eventtypes.conf and tags.conf changes it, also of fields that the rule does
//! not read: which it reads is not known where it says `values(*)`, and state that is lost is better than state that is wrong.
//! The engine's own options (its windows, its zone) are not the rule's: a saved state holds them apart.

use sha2::{Digest, Sha256};

use super::lookups::TableDigests;
use crate::{
    codec::{self, Writer},
    compiled::{Closing, Period, PlanHash},
    locations::Locations,
    ruleset::BuildOptions,
    spl::{self, tree::Pipeline},
    stage::bin::{CalendarUnit, Span},
};

/// SHA-256 of what the knowledge says of fields.
pub(crate) type FieldDigest = [u8; 32];

/// The hash of a rule whose expanded text parses to `pipeline`.
pub(crate) fn plan_hash(
    pipeline: &Pipeline,
    fields: &FieldDigest,
    tables: &TableDigests,
    options: BuildOptions,
    closing: &Closing,
    locations: Option<&Locations>,
) -> PlanHash {
    let BuildOptions { strict_raw, allow_write } = options;
    let mut out = Writer::default();
    out.number(codec::VERSION.into());
    let text = spl::print(pipeline);
    out.text(text.as_bytes());
    out.plain(fields);
    out.flag(strict_raw);
    encode_period(&closing.period, &mut out);
    for (file, digest) in tables {
        out.text(file.as_bytes());
        out.plain(digest);
    }
    if allow_write && text.contains("outputlookup") {
        out.flag(true);
    }
    if let Some(locations) = locations.filter(|_| text.contains("iplocation")) {
        out.plain(locations.digest());
    }
    let digest = Sha256::digest(out.into_bytes());
    let first = digest.first_chunk().expect("SHA-256 has 32 bytes");
    PlanHash::from_bytes(*first)
}

fn encode_period(period: &Period, out: &mut Writer) {
    match period.span {
        Span::Calendar(count, unit) => {
            out.flag(true);
            out.integer(count);
            out.byte(match unit {
                CalendarUnit::Day => 0,
                CalendarUnit::Week => 1,
                CalendarUnit::Month => 2,
            });
        }
        ref span => {
            out.flag(false);
            out.integer(span.length_ns());
        }
    }
    out.integer(period.offset_ns);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        compiled::Revision, knowledge::Knowledge, locations::testing::bytes,
        ruleset::RuleSetBuilder,
    };

    const SPL: &str = "TERM(a) `m` | bin span=1s | stats count by _time";

    fn knowledge(macros: &str, props: &str) -> Knowledge {
        let mut knowledge = Knowledge::builtin();
        let problems = knowledge.overlay(&[("app/macros.conf", macros), ("app/props.conf", props)]);
        assert!(problems.is_empty(), "{problems:?}");
        knowledge
    }

    fn with_macro(definition: &str) -> Knowledge {
        knowledge(&format!("[m]\ndefinition = {definition}\n"), "")
    }

    /// The hash of `spl` among other rules.
    fn hash(spl: &str, knowledge: &Knowledge, options: BuildOptions) -> PlanHash {
        let mut builder = RuleSetBuilder::new(knowledge.clone(), options);
        builder.add_spl("z", "TERM(other) | stats values(*) as *");
        builder.add_spl("m", spl);
        builder.add_spl("a", "TERM(another) x=1");
        let built = builder.build();
        let rule = built.rules.rules().find(|rule| rule.meta.path == "m");
        rule.expect("it compiles").plan_hash
    }

    #[test]
    fn what_means_the_same_hashes_the_same() {
        let plain = BuildOptions::default();
        let first = hash(SPL, &with_macro("x=1"), plain);
        let spaced = "TERM(a)  `m` ```why```| bin   span=1s|stats count BY _time";
        for (spl, macros) in [
            (SPL, "[m]\ndefinition = x=1\n[unused]\ndefinition = y\n"),
            (spaced, "[m]\ndefinition = x=1\n"),
            ("TERM(a) x=1 | bin span=1s | stats count by _time", ""),
            (SPL, "[inner]\ndefinition = x=1\n[m]\ndefinition = `inner`\n"),
        ] {
            assert_eq!(hash(spl, &knowledge(macros, ""), plain), first, "{spl} {macros}");
        }
    }

    #[test]
    fn what_means_something_else_hashes_to_something_else() {
        let plain = BuildOptions::default();
        let strict = BuildOptions { strict_raw: true, ..plain };
        let props = knowledge("[m]\ndefinition = x=1\n", "[s]\nEVAL-x = 1\n");
        let moved = knowledge("[m]\ndefinition = x=1\n", "[t]\nEVAL-x = 1\n");
        let hashes = [
            hash(SPL, &with_macro("x=1"), plain),
            hash(SPL, &with_macro("x=2"), plain),
            hash(SPL, &with_macro("x=1"), strict),
            hash(SPL, &props, plain),
            hash(SPL, &moved, plain),
            hash(&SPL.replace("1s", "2s"), &with_macro("x=1"), plain),
            hash(&SPL.replace("count", "count as n"), &with_macro("x=1"), plain),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..index].contains(hash), "{index}: {hash}");
        }
    }

    #[test]
    fn every_file_that_says_what_a_field_is_counts() {
        let hash_with = |files: &[(&str, &str)]| {
            let mut knowledge = Knowledge::builtin();
            let problems = knowledge.overlay(files);
            assert!(problems.is_empty(), "{problems:?}");
            hash("TERM(a) | stats count", &knowledge, BuildOptions::default())
        };
        let macros = |definition| ("macros.conf", definition);
        let looking_up = ("props.conf", "[x]\nLOOKUP-y = t a OUTPUT b\n");
        let calling = ("eventtypes.conf", "[x]\nsearch = `m`\n");
        let hashes = [
            hash_with(&[]),
            hash_with(&[("transforms.conf", "[x]\nREGEX = (?<y>a)\n")]),
            hash_with(&[("transforms.conf", "[x]\nREGEX = (?<y>b)\n")]),
            hash_with(&[("eventtypes.conf", "[x]\nsearch = a\n")]),
            hash_with(&[("tags.conf", "[y=a]\nz = enabled\n")]),
            hash_with(&[calling, macros("[m]\ndefinition = a\n")]),
            hash_with(&[calling, macros("[m]\ndefinition = b\n")]),
            hash_with(&[looking_up, ("lookups/t.csv", "a,b\n1,2\n")]),
            hash_with(&[looking_up, ("lookups/t.csv", "a,b\n1,3\n")]),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..index].contains(hash), "{index}: {hash}");
        }
        assert_eq!(hash_with(&[macros("[m]\ndefinition = a\n")]), hashes[0]);
    }

    #[test]
    fn the_tables_that_a_rule_names_count_and_no_others() {
        let hash_with = |spl: &str, table: &str, other: &str| {
            let mut knowledge = Knowledge::builtin();
            let problems = knowledge.overlay(&[("lookups/t.csv", table), ("lookups/u.csv", other)]);
            assert!(problems.is_empty(), "{problems:?}");
            hash(spl, &knowledge, BuildOptions::default())
        };
        for spl in ["TERM(a) | lookup t a OUTPUT b", "| inputlookup t.csv"] {
            let first = hash_with(spl, "a,b\n1,2\n", "a\n");
            assert_ne!(hash_with(spl, "a,b\n1,3\n", "a\n"), first);
            assert_eq!(hash_with(spl, "a,b\n1,2\n", "b\n"), first);
        }
    }

    #[test]
    fn the_database_of_locations_counts_where_a_rule_asks_it() {
        let hash_with = |spl: &str, locations: Option<Vec<u8>>| {
            let mut knowledge = Knowledge::builtin();
            knowledge.locations = locations.map(|bytes| {
                Locations::from_bytes(bytes.into()).expect("it is written as MaxMind writes them")
            });
            hash(spl, &knowledge, BuildOptions::default())
        };
        let munich = bytes();
        let mut other = munich.clone();
        let at = munich.windows(6).position(|text| text == b"Munich").expect("it is a place");
        other[at] = b'Z';
        let asks = "TERM(a) | iplocation ip | stats count by City";
        let hashes = [None, Some(&munich), Some(&other)].map(|it| hash_with(asks, it.cloned()));
        assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
        let asks_not = "TERM(a) | stats count by City";
        assert_eq!(hash_with(asks_not, Some(munich)), hash_with(asks_not, Some(other)));
    }

    #[test]
    fn the_hash_is_the_same_in_every_run_and_on_every_machine() {
        let period = Period { span: Span::Fixed(3_600_000_000_000), offset_ns: 60_000_000_000 };
        let closing = Closing { bucket: None, by_host: false, period, revision: Revision::Never };
        let (pipeline, _) = crate::spl::parse("TERM(a) | stats count");
        let hash = |tables: &TableDigests| {
            plan_hash(&pipeline, &[7; 32], tables, BuildOptions::default(), &closing, None)
                .to_string()
        };
        // Worked out with another program from the six parts above.
        assert_eq!(hash(&TableDigests::new()), "e3fada54466dee411270ed0fc92bc809");
        let tables = [("b.csv", [9; 32]), ("a.csv", [8; 32])];
        let tables = tables.map(|(name, digest)| (name.to_owned(), digest)).into();
        assert_eq!(hash(&tables), "9ab3d708abd5c6b1062043cb308fdb94");
    }
}
