//! Rule files and knowledge to a rule set: the same way for every edge.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use caltrop_core::compiled::RuleSet;
use caltrop_core::diag::Diagnostic;
use caltrop_core::knowledge::Knowledge;
use caltrop_core::locations::Locations;
use caltrop_core::ruleset::{BuildOptions, Built, RuleReport, RuleSetBuilder};

use crate::error::{FileError, Kind};
use crate::files::{CompiledFile, RuleFile, RuleFiles, rule_files};
use crate::knowledge::knowledge_files;
use crate::walk::read_at_most;

/// Databases of locations are held in memory; those of MaxMind have less than a tenth of this.
const MAX_LOCATIONS_BYTES: u64 = 1 << 30;

/// The rule files that the operator named.
#[derive(Debug, Default)]
pub struct Sources {
    /// Those that could be read.
    pub files: Vec<RuleFile>,
    /// The one file of compiled rules; `files` is empty then.
    pub compiled: Option<CompiledFile>,
    /// Why the others could not.
    pub errors: Vec<FileError>,
    /// How many files beside them were left out for their names.
    pub foreign: usize,
}

impl Sources {
    /// Reads the rule files that `paths` name; see [`rule_files`].
    #[must_use]
    pub fn read<P: AsRef<Path>>(paths: &[P]) -> Self {
        let RuleFiles { files, compiled, errors, foreign } = rule_files(paths);
        Self { files, compiled, errors, foreign }
    }

    /// The text of the file at `path`, which diagnostics point into; empty if there is none.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// The set of the rules. Compiled ones are loaded; why they cannot be is added to the errors.
    #[must_use]
    pub fn build(&mut self, known: &Known, options: BuildOptions) -> Built {
        match self.compiled.as_ref().map(|file| file.load(known, options)) {
            Some(Ok(rules)) => return rules.into(),
            Some(Err(error)) => self.errors.push(error),
            None => {}
        }
        self.builder(known, options).build()
    }

    /// A builder that holds the rules that are not compiled yet.
    #[must_use]
    pub fn builder(&self, known: &Known, options: BuildOptions) -> RuleSetBuilder {
        let mut builder = RuleSetBuilder::new(known.knowledge.clone(), options);
        self.files.iter().for_each(|file| builder.add_file(&file.path, &file.text));
        builder
    }
}

impl CompiledFile {
    /// The rules, which ask the database of `known` where addresses are. Nothing else of what is known can count for them any more.
    ///
    /// # Errors
    /// If the bytes are no rules that this program can run, or were to be compiled otherwise.
    fn load(&self, known: &Known, options: BuildOptions) -> Result<RuleSet, FileError> {
        if !known.files.is_empty() || options.strict_raw {
            return Err(FileError::new(&self.path, Kind::HasItsKnowledge));
        }
        let locations = known.knowledge.locations.clone();
        let loaded = RuleSet::from_shared(&self.bytes, locations);
        loaded.map_err(|error| FileError::new(&self.path, error))
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
        Self::over(Knowledge::builtin(), folders)
    }

    /// The same for the rules of `sources`: those that are compiled need nothing that is built in.
    #[must_use]
    pub fn read_for<P: AsRef<Path>>(sources: &Sources, folders: &[P]) -> Self {
        let is_compiled = sources.compiled.is_some();
        let knowledge = if is_compiled { Knowledge::default() } else { Knowledge::builtin() };
        Self::over(knowledge, folders)
    }

    fn over<P: AsRef<Path>>(knowledge: Knowledge, folders: &[P]) -> Self {
        let mut known =
            Self { knowledge, errors: Vec::new(), problems: Vec::new(), files: Vec::new() };
        folders.iter().for_each(|folder| known.overlay(folder.as_ref()));
        known
    }

