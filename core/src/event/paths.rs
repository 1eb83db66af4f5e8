//! Paths into JSON and XML: `a.b{}.c{1}`, as `spath` reads them.
//!
//! A name is a member of an object or an element; behind it `{}` stands for every element of an array, `{0}` for one by its
//! number, from 0 in JSON and from 1 in XML, and `{@a}` for an attribute of XML. Names of XML stand without their prefix.
//!
//! A text is walked through once for each step of the path, of which there are [`MAX_STEPS`] at most, whatever it holds, and
//! nothing recurses on it. So any text and any path cost linear time.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{json, xml};
use crate::{
    codec::Malformed,
    compiled::form::{Form, Loader, Saver, check, forms},
    value::Value,
};

/// The most steps that a path may have; a longer one leads nowhere.
pub const MAX_STEPS: usize = 64;

/// A path, ready to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Box<[Step]>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The members or elements of that name.
    Name(Box<[u8]>),
    /// Every element of an array.
    Every,
    /// One of them.
    Number(usize),
    /// An attribute.
    Attribute(Box<[u8]>),
}

impl Path {
    /// The path written as `text`. Braces that hold none of the above belong to the name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        for segment in text.split('.') {
            let (name, braces) = split_braces(segment);
            if !name.is_empty() {
                steps.push(Step::Name(name.as_bytes().into()));
            }
            steps.extend(braces);
        }
        if steps.len() > MAX_STEPS {
            steps.clear();
        }
        Self { steps: steps.into() }
    }

    /// The path to the member of that name, whatever characters it has.
    #[must_use]
    pub fn exact(name: &[u8]) -> Self {
        Self { steps: Box::new([Step::Name(name.into())]) }
    }

    /// Whether it can lead to several places.
    #[must_use]
    pub fn is_plural(&self) -> bool {
        self.steps.contains(&Step::Every)
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What `text` holds at the path: one value for each place, null if there is none. Texts are decoded; an object, an array
    /// or an element that holds others is given as it is written.
    #[must_use]
    pub fn find<'e>(&self, text: &'e [u8], bump: &'e Bump) -> Value<'e> {
        let found = match Markup::of(text) {
            _ if self.steps.is_empty() => return Value::Null,
            Some(Markup::Json) => json::at_path(text, &self.steps, bump),
            Some(Markup::Xml) => xml::at_path(text, &self.steps, bump),
            None => BumpVec::new_in(bump),
        };
        Value::from_list(found.into_bump_slice())
    }
}

/// Every leaf of `text` by its path; the values of a path together, in the order in which they stand. At most
/// [`MAX_FIELDS`](super::MAX_FIELDS) paths.
#[must_use]
pub fn leaves<'e>(text: &'e [u8], bump: &'e Bump) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
    match Markup::of(text) {
        Some(Markup::Json) => json::leaves(text, bump),
        Some(Markup::Xml) => xml::leaves(text, bump),
        None => BumpVec::new_in(bump),
    }
}

/// The texts of the elements of `text` that hold nothing else, by the names of these: `<a>1</a>` is `a=1`.
#[must_use]
pub fn elements<'e>(text: &'e [u8], bump: &'e Bump) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
    xml::texts(text, bump)
}

/// How a text is marked up.
enum Markup {
    Json,
    Xml,
}

impl Markup {
    fn of(text: &[u8]) -> Option<Self> {
        match text.trim_ascii_start().first()? {
            b'{' | b'[' => Some(Self::Json),
            b'<' => Some(Self::Xml),
            _ => None,
        }
    }
}

/// The name of a segment, and the steps that its braces mean.
fn split_braces(segment: &str) -> (&str, Vec<Step>) {
    let (mut name, mut steps) = (segment, Vec::new());
    while let Some((before, inside)) = name.strip_suffix('}').and_then(|rest| rest.rsplit_once('{'))
    {
        let step = match (inside, inside.strip_prefix('@'), inside.parse()) {
            ("", ..) => Step::Every,
            (_, Some(attribute), _) => Step::Attribute(attribute.as_bytes().into()),
            (.., Ok(number)) => Step::Number(number),
            _ => break,
        };
        steps.push(step);
        name = before;
    }
    steps.reverse();
    (name, steps)
}

forms! {
    struct Path { steps } if is_short;
    enum Step { 0 Name(it), 1 Every, 2 Number(it), 3 Attribute(it) };
}

