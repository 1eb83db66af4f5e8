//! The default knowledge, as files in the program.

/// A table of files of the folder `knowledge`: each with its path within and its text.
macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../../knowledge/", $path))),)*]
    };
}

/// Every file of the folder `knowledge`, by its path within: one app for each family of sources.
pub(super) const FILES: &[(&str, &str)] = files![
    "cim/default/macros.conf",
    "cloud/default/eventtypes.conf",
    "cloud/default/props.conf",
    "cloud/default/tags.conf",
    "edr/default/eventtypes.conf",
    "edr/default/props.conf",
    "edr/default/tags.conf",
    "feeds/default/macros.conf",
    "linux/default/eventtypes.conf",
    "linux/default/props.conf",
    "linux/default/tags.conf",
    "network/default/eventtypes.conf",
    "network/default/props.conf",
    "network/default/tags.conf",
    "network/default/transforms.conf",
    "web/default/eventtypes.conf",
    "web/default/props.conf",
    "web/default/tags.conf",
    "web/default/transforms.conf",
    "windows/default/eventtypes.conf",
    "windows/default/props.conf",
    "windows/default/tags.conf",
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_table_equals_the_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge");
        let mut folder = Vec::new();
        collect(&root, &root, &mut folder);
        folder.sort();
        let table: Vec<_> =
            FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        assert_eq!(table, folder);
    }

    fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, files);
                continue;
            }
            let within = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.push((within, fs::read_to_string(&path).unwrap()));
        }
    }
}
