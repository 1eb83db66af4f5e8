//! What a description says beyond its prose: the groups, software, vulnerabilities and atomic tests behind it.
//!
//! Catalogs write them as sections at the end, ` -- Threat Actor Association: A, B (aka. C/D) - Software Association: E`, in a
//! few spellings. A sentence may say the same: `... are the actors A and B, and the software C.` Names stand between commas
//! outside of parentheses and are told as written.

use crate::entry::Atomic;

/// What was found in a description.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Associations {
    /// The prose before them.
    pub(crate) summary: String,
    pub(crate) actors: Vec<String>,
    pub(crate) software: Vec<String>,
    pub(crate) vulnerabilities: Vec<String>,
    pub(crate) atomics: Vec<Atomic>,
}

/// What a section lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Actors,
    Software,
    Vulnerabilities,
    Other,
}

/// How sections start, in lower case.
const HEADINGS: &[(&str, Kind)] = &[
    ("threat actor association:", Kind::Actors),
    ("threat actor associations:", Kind::Actors),
    ("threat actor assocaition:", Kind::Actors),
    ("threatactor association:", Kind::Actors),
    ("threat group association:", Kind::Actors),
    ("threat group associations:", Kind::Actors),
    ("software association:", Kind::Software),
    ("software associations:", Kind::Software),
    ("software attribution:", Kind::Software),
    ("vulnerability association:", Kind::Vulnerabilities),
    ("vulnerability associations:", Kind::Vulnerabilities),
    ("atomics", Kind::Other),
    ("atomic test", Kind::Other),
    ("note:", Kind::Other),
    ("#trending", Kind::Other),
];

/// Reads `description`.
pub(crate) fn read(description: &str) -> Associations {
    // Lower case of ASCII alone keeps every place.
    let lower = description.to_ascii_lowercase();
    let sections = sections(&lower);
    let prose = sections.first().map_or(description.len(), |section| section.start);
    let mut found = Associations {
        summary: prose_of(&description[..prose]),
        atomics: atomics(description),
        ..Associations::default()
    };
    for (index, section) in sections.iter().enumerate() {
        let end = sections.get(index + 1).map_or(description.len(), |next| next.start);
        let names = names(&description[section.content..end]);
        match section.kind {
            Kind::Actors => found.actors.extend(names),
            Kind::Software => found.software.extend(names),
            Kind::Vulnerabilities => found.vulnerabilities.extend(names),
            Kind::Other => {}
        }
    }
    found.actors.extend(sentence_names(&found.summary, "are the actors "));
    found.software.extend(sentence_names(&found.summary, "and the software "));
    for names in [&mut found.actors, &mut found.software, &mut found.vulnerabilities] {
        unique(names);
    }
    found
}

struct Section {
    kind: Kind,
    /// Where its heading starts.
    start: usize,
    /// Where what it lists starts.
    content: usize,
}

fn sections(lower: &str) -> Vec<Section> {
    let found = |(heading, kind): &(&'static str, Kind)| {
        let (length, kind) = (heading.len(), *kind);
        let places = lower.match_indices(heading).filter(|(at, _)| is_heading(lower, *at, kind));
        places
            .map(move |(start, _)| Section { kind, start, content: start + length })
            .collect::<Vec<_>>()
    };
    let mut sections: Vec<_> = HEADINGS.iter().flat_map(found).collect();
    sections.sort_by_key(|section| section.start);
    sections
}

/// A word of prose may be `note:` or `atomics` too: those start a section only behind a dash.
fn is_heading(lower: &str, at: usize, kind: Kind) -> bool {
    let before = lower[..at].trim_end();
    kind != Kind::Other || before.is_empty() || before.ends_with(['-', '\n', '\u{2013}'])
}

fn prose_of(text: &str) -> String {
    text.trim().trim_end_matches(['-', '\u{2013}', ' ']).to_owned()
}

/// The names that a sentence of `prose` lists behind `opening`, up to what it lists next.
fn sentence_names(prose: &str, opening: &str) -> Vec<String> {
    let Some((_, rest)) = prose.split_once(opening) else { return Vec::new() };
    let rest = rest.split(". ").next().unwrap_or(rest);
    let list = rest.split(", and the ").next().unwrap_or(rest);
    names(&list.replace(" and ", ", "))
}

/// The names that `text` lists.
fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                names.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(&text[start..]);
    let names = names.into_iter().map(|name| prose_of(name).trim_end_matches('.').to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

fn unique(names: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
}

/// The atomic tests: `Atomics T1047 Test#7`, `Atomic Test #1: T1027`, `Atomics 1003.001 Test`.
fn atomics(text: &str) -> Vec<Atomic> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ",:;()".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut atomics = sentence_atomics(&words);
    let starts = words.iter().enumerate().filter(|(_, word)| is_atomic(word));
    for (at, _) in starts {
        let rest = &words[at + 1..];
        let end = rest.iter().position(|word| is_atomic(word)).unwrap_or(rest.len()).min(6);
        if let Some(atomic) = atomic(&rest[..end]).filter(|atomic| !atomics.contains(atomic)) {
            atomics.push(atomic);
        }
    }
    atomics
}

