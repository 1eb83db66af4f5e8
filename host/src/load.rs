//! Rule files and knowledge to a rule set: the same way for every edge.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use caltrop_core::diag::Diagnostic;
use caltrop_core::knowledge::Knowledge;
use caltrop_core::ruleset::{BuildOptions, Built, RuleReport, RuleSetBuilder};

use crate::error::FileError;
use crate::files::{RuleFile, RuleFiles, rule_files};
use crate::knowledge::knowledge_files;

/// The rule files that the operator named.
#[derive(Debug, Default)]
pub struct Sources {
    /// Those that could be read.
    pub files: Vec<RuleFile>,
    /// Why the others could not.
    pub errors: Vec<FileError>,
    /// How many files beside them were left out for their names.
    pub foreign: usize,
}

impl Sources {
    /// Reads the rule files that `paths` name; see [`rule_files`].
    #[must_use]
    pub fn read<P: AsRef<Path>>(paths: &[P]) -> Self {
        let RuleFiles { files, errors, foreign } = rule_files(paths);
        Self { files, errors, foreign }
    }

    /// The text of the file at `path`, which diagnostics point into; empty if there is none.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// A builder that holds the rules.
    #[must_use]
    pub fn builder(&self, known: &Known, options: BuildOptions) -> RuleSetBuilder {
        let mut builder = RuleSetBuilder::new(known.knowledge.clone(), options);
        self.files.iter().for_each(|file| builder.add_file(&file.path, &file.text));
        builder
    }
}

/// What macros and fields mean, and the files that say so.
#[derive(Debug)]
pub struct Known {
    /// The built-in knowledge with all folders laid over it.
    pub knowledge: Knowledge,
    /// Why files could not be read.
    pub errors: Vec<FileError>,
    /// What is wrong with those that could: the file's name within its folder, and a diagnostic that points into it.
    pub problems: Vec<(String, Diagnostic)>,
    files: Vec<KnowledgeFile>,
}

#[derive(Clone, Debug, Hash)]
struct KnowledgeFile {
    /// Its path within the folder.
    name: String,
    path: PathBuf,
    text: String,
}

impl Known {
    /// Reads app folders and lays them over the built-in knowledge, in their order; see [`knowledge_files`].
    #[must_use]
    pub fn read<P: AsRef<Path>>(folders: &[P]) -> Self {
        let knowledge = Knowledge::builtin();
        let mut known =
            Self { knowledge, errors: Vec::new(), problems: Vec::new(), files: Vec::new() };
        folders.iter().for_each(|folder| known.overlay(folder.as_ref()));
        known
    }

    fn overlay(&mut self, folder: &Path) {
        let (files, errors) = knowledge_files(folder);
        self.errors.extend(errors);
        let texts: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let problems = self.knowledge.overlay(&texts);
        self.problems.extend(problems.into_iter().map(|(name, found)| (name.to_owned(), found)));
        self.files.extend(files.into_iter().map(|(name, text)| {
            let path = folder.join(&name);
            KnowledgeFile { name, path, text }
        }));
    }

    /// Feeds paths and contents of all files to `hasher`.
    pub(crate) fn hash_files(&self, hasher: &mut impl Hasher) {
        self.files.hash(hasher);
    }

    /// Finds the file that a problem points into. Where several folders hold one of this name, it is the last one that the
    /// place fits into.
    #[must_use]
    pub fn place<'a>(&'a self, name: &'a str, diagnostic: &'a Diagnostic) -> Complaint<'a> {
        let fits = |file: &&KnowledgeFile| {
            file.name == name && diagnostic.primary.span.end <= file.text.len()
        };
        let found = self.files.iter().rev().find(fits);
        let (path, text) =
            found.map_or((Cow::from(name), ""), |file| (file.path.to_string_lossy(), &file.text));
        Complaint { path, text, diagnostic }
    }
}

/// What is wrong with a file, and what is needed to show it.
#[derive(Clone, Debug)]
pub struct Complaint<'a> {
    /// The file.
    pub path: Cow<'a, str>,
    /// Its text; empty if it is not known.
    pub text: &'a str,
    /// What is wrong, with its place in the text.
    pub diagnostic: &'a Diagnostic,
}

/// A rule set, and everything that is to be said of how it came about.
#[derive(Debug)]
pub struct Loaded {
    /// The rule files.
    pub sources: Sources,
    /// The knowledge.
    pub known: Known,
    /// The rules that can run, and a report for each rule, refused or not.
    pub built: Built,
}

/// Reads the rules that `rules` name and compiles them with the folders of `knowledge` laid over the built-in one.
///
/// What cannot be read or compiled is left out and told in the result; the rest is there.
#[must_use]
pub fn load<P: AsRef<Path>>(rules: &[P], knowledge: &[P], options: BuildOptions) -> Loaded {
    let (sources, known) = (Sources::read(rules), Known::read(knowledge));
    let built = sources.builder(&known, options).build();
    Loaded { sources, known, built }
}

impl Loaded {
    /// The files that could not be read, rules before knowledge.
    pub fn errors(&self) -> impl Iterator<Item = &FileError> {
        self.sources.errors.iter().chain(&self.known.errors)
    }

    /// The rules that are left out.
    pub fn refused(&self) -> impl Iterator<Item = &RuleReport> {
        self.built.reports.iter().filter(|report| report.is_refused())
    }

    /// Every complaint about knowledge and rules, warnings too, with its file.
    #[must_use]
    pub fn complaints(&self) -> Vec<Complaint<'_>> {
        let of_knowledge = self.known.problems.iter().chain(&self.built.knowledge);
        let mut complaints: Vec<Complaint<'_>> =
            of_knowledge.map(|(name, found)| self.known.place(name, found)).collect();
        for report in &self.built.reports {
            let (path, text) = (report.file.as_str(), self.sources.text(&report.file));
            complaints.extend(report.diagnostics.iter().map(|diagnostic| Complaint {
                path: path.into(),
                text,
                diagnostic,
            }));
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_can_be_loaded_is_and_the_rest_is_told_with_its_file() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let good = write("rules/good.spl", "`mine` | stats count by host");
        let bad = write("rules/bad.spl", "error | where (");
        write("app/default/macros.conf", "[mine]\ndefinition = error\n");
        let absent = root.path().join("absent.spl");
        let loaded = load(
            &[root.path().join("rules"), absent.clone()],
            &[root.path().join("app")],
            BuildOptions::default(),
        );
        assert_eq!(loaded.built.rules.len(), 1);
        assert_eq!(loaded.sources.text(&good.to_string_lossy()), "`mine` | stats count by host");
        assert_eq!(loaded.errors().map(FileError::path).collect::<Vec<_>>(), [absent]);
        let refused: Vec<&str> = loaded.refused().map(|report| report.path.as_str()).collect();
        assert_eq!(refused, [bad.to_string_lossy()]);
        let complaints = loaded.complaints();
        assert!(complaints.iter().any(|found| found.text == "error | where ("), "{complaints:?}");
    }
}
