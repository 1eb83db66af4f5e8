//! Rule files: what the operator named, found and read.
//!
//! Texts are known by their names, compiled rules by how they begin: they may have any name, and hold all rules of a set.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caltrop_core::compiled::RuleSet;

use crate::error::{FileError, Kind};
use crate::walk::{files_below, has_extension, text_of};

/// What the names of rule files end in.
pub(crate) const EXTENSIONS: [&str; 4] = ["yml", "yaml", "spl", "conf"];

/// Rule files are written by hand: the largest known is 60 KB, `savedsearches.conf` of a big app is 3 MB.
const MAX_RULE_FILE_BYTES: u64 = 4 << 20;

/// Compiled rules are mostly automata: a catalog of 714 rules has 12 MB of them.
const MAX_COMPILED_BYTES: u64 = 512 << 20;

/// What compiled rules are recognised by stands in so many bytes.
const HEAD_BYTES: u64 = 256;

/// One rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its path: part of the identity of the rules in it. Bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Its text, without a byte order mark.
    pub text: String,
}

/// A file of compiled rules, as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct CompiledFile {
    /// Its path.
    pub path: PathBuf,
    /// What it holds; nothing of it has been checked.
    pub bytes: Arc<Vec<u8>>,
}

impl std::fmt::Debug for CompiledFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompiledFile({:?}, {} bytes)", self.path, self.bytes.len())
    }
}

/// What was found where the operator looks for rules.
#[derive(Debug, Default)]
pub struct RuleFiles {
    /// The files that could be read.
    pub files: Vec<RuleFile>,
    /// The one file of compiled rules; `files` is empty then.
    pub compiled: Option<CompiledFile>,
    /// Why others could not.
    pub errors: Vec<FileError>,
    /// How many files of folders and patterns were left out for their names.
    pub foreign: usize,
}

/// Reads the rule files that `paths` name: files, folders (recursively) and patterns (`*`, `?`, `[..]`, `**`).
///
/// Files come in the order of `paths`; those of a folder or pattern by name; a file that is named twice comes once. Each path
/// that names no file at all is an error, as is each file that cannot be read, is larger than 4 MiB or is not UTF-8; the
/// others are still read. A folder may hold other files beside its rules, which are counted; a file that is named itself may not
/// be one of them, unless it holds compiled rules. These are a set of their own: beside them there may be nothing else.
#[must_use]
pub fn rule_files<P: AsRef<Path>>(paths: &[P]) -> RuleFiles {
    let mut found = RuleFiles::default();
    let mut seen = BTreeSet::new();
    for named in paths {
        for path in named_files(named.as_ref(), &mut found) {
            if !seen.insert(path.clone()) {
                continue;
            }
            found.add(path);
        }
    }
    found
}

impl RuleFiles {
    fn add(&mut self, path: PathBuf) {
        match read(&path) {
            Ok(Content::Text(_)) if self.compiled.is_some() => self.refuse(&path),
            Ok(Content::Text(text)) => {
                let path = path.to_string_lossy().into_owned();
                self.files.push(RuleFile { path, text });
            }
            Ok(Content::Compiled(_)) if self.compiled.is_some() || !self.files.is_empty() => {
                self.refuse(&path);
            }
            Ok(Content::Compiled(bytes)) => {
                self.compiled = Some(CompiledFile { path, bytes: bytes.into() })
            }
            Err(error) => self.errors.push(error),
        }
    }

    fn refuse(&mut self, path: &Path) {
        self.errors.push(FileError::new(path, Kind::NotAlone));
    }
}

/// What a rule file holds.
enum Content {
    Text(String),
    Compiled(Vec<u8>),
}

