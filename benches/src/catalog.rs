//! Rules by the thousand, made from a number, in SPL and in the words of Sigma.
//!
//! Public catalogs are not ours to ship, and their rules cannot all be said in both languages. These are plain on purpose: tests of
//! the fields of process creation, which both languages take to mean the same, so that the matches of two engines can be compared
//! one by one. A real catalog holds dearer rules; measure yours with `caltrop bench`.

use std::{fs, path::Path};

/// Whether rules name what the [generated](crate::generator) events hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// No event holds the name of any rule.
    Absent,
    /// Every tenth rule, from the first on, names a program that many events hold.
    Frequent,
}

/// One rule, twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is known by.
    pub path: String,
    /// What tells it from the others: the name of a program, without `.exe`.
    pub name: String,
    /// It as a search.
    pub spl: String,
    /// It as a Sigma rule, in YAML.
    pub sigma: String,
}

/// Programs that the generated events are full of.
const FREQUENT: [&str; 5] = ["svchost", "powershell", "explorer", "lsass", "taskhostw"];

const SYLLABLES: [&str; 30] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su",
    "ta", "ve", "wi", "xo", "zu", "bra", "cle", "dri", "flo", "gru", "sta", "tre", "vli", "pro",
    "kwu",
];

/// The rule files below a folder: their paths and texts, in the order of the paths.
///
/// # Panics
/// If one is no text.
#[must_use]
pub fn rule_files(root: &Path) -> Vec<(String, String)> {
    let (mut folders, mut files) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yml") {
                let text = fs::read_to_string(&path).expect("a rule file is text");
                files.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    files.sort();
    files
}

/// The first `count` rules; more are those and others.
#[must_use]
pub fn rules(count: usize, names: Names) -> Vec<Rule> {
    (0..count).map(|number| rule(number, names)).collect()
}

fn rule(number: usize, names: Names) -> Rule {
    let name = match names {
        Names::Frequent if number.is_multiple_of(10) => {
            FREQUENT[number / 10 % FREQUENT.len()].to_owned()
        }
        _ => name(number),
    };
    let (search, selection) = match number % 4 {
        0 => (format!(r#"Image="*\\{name}.exe""#), format!(r"Image|endswith: '\{name}.exe'")),
        1 => (
            format!(r#"CommandLine="*{name}.exe*""#),
            format!("CommandLine|contains: '{name}.exe'"),
        ),
        2 => (
            format!(r#"ParentImage="*\\{name}.exe""#),
            format!(r"ParentImage|endswith: '\{name}.exe'"),
        ),
        _ => (
            format!(r#"Image="*\\{name}.exe" CommandLine="* -*""#),
            format!("Image|endswith: '\\{name}.exe'\n    CommandLine|contains: ' -'"),
        ),
    };
    let spl = format!("EventCode=1 {search} | table _time, host, Image, CommandLine, ParentImage");
    let sigma = format!(
        "title: rule {number:05}\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  selection:\n    \
         EventID: 1\n    {selection}\n  condition: selection\n"
    );
    Rule { path: format!("rules/{number:05}.spl"), name, spl, sigma }
}

/// A name that no other number has.
fn name(number: usize) -> String {
    let of = |place: usize| SYLLABLES[place % SYLLABLES.len()];
    let (last, middle, first) = (number, number / SYLLABLES.len(), number / SYLLABLES.len().pow(2));
    format!("{}{}{}{}", of(first + 3), of(middle + last), of(last), of(middle))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_of_one_rule_each_and_no_part_of_another() {
        let rules = rules(2_000, Names::Absent);
        let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names.len(), rules.len());
    }

    #[test]
    fn every_tenth_rule_names_what_is_frequent() {
        let rules = rules(30, Names::Frequent);
        let frequent: Vec<_> =
            rules.iter().filter(|rule| FREQUENT.contains(&rule.name.as_str())).collect();
        assert_eq!(frequent.len(), 3);
        assert_eq!(
            rules[0].spl,
            r#"EventCode=1 Image="*\\svchost.exe" | table _time, host, Image, CommandLine, ParentImage"#
        );
        assert!(rules[0].sigma.contains(r"Image|endswith: '\svchost.exe'"));
    }
}