/// `tests 7, 8 and 9 of T1047`.
fn sentence_atomics(words: &[&str]) -> Vec<Atomic> {
    let Some(start) = words.iter().position(|word| word.starts_with("test")) else {
        return Vec::new();
    };
    let rest = &words[start + 1..];
    let Some(of) = rest.iter().position(|word| *word == "of") else { return Vec::new() };
    let numbers = rest[..of].iter().filter(|word| **word != "and").map(|word| word.parse().ok());
    let (Some(numbers), Some(id)) = (
        numbers.collect::<Option<Vec<u32>>>(),
        rest.get(of + 1).and_then(|word| technique_id(word)),
    ) else {
        return Vec::new();
    };
    numbers.into_iter().map(|test| Atomic { technique_id: id.clone(), test: Some(test) }).collect()
}

fn is_atomic(word: &str) -> bool {
    word.eq_ignore_ascii_case("atomics") || word.eq_ignore_ascii_case("atomic")
}

/// The test that the words behind `Atomics` name.
fn atomic(words: &[&str]) -> Option<Atomic> {
    let technique_id = words.iter().find_map(|word| technique_id(word))?;
    let number = |word: &&str| {
        let digits = word.trim_start_matches(|c: char| c == '#' || c.is_ascii_alphabetic());
        let is_number = word.contains('#') || digits.len() == word.len();
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|_| is_number)
    };
    let test = words.iter().filter(|word| self::technique_id(word).is_none()).find_map(number);
    Some(Atomic { technique_id, test })
}

fn technique_id(word: &str) -> Option<String> {
    let word = word.trim_end_matches(['.', '-']);
    let digits = word.strip_prefix(['T', 't']).unwrap_or(word);
    let id = format!("T{digits}");
    crate::attack::is_id(&id).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atomic(technique_id: &str, test: Option<u32>) -> Atomic {
        Atomic { technique_id: technique_id.to_owned(), test }
    }

    #[test]
    fn sections_in_every_spelling() {
        let found = read(
            "Odd child, of - a word. -- Threat Actor Association: Red Fox (aka. RF, Fox/Vixen), Blue Hare - Software \
             Association: Burrow, Den -- Atomics T1047 Test#7 Atomics T1003.001 Test #2",
        );
        assert_eq!(found.summary, "Odd child, of - a word.");
        assert_eq!(found.actors, ["Red Fox (aka. RF, Fox/Vixen)", "Blue Hare"]);
        assert_eq!(found.software, ["Burrow", "Den"]);
        assert_eq!(found.atomics, [atomic("T1047", Some(7)), atomic("T1003.001", Some(2))]);
        let found = read(
            "x -- Threat Actor Assocaition: A -- Vulnerability Association: CVE-1 - Note: see B, C",
        );
        assert_eq!(
            (found.actors, found.vulnerabilities),
            (vec!["A".to_owned()], vec!["CVE-1".to_owned()])
        );
    }

    #[test]
    fn atomic_tests_in_every_spelling() {
        for (text, technique, test) in [
            ("Atomics T1070.001 #Test2", "T1070.001", Some(2)),
            ("Atomic Test #1: T1027", "T1027", Some(1)),
            ("Atomics 1003.001 Test", "T1003.001", None),
            ("atomics T1036 Test #12.", "T1036", Some(12)),
        ] {
            assert_eq!(read(text).atomics, [atomic(technique, test)], "{text}");
        }
    }

    #[test]
    fn a_sentence_lists_them_too() {
        let found = read(
            "Known to do so are the actors Red Fox, Blue Hare (aka Hare, BH) and Owl, and the software Den and Burrow. \
             To see it, run Atomic Red Team tests 7, 8 and 9 of T1047.",
        );
        assert_eq!(found.actors, ["Red Fox", "Blue Hare (aka Hare, BH)", "Owl"]);
        assert_eq!(found.software, ["Den", "Burrow"]);
        let tests: Vec<_> = found.atomics.iter().map(|atomic| atomic.test).collect();
        assert_eq!(tests, [Some(7), Some(8), Some(9)]);
    }

    #[test]
    fn prose_stays_prose() {
        let text = "Note: atomics of memory are read, e.g. by T-Rex (see the note: none)";
        assert!(read(text).atomics.is_empty() && read(text).actors.is_empty());
        assert_eq!(read("").summary, "");
    }
}
