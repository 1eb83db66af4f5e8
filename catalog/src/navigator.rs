//! A layer for the ATT&CK Navigator: <https://github.com/mitre-attack/attack-navigator>, layers of format 4.5.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{attack, catalog::Catalog};

/// How many rules look for each technique, and in its comment how many of them fired.
pub(crate) fn layer(catalog: &Catalog) -> String {
    let mut techniques: BTreeMap<(String, String), Score> = BTreeMap::new();
    for rule in &catalog.rules {
        for covered in &rule.mitre {
            let Some(id) = covered.technique_id.as_deref().filter(|id| attack::is_id(id)) else {
                continue;
            };
            let tactic = covered.tactic.to_lowercase().replace(' ', "-");
            let score = techniques.entry((id.to_owned(), tactic)).or_default();
            score.rules += 1;
            score.alerts += rule.alerts.unwrap_or(0);
        }
    }
    let most = techniques.values().map(|score| score.rules).max().unwrap_or(1);
    let scores = techniques.iter().map(|(key, score)| technique(key, score, catalog.has_alerts));
    let layer = json!({
        "name": "caltrop",
        "versions": { "attack": major(attack::VERSION), "navigator": "5.1.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": format!("Techniques that {} rules look for.", catalog.rules.len()),
        "sorting": 3,
        "techniques": scores.collect::<Vec<_>>(),
        "gradient": { "colors": ["#fee6ce", "#e6550d"], "minValue": 0, "maxValue": most },
        "legendItems": [],
        "hideDisabled": false,
    });
    format!("{layer:#}\n")
}

#[derive(Default)]
struct Score {
    rules: u64,
    alerts: u64,
}

fn technique((id, tactic): &(String, String), score: &Score, has_alerts: bool) -> Value {
    let mut comment = format!("rules: {}", score.rules);
    if has_alerts {
        comment += &format!(", alerts: {}", score.alerts);
    }
    let mut technique = json!({
        "techniqueID": id,
        "score": score.rules,
        "comment": comment,
        "enabled": true,
        "showSubtechniques": id.contains('.'),
    });
    if !tactic.is_empty() {
        technique["tactic"] = json!(tactic);
    }
    technique
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