fn read(path: &Path) -> Result<Content, FileError> {
    let (mut bytes, rest) = open(path, MAX_RULE_FILE_BYTES + 1)?;
    if RuleSet::probe(&bytes).is_none() {
        return text_of(path, bytes, MAX_RULE_FILE_BYTES).map(Content::Text);
    }
    let rest = rest.take(MAX_COMPILED_BYTES).read_to_end(&mut bytes);
    rest.map_err(|error| FileError::new(path, error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_COMPILED_BYTES) {
        return Err(FileError::new(path, Kind::TooLarge { limit_bytes: MAX_COMPILED_BYTES }));
    }
    Ok(Content::Compiled(bytes))
}

/// The first bytes of a file, and the file, which stands behind them.
fn open(path: &Path, bytes: u64) -> Result<(Vec<u8>, File), FileError> {
    let mut head = Vec::new();
    let file = File::open(path).and_then(|mut file| {
        (&mut file).take(bytes).read_to_end(&mut head)?;
        Ok(file)
    });
    file.map(|file| (head, file)).map_err(|error| FileError::new(path, error))
}

/// Whether a file begins as compiled rules do.
fn is_compiled(path: &Path) -> bool {
    open(path, HEAD_BYTES).is_ok_and(|(head, _)| RuleSet::probe(&head).is_some())
}

fn named_files(named: &Path, found: &mut RuleFiles) -> Vec<PathBuf> {
    if named.is_dir() {
        let files = files_below(named, &mut found.errors);
        return of_rules(files, named, found);
    }
    match named.to_str() {
        // A file whose own name holds a bracket is a file, not a pattern.
        Some(pattern) if is_pattern(pattern) && !named.exists() => pattern_files(pattern, found),
        _ if named.exists() && !has_extension(named, &EXTENSIONS) && !is_compiled(named) => {
            found.errors.push(FileError::new(named, Kind::NotARule));
            Vec::new()
        }
        _ => vec![named.to_owned()],
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Matches that are folders are read like folders, other files than rules are left out.
fn pattern_files(pattern: &str, found: &mut RuleFiles) -> Vec<PathBuf> {
    let named = Path::new(pattern);
    let matches = match glob::glob(pattern) {
        Ok(matches) => matches,
        Err(error) => {
            found.errors.push(FileError::new(named, error));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for path in matches {
        match path {
            Ok(path) if path.is_dir() => files.extend(files_below(&path, &mut found.errors)),
            Ok(path) => files.push(path),
            Err(error) => {
                let path = error.path().to_owned();
                found.errors.push(FileError::new(&path, io::Error::from(error)));
            }
        }
    }
    of_rules(files, named, found)
}

/// Those of `files`, which `named` stands for, whose names are those of rule files; counts the others.
fn of_rules(mut files: Vec<PathBuf>, named: &Path, found: &mut RuleFiles) -> Vec<PathBuf> {
    let all = files.len();
    files.retain(|path| has_extension(path, &EXTENSIONS));
    found.foreign += all - files.len();
    if files.is_empty() {
        found.errors.push(FileError::new(named, Kind::NoRules));
    }
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        root
    }

    /// The names that `rule_files` finds, relative to `root`, and what it complains of.
    fn found(root: &Path, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let paths: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
        let RuleFiles { files, errors, .. } = rule_files(&paths);
        let prefix = format!("{}/", root.display());
        let short = |text: String| text.replace(&prefix, "");
        let names = files.into_iter().map(|file| short(file.path)).collect();
        (names, errors.into_iter().map(|error| short(error.to_string())).collect())
    }

    #[test]
    fn folders_are_read_by_name_and_hidden_or_foreign_files_left_out() {
        let root = tree(&[
            ("r/b.yml", b"b"),
            ("r/a/z.spl", b"z"),
            ("r/a/y.YAML", b"y"),
            ("r/c.conf", b"c"),
            ("r/readme.md", b"no"),
            ("r/.hidden.yml", b"no"),
            ("r/.git/x.yml", b"no"),
        ]);
        assert_eq!(rule_files(&[root.path().join("r")]).foreign, 1);
        let (names, errors) = found(root.path(), &["r"]);
        assert_eq!(names, ["r/a/y.YAML", "r/a/z.spl", "r/b.yml", "r/c.conf"]);
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn patterns_match_files_and_folders_and_keep_to_rules() {
        let root = tree(&[("r/b.yml", b""), ("r/a/z.spl", b""), ("s/c.yml", b""), ("s/c.md", b"")]);
        for (pattern, expected) in [
            ("r/*.yml", vec!["r/b.yml"]),
            ("*", vec!["r/a/z.spl", "r/b.yml", "s/c.yml"]),
            ("**/*.yml", vec!["r/b.yml", "s/c.yml"]),
            ("s/c.*", vec!["s/c.yml"]),
            ("?/[bc].yml", vec!["r/b.yml", "s/c.yml"]),
        ] {
            assert_eq!(found(root.path(), &[pattern]), (names(&expected), vec![]), "{pattern}");
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_file_named_twice_comes_once_and_paths_keep_their_order() {
        let root = tree(&[("r/b.yml", b""), ("r/a.yml", b"")]);
        let (names, _) = found(root.path(), &["r/b.yml", "r", "r/*.yml"]);
        assert_eq!(names, ["r/b.yml", "r/a.yml"]);
    }

    #[test]
    fn each_unusable_path_is_one_error_and_the_rest_is_read() {
        let large = vec![b' '; usize::try_from(MAX_RULE_FILE_BYTES).unwrap() + 1];
        let root = tree(&[
            ("bad.yml", b"ab\n\xc3\xa9\xff"),
            ("large.spl", &large),
            ("notes.txt", b""),
            ("good.yml", b"ok"),
            ("empty/notes.txt", b""),
        ]);
        let (names, errors) = found(
            root.path(),
            &[
                "bad.yml",
                "large.spl",
                "notes.txt",
                "absent.yml",
                "empty",
                "x*.yml",
                "a[.yml",
                "good.yml",
            ],
        );
        assert_eq!(names, ["good.yml"]);
        assert_eq!(
            errors,
            [
                "bad.yml:2:2: the text is not UTF-8",
                "large.spl: the file is larger than 4194304 bytes",
                "notes.txt: a rule file ends in .yml, .yaml, .spl, .conf, or holds compiled rules",
                "absent.yml: No such file or directory (os error 2)",
                "empty: no rule file is found here",
                "x*.yml: no rule file is found here",
                "a[.yml: not a pattern: Pattern syntax error near position 0: invalid range pattern",
            ]
            .map(|text| text.replace("near position 0", &position_of_bracket(root.path())))
        );
    }

    /// The pattern's error counts from the start of the whole path.
    fn position_of_bracket(root: &Path) -> String {
        format!("near position {}", root.to_str().unwrap().len() + 2)
    }

    #[test]
    fn a_name_with_a_bracket_is_a_file_when_there_is_one() {
        let root = tree(&[("a[1].yml", b"\xef\xbb\xbftext")]);
        let RuleFiles { files, errors, .. } = rule_files(&[root.path().join("a[1].yml")]);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(files[0].text, "text", "without its byte order mark");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_makes_no_loop() {
        let root = tree(&[("r/a.yml", b"")]);
        std::os::unix::fs::symlink(root.path(), root.path().join("r/loop")).unwrap();
        assert_eq!(found(root.path(), &["r"]), (names(&["r/a.yml"]), vec![]));
    }
}