    /// Reads the database that says where network addresses are, which all rules share.
    pub fn locate(&mut self, database: &Path) {
        match read_locations(database) {
            Ok(locations) => self.knowledge.locations = Some(locations),
            Err(error) => self.errors.push(error),
        }
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

fn read_locations(path: &Path) -> Result<Locations, FileError> {
    let bytes =
        read_at_most(path, MAX_LOCATIONS_BYTES).map_err(|error| FileError::new(path, error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_LOCATIONS_BYTES) {
        return Err(FileError::new(path, Kind::TooLarge { limit_bytes: MAX_LOCATIONS_BYTES }));
    }
    Locations::from_bytes(bytes.into()).map_err(|error| FileError::new(path, error))
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

/// Reads the rules that `rules` name and compiles them with the folders of `knowledge` laid over the built-in one, and with the
/// database `locations`; or loads them, where they are compiled.
///
/// What cannot be read or compiled is left out and told in the result; the rest is there.
#[must_use]
pub fn load<P: AsRef<Path>>(
    rules: &[P],
    knowledge: &[P],
    locations: Option<&Path>,
    options: BuildOptions,
) -> Loaded {
    let mut sources = Sources::read(rules);
    let mut known = Known::read_for(&sources, knowledge);
    locations.into_iter().for_each(|database| known.locate(database));
    let built = sources.build(&known, options);
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
    fn a_database_that_is_none_is_told() {
        let root = tempfile::tempdir().unwrap();
        let (rule, database) = (root.path().join("a.spl"), root.path().join("a.mmdb"));
        fs::write(&rule, "error | iplocation src").unwrap();
        fs::write(&database, "no database").unwrap();
        let loaded = load(&[rule], &[], Some(&database), BuildOptions::default());
        assert_eq!(loaded.built.rules.without_locations(), 1);
        let errors: Vec<String> = loaded.errors().map(FileError::reason).collect();
        assert!(
            matches!(&*errors, [error] if error.starts_with("no MaxMind database: ")),
            "{errors:?}"
        );
    }

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
            None,
            BuildOptions::default(),
        );
        assert_eq!(loaded.built.rules.len(), 1);
        assert_eq!(loaded.built.rules.without_locations(), 0);
        assert_eq!(loaded.sources.text(&good.to_string_lossy()), "`mine` | stats count by host");
        assert_eq!(loaded.errors().map(FileError::path).collect::<Vec<_>>(), [absent]);
        let refused: Vec<&str> = loaded.refused().map(|report| report.path.as_str()).collect();
        assert_eq!(refused, [bad.to_string_lossy()]);
        let complaints = loaded.complaints();
        assert!(complaints.iter().any(|found| found.text == "error | where ("), "{complaints:?}");
    }

    #[test]
    fn compiled_rules_are_known_by_what_they_hold_and_stand_alone() {
        let root = tempfile::tempdir().unwrap();
        let (rule, app) = (root.path().join("a.spl"), root.path().join("app"));
        fs::write(&rule, "error | stats count by host").unwrap();
        fs::create_dir_all(app.join("default")).unwrap();
        fs::write(app.join("default/macros.conf"), "[mine]\ndefinition = error\n").unwrap();
        let from_text = load(&[&rule], &[], None, BuildOptions::default());
        let compiled = root.path().join("compiled.of-any-name");
        fs::write(&compiled, from_text.built.rules.to_bytes()).unwrap();

        let loaded = load(&[&compiled], &[], None, BuildOptions::default());
        assert_eq!(loaded.errors().map(FileError::reason).collect::<Vec<_>>(), [""; 0]);
        let paths: Vec<&str> =
            loaded.built.reports.iter().map(|report| report.path.as_str()).collect();
        assert_eq!(paths, [rule.to_string_lossy()]);
        assert!(loaded.built.rules.to_bytes() == from_text.built.rules.to_bytes());

        let refused = |rules: &[&PathBuf], apps: &[&PathBuf], options| {
            let loaded = load(rules, apps, None, options);
            let reasons: Vec<String> = loaded.errors().map(FileError::reason).collect();
            reasons.join("; ")
        };
        let usual = BuildOptions::default();
        assert!(refused(&[&rule, &compiled], &[], usual).starts_with("compiled rules are a set"));
        assert!(refused(&[&compiled, &rule], &[], usual).starts_with("compiled rules are a set"));
        assert!(refused(&[&compiled], &[&app], usual).starts_with("compiled rules mean what"));
        let strict = BuildOptions { strict_raw: true, ..BuildOptions::default() };
        assert!(refused(&[&compiled], &[], strict).starts_with("compiled rules mean what"));
    }
}
