//! The examples are configurations that the filter takes, whole and as they stand.

use std::{collections::BTreeMap, fs, path::Path};

use caltrop_fluent_bit::config::{Config, keys};
use serde::Deserialize;

/// Those that Fluent Bit reads itself.
const HOST_KEYS: [&str; 5] = ["name", "match", "match_regex", "alias", "log_level"];

type Section = BTreeMap<String, String>;

/// The sections of a classic configuration, with their names.
fn classic(text: &str) -> Vec<(String, Section)> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    for line in
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push((name.to_owned(), Section::new()));
            continue;
        }
        let (key, value) = line.split_once(char::is_whitespace).unwrap_or_else(|| panic!("{line}"));
        let (_, section) = sections.last_mut().expect("a section stands before its keys");
        section.insert(key.to_ascii_lowercase(), value.trim().to_owned());
    }
    sections
}

#[derive(Deserialize)]
struct Yaml {
    service: Section,
    pipeline: Pipeline,
}

#[derive(Deserialize)]
struct Pipeline {
    inputs: Vec<Section>,
    filters: Vec<Section>,
}

/// The names and texts of all of them.
fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(folder).expect("they are in the project");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = |path: &Path| fs::read_to_string(path).expect("it can be read");
    files.iter().map(|path| (name(path), text(path))).collect()
}

/// The filters and inputs of ours in an example.
fn ours(name: &str, text: &str) -> (Vec<Section>, Vec<Section>) {
    let is_ours =
        |section: &Section| section.get("name").is_some_and(|name| name.starts_with("caltrop"));
    let (filters, inputs): (Vec<_>, Vec<_>) = if name.ends_with(".yaml") {
        let yaml: Yaml =
            serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        // A list under `plugins` is unknown before 3.2.
        assert_eq!(yaml.service["plugins_file"], "plugins.conf", "{name}");
        (yaml.pipeline.filters, yaml.pipeline.inputs)
    } else {
        let of = |kind: &str| {
            classic(text)
                .into_iter()
                .filter(|(name, _)| name == kind)
                .map(|(_, section)| section)
                .collect()
        };
        (of("FILTER"), of("INPUT"))
    };
    (filters.into_iter().filter(is_ours).collect(), inputs.into_iter().filter(is_ours).collect())
}

#[test]
fn every_section_of_the_filter_is_taken_and_has_the_companion_beside_it() {
    let mut count = 0;
    for (name, text) in examples() {
        let (filters, inputs) = ours(&name, &text);
        for section in &filters {
            let unknown: Vec<_> = section
                .keys()
                .filter(|key| {
                    keys().all(|own| own != key.as_str()) && !HOST_KEYS.contains(&key.as_str())
                })
                .collect();
            assert!(unknown.is_empty(), "{name}: {unknown:?}");
            Config::read(&|key| section.get(key).cloned())
                .unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
            assert_eq!(inputs[0]["tag"], "caltrop.detections", "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 4);
}

#[test]
fn the_documentation_names_every_key_and_shows_every_example() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fluent-bit.md"))
            .unwrap();
    for key in keys() {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
    for (name, _) in examples() {
        assert!(page.contains(&name), "{name}");
    }
}

#[test]
fn the_parsers_are_there_that_the_examples_name() {
    let parsers = classic(
        &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/parsers.conf"))
            .unwrap(),
    );
    let names: Vec<_> = parsers.iter().map(|(_, section)| section["name"].as_str()).collect();
    assert_eq!(names, ["caltrop_wineventlog", "caltrop_json"]);
    for (name, text) in examples().iter().filter(|(name, _)| name.ends_with(".conf")) {
        for (_, section) in &classic(text) {
            let named = section.get("multiline.parser").or(section.get("parser"));
            assert!(named.is_none_or(|parser| names.contains(&parser.as_str())), "{name}");
        }
    }
}
