//! The catalog of the rules that ship with the project, and of a hostile one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use caltrop_catalog::{Alerts, Catalog, Page, RuleText};
use caltrop_core::{
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use serde_json::Value;

const SEED: &str = "rules/wmi_subscription_execution.yml";

/// A rule each of whose texts would be markup, were it not escaped.
const HOSTILE: &str = r#"id: '../../<script>alert(1)</script>'
title: '<img src=x onerror=alert(2)> "quoted" &amp;'
description: '</p><script>alert(3)</script> -- Threat Actor Association: <b>A</b> -- Atomics T1047 Test #1'
logic: '`m("<i>")` "</code><script>" user="''onmouseover=x" | regex p="<svg/onload=x>" | where match(q, "</td>")'
techniques: ['<u>t:<u>x', 'execution:windows management instrumentation']
technique_id: ['T1047', '../../T1']
data_category: ['<em>logs</em>']
references: ['javascript:alert(4)', 'https://a.example/"><script>', 'file:///etc/passwd']
"#;

fn seed() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SEED)).unwrap()
}

fn catalog(files: &[(&str, &str)], alerts: Option<&Alerts>) -> Catalog {
    let texts: Vec<_> = files.iter().map(|&(path, text)| RuleText { path, text }).collect();
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    texts.iter().for_each(|file| builder.add_file(file.path, file.text));
    Catalog::new(&texts, builder, alerts)
}

fn alerts(path: &str, count: usize) -> Alerts {
    let line = |key: usize| {
        format!(
            "{{\"rule\":{{\"id\":\"x\",\"path\":\"{path}\"}},\"time\":1,\"key\":\"{key}\",\"row\":{{}}}}\n"
        )
    };
    Alerts::read(&(0..count).map(line).collect::<String>()).0
}

/// The values of the attributes `href` and `src` of a page.
fn links(page: &Page) -> Vec<String> {
    let found =
        ["href=\"", "src=\""].iter().flat_map(|attribute| page.text.split(attribute).skip(1));
    found.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
}

/// Where `link` on the page at `path` leads within the site.
fn target(path: &str, link: &str) -> String {
    let folder = Path::new(path).parent().unwrap();
    let mut parts: Vec<String> = Vec::new();
    for part in folder.join(link).components() {
        match part.as_os_str().to_str().unwrap() {
            ".." => _ = parts.pop().unwrap(),
            part => parts.push(part.to_owned()),
        }
    }
    parts.iter().collect::<PathBuf>().to_string_lossy().into_owned()
}

#[test]
fn the_facts_of_the_seed_rule() {
    let json = catalog(&[(SEED, &seed())], None).json();
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("seed", json);
    });
}

#[test]
fn every_link_of_the_site_leads_to_a_page_or_to_the_web() {
    let (seed, other) = (seed(), seed().replace("WmiPrvSE)\"", "wmiprvse)\""));
    let fired = alerts(SEED, 3);
    let files = [(SEED, seed.as_str()), ("b.yml", &other), ("c.yml", HOSTILE), ("d.yml", &seed)];
    let site = catalog(&files, Some(&fired)).site();
    let paths: BTreeSet<_> = site.iter().map(|page| page.path.clone()).collect();
    assert_eq!(paths.len(), site.len(), "each page has a path of its own");
    let pages = site.iter().filter(|page| page.path.ends_with(".html"));
    let mut count = 0;
    for page in pages {
        for link in links(page) {
            count += 1;
            let leads = link.starts_with("https://")
                || link.starts_with('#')
                || paths.contains(&target(&page.path, &link));
            assert!(leads, "{} links to {link}", page.path);
        }
        assert!(page.text.len() < 60 * 1024, "{} has {} bytes", page.path, page.text.len());
    }
    assert!(count > 100, "{count} links");
}

#[test]
fn texts_of_rules_are_escaped_and_name_no_file() {
    let site = catalog(&[("<x>/../../c.yml", HOSTILE)], None).site();
    for page in site.iter().filter(|page| page.path.ends_with(".html")) {
        for markup in [
            "<script>",
            "<img",
            "<b>",
            "<u>",
            "<i>",
            "<em>",
            "<svg",
            "</td>\"",
            "javascript:alert(4)\"",
            "href=\"file:",
        ] {
            assert!(!page.text.contains(markup), "{} holds {markup}", page.path);
        }
    }
    for page in &site {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "./".contains(c);
        assert!(page.path.chars().all(is_plain) && !page.path.contains(".."), "{}", page.path);
    }
}

#[test]
fn alerts_are_counted_for_their_rule() {
    let text = seed();
    let json = |alerts: &Alerts| -> Value {
        serde_json::from_str(&catalog(&[(SEED, &text)], Some(alerts)).json()).unwrap()
    };
    assert_eq!(json(&alerts(SEED, 3))["rules"][0]["alerts"], 3);
    assert_eq!(json(&alerts("other.yml", 3))["rules"][0]["alerts"], 0);
    let quiet: Value = serde_json::from_str(&catalog(&[(SEED, &text)], None).json()).unwrap();
    assert_eq!(quiet["rules"][0]["alerts"], Value::Null);
}

#[test]
fn the_layer_has_what_the_navigator_reads() {
    let layer: Value =
        serde_json::from_str(&catalog(&[(SEED, &seed())], None).navigator()).unwrap();
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["domain"], "enterprise-attack");
    let techniques = layer["techniques"].as_array().unwrap();
    let told: Vec<_> = techniques
        .iter()
        .map(|it| {
            (
                it["techniqueID"].as_str().unwrap(),
                it["tactic"].as_str().unwrap(),
                it["score"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("T1047", "execution", 1),
            ("T1546.003", "persistence", 1),
            ("T1546.003", "privilege-escalation", 1)
        ]
    );
}

#[test]
fn two_runs_write_the_same() {
    let files = [("c.yml", HOSTILE), (SEED, &seed())];
    let reversed = [files[1], files[0]];
    assert_eq!(catalog(&files, None).site(), catalog(&reversed, None).site());
}
