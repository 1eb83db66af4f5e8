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
fn fields_stay_in_the_order_of_their_first_values() {
    let fields = [("z", "1"), ("a", "2"), ("z", "3")];
    assert_eq!(row("a=2 | table *", &fields), r#"{"z":["1","3"],"a":"2"}"#);
}
