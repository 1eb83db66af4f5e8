//! A Splunk app's folder, or a checkout of security_content, as the knowledge that is laid over the default.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{FileError, Kind};
use crate::walk::{read_packed_text, read_text, visible_entries};

/// The folders that hold knowledge, with what their files end in; the empty name is the app's own folder. Splunk lets `local`
/// overrule `default`, so it comes later; what a catalog ships as YAML comes before what the operator wrote.
const ROOMS: [(&str, &[&str]); 6] = [
    ("macros", &[".yml"]),
    ("lookups", &[".yml"]),
    ("", &[".conf"]),
    ("default", &[".conf"]),
    ("local", &[".conf"]),
    ("lookups", &[".csv", PACKED_TABLE]),
];

const PACKED_TABLE: &str = ".csv.gz";

/// Lookup tables of real apps reach some ten megabytes, unpacked.
const MAX_KNOWLEDGE_FILE_BYTES: u64 = 64 << 20;

/// Reads the knowledge in `folder`: the `macros/*.yml` and `lookups/*.yml` of security_content; of an app `*.conf` at its top,
/// in `default/` and in `local/`; and `lookups/*.csv` and `*.csv.gz`. Each as (path relative to `folder`, with `/`; text), in that order and by
/// name.
///
/// Nothing outside of `folder` is read: links, of files or of those folders, are errors. `folder` itself may be a link. Lookups
/// whose names hold other characters than `A-Z a-z 0-9 _ . -` are left out, as no rule could name them.
#[must_use]
pub fn knowledge_files(folder: &Path) -> (Vec<(String, String)>, Vec<FileError>) {
    let mut errors = Vec::new();
    let mut files = Vec::new();
    if !folder.is_dir() {
        errors.push(FileError::new(folder, not_a_folder(folder)));
        return (files, errors);
    }
    for (room, endings) in ROOMS {
        for (name, path) in room_files(folder, room, endings, &mut errors) {
            let read = if ends_in(&name, PACKED_TABLE) { read_packed_text } else { read_text };
            match read(&path, MAX_KNOWLEDGE_FILE_BYTES) {
                Ok(text) => files.push((name, text)),
                Err(error) => errors.push(error),
            }
        }
    }
    (files, errors)
}

fn not_a_folder(path: &Path) -> Kind {
    path.metadata().map_or_else(Kind::Io, |_| Kind::NotAFolder)
}

/// The files of one room: relative name and path.
fn room_files(
    folder: &Path,
    room: &str,
    endings: &[&str],
    errors: &mut Vec<FileError>,
) -> Vec<(String, PathBuf)> {
    let path = folder.join(room);
    if !room.is_empty() && path.is_symlink() {
        errors.push(FileError::new(&path, Kind::Link));
        return Vec::new();
    }
    let entries = match visible_entries(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            errors.push(FileError::new(&path, error));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in &entries {
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str().filter(|name| is_wanted(name, endings)) else {
            continue;
        };
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => errors.push(FileError::new(&entry.path(), Kind::Link)),
            Ok(kind) if kind.is_file() => files.push((relative(room, name), entry.path())),
            _ => {}
        }
    }
    files
}

fn relative(room: &str, name: &str) -> String {
    if room.is_empty() { name.to_owned() } else { format!("{room}/{name}") }
}

fn is_wanted(name: &str, endings: &[&str]) -> bool {
    is_plain(name) && endings.iter().any(|ending| ends_in(name, ending))
}

/// Whether `name` ends in `ending`, in any case.
fn ends_in(name: &str, ending: &str) -> bool {
    let start = name.len().checked_sub(ending.len());
    start.is_some_and(|start| name.as_bytes()[start..].eq_ignore_ascii_case(ending.as_bytes()))
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn app(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        root
    }

    #[test]
    fn a_folder_gives_its_yaml_conf_files_and_lookups_with_local_after_default() {
        let root = app(&[
            "macros.conf",
            "local/macros.conf",
            "default/props.conf",
            "default/macros.conf",
            "default/data/ui/nav.conf",
            "lookups/hosts.csv",
            "lookups/hosts.yml",
            "lookups/bad name.csv",
            "macros/sysmon.yml",
            "lookups/hosts.csv.bak",
            "bin/run.conf",
            "readme.txt",
        ]);
        let (files, errors) = knowledge_files(root.path());
        assert!(errors.is_empty(), "{errors:?}");
        let expected = [
            "macros/sysmon.yml",
            "lookups/hosts.yml",
            "macros.conf",
            "default/macros.conf",
            "default/props.conf",
            "local/macros.conf",
            "lookups/hosts.csv",
        ];
        assert_eq!(files, expected.map(|name| (name.to_owned(), name.to_owned())));
    }

    #[test]
    fn a_packed_table_is_unpacked_up_to_the_limit() {
        let root = app(&["lookups/plain.csv", "lookups/plain.gz"]);
        let pack = |name: &str, text: &[u8]| {
            let mut packed = Vec::new();
            let mut packer = flate2::read::GzEncoder::new(text, flate2::Compression::fast());
            io::Read::read_to_end(&mut packer, &mut packed).unwrap();
            fs::write(root.path().join("lookups").join(name), packed).unwrap();
        };
        pack("hosts.csv.gz", b"ip,name\n");
        let (files, errors) = knowledge_files(root.path());
        assert!(errors.is_empty(), "{errors:?}");
        let plain = ("lookups/plain.csv".to_owned(), "lookups/plain.csv".to_owned());
        assert_eq!(files, [("lookups/hosts.csv.gz".to_owned(), "ip,name\n".to_owned()), plain]);

        let most = usize::try_from(MAX_KNOWLEDGE_FILE_BYTES).unwrap();
        pack("bomb.csv.gz", &vec![b'a'; most + 1]);
        let (files, errors) = knowledge_files(root.path());
        assert_eq!((files.len(), errors.len()), (2, 1));
        assert!(errors[0].path().ends_with("lookups/bomb.csv.gz"));
    }

    #[test]
    fn a_folder_without_knowledge_is_no_error_and_an_absent_one_is() {
        assert_eq!(knowledge_files(app(&["readme.txt"]).path()).1.len(), 0);
        let root = app(&["file"]);
        for (name, message) in [("absent", "No such file"), ("file", "not a folder")] {
            let (files, errors) = knowledge_files(&root.path().join(name));
            assert!(files.is_empty());
            assert_eq!(errors.len(), 1);
            assert!(errors[0].to_string().contains(message), "{}", errors[0]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused_whether_to_files_or_to_folders() {
        let outside = app(&["secret.csv", "deep/x.conf"]);
        let root = app(&["lookups/a.csv"]);
        let link = |from: &str, to: &str| {
            std::os::unix::fs::symlink(outside.path().join(from), root.path().join(to)).unwrap();
        };
        link("secret.csv", "lookups/b.csv");
        link("deep", "local");
        let (files, errors) = knowledge_files(root.path());
        assert_eq!(
            files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["lookups/a.csv"]
        );
        let refused: Vec<&Path> = errors.iter().map(FileError::path).collect();
        assert_eq!(refused, [root.path().join("local"), root.path().join("lookups/b.csv")]);
        assert!(
            errors.iter().all(|error| error.to_string().ends_with("links are not followed here"))
        );
    }
}