fn is_short(path: &Path) -> bool {
    path.steps.len() <= MAX_STEPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::show;

    fn found(text: &str, path: &str) -> String {
        let bump = Bump::new();
        show(Path::parse(path).find(text.as_bytes(), &bump), &bump)
    }

    #[test]
    fn paths_into_json() {
        let text = r#" {"a":{"b":"x\ty","n":-1.50,"t":true,"z":null,"e":""},"l":[1,[2,3],{"k":"v"},"s"],"d":1,"d":2,"o":{}}"#;
        for (path, expected) in [
            ("a.b", "x\ty"),
            ("a.n", "-1.50"),
            ("a.t", "true"),
            ("a.z", "null"),
            ("a.e", ""),
            ("a.x", "null"),
            ("a.b.c", "null"),
            ("l{}", "1 | [2,3] | {\"k\":\"v\"} | s"),
            ("l{0}", "1"),
            ("l{1}{}", "2 | 3"),
            ("l{}.k", "v"),
            ("l{9}", "null"),
            ("l", "[1,[2,3],{\"k\":\"v\"},\"s\"]"),
            ("o", "{}"),
            ("d", "1 | 2"),
            ("a{}", "null"),
            ("a{@b}", "null"),
            ("", "null"),
        ] {
            assert_eq!(found(text, path), expected, "{path}");
        }
        assert_eq!(found(r#"[{"a":1},{"a":2}]"#, "{}.a"), "1 | 2");
        assert_eq!(found(r#"[{"a":1},{"a":2}]"#, "{1}"), r#"{"a":2}"#);
        assert_eq!(found(r#"{"a":{"b":"cut o"#, "a.b"), "cut o");
        assert_eq!(found("a.b", "a"), "null");
    }

    #[test]
    fn a_path_of_too_many_steps_leads_nowhere() {
        let text = "[".repeat(MAX_STEPS + 1) + "1";
        assert_eq!(found(&text, &"{}".repeat(MAX_STEPS)), "[1");
        assert_eq!(found(&text, &"{}".repeat(MAX_STEPS + 1)), "null");
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_path_panics(text in r#"[{}\[\]",:a1\\ <>/=]{0,24}"#, path in "[a.{}10@]{0,12}") {
            let _ = found(&text, &path);
            let _ = leaves(text.as_bytes(), &Bump::new());
        }
    }

    #[test]
    fn paths_into_xml() {
        let text = "<?xml version='1.0'?><p><d><l locale='es'>Precios</l><x:l locale='fr'>Pr&amp;ix</x:l></d>\
                    <d><l/><l locale=\"de\"><b>P</b></l></d><e a='1'/></p>";
        for (path, expected) in [
            ("p.d.l", "Precios | Pr&ix | <b>P</b>"),
            ("p.d.l{1}", "Precios"),
            ("p.d.l{2}", "Pr&ix | <b>P</b>"),
            ("p.d{2}.l{2}.b", "P"),
            ("p.d{}.l{}", "Precios | Pr&ix | <b>P</b>"),
            ("p.d.l{@locale}", "es | fr | de"),
            ("p.d.l{2}{@locale}", "fr | de"),
            ("p.e{@a}", "1"),
            ("p.e", "null"),
            ("p.l", "null"),
            ("p.d{0}", "null"),
            ("d", "null"),
        ] {
            assert_eq!(found(text, path), expected, "{path}");
        }
        assert_eq!(found("<a><b>cut o", "a.b"), "cut o");
    }

    #[test]
    fn leaves_stand_by_their_paths() {
        for (text, expected) in [
            (
                r#"{"s":{"n":"a","p":[80,443]},"t":[{"k":"x"},{"k":"y"}]}"#,
                "s.n=a s.p{}=80 | 443 t{}.k=x | y",
            ),
            (r#"[{"a":1},{"a":[2]},3]"#, "{}.a=1 {}.a{}=2 {}=3"),
            (
                "<a x='1'><b>t</b><b y=\"2\">u&lt;</b><c/> <d> </d></a>",
                "a{@x}=1 a.b=t | u< a.b{@y}=2",
            ),
            ("<a><b>t</b>", "a.b=t"),
            ("plain", ""),
        ] {
            let bump = Bump::new();
            let shown = leaves(text.as_bytes(), &bump)
                .into_iter()
                .map(|(name, value)| format!("{}={}", name.escape_ascii(), show(value, &bump)));
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_bounded() {
        let bump = Bump::new();
        for piece in ["<a>", "[", "{\"a\":", "<a b='1'>", "<a/>", "[1,", "</a>", "<!--"] {
            let text = piece.repeat((1 << 20) / piece.len());
            assert!(leaves(text.as_bytes(), &bump).len() <= super::super::MAX_FIELDS, "{piece}");
            let _ = Path::parse("a.a{}.a{1}{@b}").find(text.as_bytes(), &bump);
        }
    }
}
