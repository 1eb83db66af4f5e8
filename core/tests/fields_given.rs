//! Events whose fields the caller has found already.

use std::sync::Arc;

use caltrop_core::{
    config::Options,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};

fn row(spl: &str, fields: &[(&str, &str)]) -> String {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_spl("given", spl);
    let mut engine = Engine::new(Arc::new(builder.build().rules), Options::default());
    let fields: Vec<(&[u8], &[u8])> =
        fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let mut out = Vec::new();
    engine.push_fields(None, &fields, &Head::default(), &mut |alert| {
        alert.write_row_json(&mut out).expect("a Vec takes everything");
    });
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn several_values_of_one_name_are_a_multivalue_wherever_they_stand() {
    let fields = [("tag", "red"), ("user", "ada"), ("tag", ""), ("tag", "blue")];
    assert_eq!(
        row("tag=blue | table user, tag", &fields),
        r#"{"user":"ada","tag":["red","blue"]}"#
    );
    assert_eq!(row("user=ada | eval n=mvcount(tag) | table n", &fields), r#"{"n":"2"}"#);
    assert_eq!(row("tag=green", &fields), "");
}

#[test]
fn those_that_were_given_first_count_where_there_are_too_many() {
    let names: Vec<String> = (0..600).map(|number| format!("a{number}")).collect();
    let many = names.iter().map(|name| (name.as_str(), "x"));
    let fields: Vec<(&str, &str)> = [("z", "1")].into_iter().chain(many).collect();
    assert_eq!(row("z=1 | table z, a510, a511", &fields), r#"{"z":"1","a510":"x"}"#);
}
