//! Rules that change while they run.
//!
//! Files are compared by what they hold, not by their times: a checkout that writes the same bytes again changes nothing, and a
//! change within one tick of a file system's clock is seen. A new set is compiled aside; it is offered only if nothing that ran
//! would be lost by a mistake.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use caltrop_core::{locations::Locations, ruleset::BuildOptions};

use crate::load::{Known, Loaded, Sources};

/// Whether a set with refused rules may take the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// If every refused rule is new, or did not run before.
    OfIdleRules,
    /// Never.
    None,
}

/// Watches the files of a rule set.
#[derive(Debug)]
pub struct Reload {
    rules: Vec<PathBuf>,
    knowledge: Vec<PathBuf>,
    /// Read once: it is large, and a new one is for a new start.
    locations: Option<Locations>,
    options: BuildOptions,
    refusals: Refusals,
    seen: u64,
    /// The paths of the rules that run.
    running: BTreeSet<String>,
}

/// What became of files that have changed.
#[derive(Debug)]
pub enum Reloaded {
    /// A set to go on with.
    Usable(Loaded),
    /// A set that would lose rules or files by a mistake: go on with the old one, and say why.
    Kept(Loaded),
}

impl Reload {
    /// Watches the files that `loaded` was made of, by the same paths and options.
    #[must_use]
    pub fn new(
        rules: Vec<PathBuf>,
        knowledge: Vec<PathBuf>,
        options: BuildOptions,
        refusals: Refusals,
        loaded: &Loaded,
    ) -> Self {
        let seen = fingerprint(&loaded.sources, &loaded.known);
        let locations = loaded.known.knowledge.locations.clone();
        Self { rules, knowledge, locations, options, refusals, seen, running: running(loaded) }
    }

    /// Reads the files; where they hold something else than when it was last asked, compiles them. Each change is told once.
    pub fn poll(&mut self) -> Option<Reloaded> {
        let mut sources = Sources::read(&self.rules);
        let mut known = Known::read_for(&sources, &self.knowledge);
        known.knowledge.locations.clone_from(&self.locations);
        let found = fingerprint(&sources, &known);
        if std::mem::replace(&mut self.seen, found) == found {
            return None;
        }
        let built = sources.build(&known, self.options);
        let loaded = Loaded { sources, known, built };
        if !self.is_usable(&loaded) {
            return Some(Reloaded::Kept(loaded));
        }
        self.running = running(&loaded);
        Some(Reloaded::Usable(loaded))
    }

    fn is_usable(&self, loaded: &Loaded) -> bool {
        let is_fatal = |path: &str| match self.refusals {
            Refusals::OfIdleRules => self.running.contains(path),
            Refusals::None => true,
        };
        !loaded.built.rules.is_empty()
            && loaded.errors().next().is_none()
            && !loaded.refused().any(|report| is_fatal(&report.path))
    }
}

fn running(loaded: &Loaded) -> BTreeSet<String> {
    loaded.built.rules.rules().map(|rule| rule.meta.path.clone()).collect()
}

