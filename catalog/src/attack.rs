//! The public facts of MITRE ATT&CK: tactics in the order of the matrix, techniques with their names and tactics.
//!
//! Enterprise ATT&CK [`VERSION`]. Rules that are older say names of older versions, so each technique has those too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use crate::entry::Technique;

/// The version of the tables in `data/`.
pub(crate) const VERSION: &str = "16.1";

/// The one set of tables.
pub(crate) static ATTACK: LazyLock<Attack> = LazyLock::new(Attack::read);

/// What is known of ATT&CK.
#[derive(Debug)]
pub(crate) struct Attack {
    /// In the order of the matrix.
    pub(crate) tactics: Vec<Tactic>,
    techniques: BTreeMap<String, Known>,
    /// Every name that a technique has or had, in lower case, to its id.
    ids: BTreeMap<String, String>,
}

/// One tactic.
#[derive(Debug)]
pub(crate) struct Tactic {
    pub(crate) name: String,
    /// Such as `credential-access`.
    pub(crate) short_name: String,
}

/// One technique or sub-technique.
#[derive(Debug)]
pub(crate) struct Known {
    /// That of a sub-technique stands behind that of its technique.
    pub(crate) name: String,
    /// The names of its tactics, in their order.
    pub(crate) tactics: Vec<String>,
}

impl Attack {
    fn read() -> Self {
        let tactics = rows(include_str!("../data/attack_tactics.csv"))
            .map(|row| Tactic { name: row[1].to_owned(), short_name: row[2].to_owned() })
            .collect();
        let mut attack = Self { tactics, techniques: BTreeMap::new(), ids: BTreeMap::new() };
        for row in rows(include_str!("../data/attack_techniques.csv")) {
            let (id, name) = (row[0].to_owned(), row[1].to_owned());
            let known = std::iter::once(name.as_str());
            let names = known.chain(row[3].split(';').filter(|name| !name.is_empty()));
            for name in names {
                attack.ids.entry(name.to_lowercase()).or_insert_with(|| id.clone());
            }
            let mut tactics: Vec<_> =
                row[2].split(';').map(|tactic| attack.tactic_name(tactic)).collect();
            tactics.sort();
            attack.techniques.insert(id, Known { name, tactics });
        }
        attack
    }

    /// The technique that has the id `id`.
    pub(crate) fn technique(&self, id: &str) -> Option<&Known> {
        self.techniques.get(id)
    }

    /// Every technique, in the order of their ids.
    pub(crate) fn techniques(&self) -> impl Iterator<Item = (&str, &Known)> {
        self.techniques.iter().map(|(id, known)| (id.as_str(), known))
    }

    /// The name of the tactic `short_name`; of an unknown one, the same in title case.
    pub(crate) fn tactic_name(&self, short_name: &str) -> String {
        let wanted = short_name.trim().to_lowercase().replace(' ', "-");
        let found = self.tactics.iter().find(|tactic| tactic.short_name == wanted);
        found.map_or_else(|| title_case(short_name), |tactic| tactic.name.clone())
    }

    /// What a rule covers: of each name `tactic:technique:sub-technique` that it says, else of each id.
    pub(crate) fn coverage(&self, names: &[String], ids: &[String]) -> Vec<Technique> {
        let mut covered: Vec<Technique> = names.iter().map(|name| self.named(name)).collect();
        if names.is_empty() {
            covered = ids.iter().flat_map(|id| self.with_id(id.trim())).collect();
        }
        let mut seen = BTreeSet::new();
        covered.retain(|one| seen.insert((one.tactic.clone(), one.technique.clone())));
        covered
    }

    fn named(&self, text: &str) -> Technique {
        let (tactic, name) = text.split_once(':').unwrap_or(("", text));
        let parts: Vec<_> = name.split(':').map(str::trim).collect();
        let name = parts.join(": ");
        let id = self.ids.get(&name.to_lowercase()).cloned();
        let known = id.as_deref().and_then(|id| self.technique(id));
        let technique = known.map_or_else(|| title_case(&name), |known| known.name.clone());
        Technique { tactic: self.tactic_name(tactic), technique_id: id, technique }
    }

    /// The technique under each of its tactics; of an unknown one, its id alone.
    fn with_id(&self, id: &str) -> Vec<Technique> {
        let made = |tactic: &str, technique: &str| Technique {
            tactic: tactic.to_owned(),
            technique_id: Some(id.to_owned()),
            technique: technique.to_owned(),
        };
        match self.technique(id) {
            Some(known) => known.tactics.iter().map(|tactic| made(tactic, &known.name)).collect(),
            None => vec![made("", id)],
        }
    }
}

/// Whether `text` has the form of a technique's id.
pub(crate) fn is_id(text: &str) -> bool {
    let all_digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('T').is_some_and(|digits| match digits.split_once('.') {
        Some((technique, sub)) => all_digits(technique, 4) && all_digits(sub, 3),
        None => all_digits(digits, 4),
    })
}

/// The page of the technique `id` at its publisher; none if it is no id.
pub(crate) fn address(id: &str) -> Option<String> {
    is_id(id).then(|| format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/")))
}

/// The rows of a table of `data/`, without its header.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = csv::StringRecord> {
    let reader = csv::Reader::from_reader(text.as_bytes());
    reader.into_records().map(|row| row.expect("the tables of data/ are sound"))
}

fn title_case(text: &str) -> String {
    let words = text.split([' ', '-']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut characters = word.chars();
        let first = characters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(characters).collect::<String>()
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_old_and_new_have_ids() {
        for (text, id) in [
            ("execution:windows management instrumentation", Some("T1047")),
            ("defense-evasion:impair defenses:disable cloud logs", Some("T1562.008")),
            ("defense-evasion:domain policy modification", Some("T1484")),
            ("impact:no such thing", None),
        ] {
            let covered = ATTACK.coverage(&[text.to_owned()], &[]);
            assert_eq!(covered[0].technique_id.as_deref(), id, "{text}");
        }
    }

    #[test]
    fn an_id_stands_under_each_of_its_tactics_in_the_order_of_their_names() {
        let covered = ATTACK.coverage(&[], &["T1133".to_owned(), "T1133".to_owned()]);
        let tactics: Vec<_> = covered.iter().map(|one| one.tactic.as_str()).collect();
        assert_eq!(tactics, ["Initial Access", "Persistence"]);
        assert_eq!(ATTACK.coverage(&[], &["<b>".to_owned()])[0].technique, "<b>");
    }

    #[test]
    fn every_technique_has_tactics_of_the_matrix() {
        let names: BTreeSet<_> = ATTACK.tactics.iter().map(|tactic| &tactic.name).collect();
        assert_eq!(names.len(), 14);
        assert!(ATTACK.techniques().count() > 650);
        for (id, known) in ATTACK.techniques() {
            assert!(is_id(id) && !known.tactics.is_empty(), "{id}");
            assert!(known.tactics.iter().all(|tactic| names.contains(tactic)), "{id}");
        }
    }

    #[test]
    fn only_ids_have_addresses() {
        assert!(address("T1546.003").is_some_and(|it| it.ends_with("/T1546/003/")));
        for text in ["", "T1", "T15460", "T1546.03", "t1546", "T1546/../x", "TA0001"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