/// Of every file's path and content, and of every error.
fn fingerprint(sources: &Sources, known: &Known) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in &sources.files {
        (&file.path, &file.text).hash(&mut hasher);
    }
    if let Some(file) = &sources.compiled {
        (&file.path, &file.bytes).hash(&mut hasher);
    }
    known.hash_files(&mut hasher);
    for error in sources.errors.iter().chain(&known.errors) {
        error.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use caltrop_core::{knowledge::Knowledge, ruleset::RuleSetBuilder};

    use super::*;
    use crate::load::load;

    fn reload(root: &Path, refusals: Refusals) -> Reload {
        let rules = vec![root.join("rules")];
        let knowledge = vec![root.join("app")];
        let options = BuildOptions::default();
        let loaded = load(&rules, &knowledge, None, options);
        Reload::new(rules, knowledge, options, refusals, &loaded)
    }

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("rules")).unwrap();
        fs::create_dir_all(root.path().join("app/local")).unwrap();
        fs::write(root.path().join("rules/a.spl"), "error").unwrap();
        fs::write(root.path().join("rules/never.spl"), "error | where (").unwrap();
        root
    }

    /// How many rules there are to go on with, or `Err` where the old set is kept.
    fn polled(reload: &mut Reload) -> Option<Result<usize, String>> {
        reload.poll().map(|reloaded| match reloaded {
            Reloaded::Usable(loaded) => Ok(loaded.built.rules.len()),
            Reloaded::Kept(loaded) => {
                Err(loaded.refused().map(|report| report.id.clone()).collect())
            }
        })
    }

    #[test]
    fn what_is_written_again_changes_nothing_and_what_differs_is_told_once() {
        let root = root();
        let rule = root.path().join("rules/a.spl");
        let time = fs::metadata(&rule).unwrap().modified().unwrap();
        let mut reload = reload(root.path(), Refusals::OfIdleRules);
        fs::write(&rule, "error").unwrap();
        assert_eq!(polled(&mut reload), None);
        fs::write(&rule, "fatal").unwrap();
        fs::File::options().write(true).open(&rule).unwrap().set_modified(time).unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(1)), "seen although its time is the same");
        assert_eq!(polled(&mut reload), None);
        fs::write(root.path().join("rules/b.spl"), "warning").unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(2)));
        fs::remove_file(&rule).unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(1)));
        fs::write(root.path().join("app/local/macros.conf"), "[m]\ndefinition = x\n").unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(1)), "knowledge counts");
    }

    #[test]
    fn a_set_that_would_lose_a_running_rule_is_kept_out_until_it_is_mended() {
        let root = root();
        let mut reload = reload(root.path(), Refusals::OfIdleRules);
        fs::write(root.path().join("rules/a.spl"), "error | where (").unwrap();
        assert!(matches!(polled(&mut reload), Some(Err(_))));
        assert_eq!(polled(&mut reload), None);
        fs::write(root.path().join("rules/a.spl"), "error | where x>1").unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(1)));
        fs::write(root.path().join("rules/a.spl"), [0xff]).unwrap();
        assert!(matches!(polled(&mut reload), Some(Err(_))), "a file that cannot be read");
    }

    #[test]
    fn with_no_refusals_allowed_even_a_new_rule_must_compile() {
        let root = root();
        let mut reload = reload(root.path(), Refusals::None);
        fs::write(root.path().join("rules/b.spl"), "warning").unwrap();
        assert_eq!(polled(&mut reload), Some(Err("never".to_owned())));
        fs::remove_file(root.path().join("rules/never.spl")).unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(2)));
    }

    #[test]
    fn compiled_rules_are_taken_when_they_change_and_kept_out_while_they_are_damaged() {
        let root = root();
        fs::remove_file(root.path().join("rules/never.spl")).unwrap();
        let compile = |spl: &str| {
            let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
            builder.add_spl("a", spl);
            builder.build().rules.to_bytes()
        };
        let file = root.path().join("rules.caltrop");
        fs::write(&file, compile("error")).unwrap();
        let (rules, options) = (vec![file.clone()], BuildOptions::default());
        let loaded = load(&rules, &[], None, options);
        assert_eq!((loaded.built.rules.len(), loaded.errors().count()), (1, 0));
        let mut reload = Reload::new(rules, Vec::new(), options, Refusals::OfIdleRules, &loaded);
        assert_eq!(polled(&mut reload), None);
        let mut bytes = compile("fatal");
        fs::write(&file, &bytes).unwrap();
        assert_eq!(polled(&mut reload), Some(Ok(1)));
        bytes.truncate(bytes.len() / 2);
        fs::write(&file, &bytes).unwrap();
        assert!(matches!(polled(&mut reload), Some(Err(_))), "it is cut short");
        assert_eq!(polled(&mut reload), None, "and told of once");
    }
}
