//! What transforms.conf says about fields: the extractions that `REPORT-class` of props.conf names.
//!
//! Stanzas of other kinds are no transforms here: lookups are read by [`lookups`](super::lookups), routing while events are
//! indexed by nobody.

use std::collections::BTreeMap;

use super::conf::{Origin, Setting, Stanza};
use crate::{
    diag::{Code, Diagnostic, Span},
    event::extract::{Piece, Template},
};

/// The transforms by name.
pub type Transforms = BTreeMap<String, Transform>;

/// One extraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    /// `SOURCE_KEY`: the field that is searched.
    pub source: String,
    /// How fields are found in it.
    pub method: Method,
    /// `MV_ADD`: whether a field that is there already gets one value more.
    pub adds_values: bool,
    /// `CLEAN_KEYS`: whether names that the event supplies are made into names of letters, digits and underscores.
    pub cleans_names: bool,
    /// `KEEP_EMPTY_VALS`: whether a field may be the empty text.
    pub keeps_empty: bool,
}

/// How a transform finds fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// `REGEX`: by its named groups or, if there are some, by the pairs of `FORMAT`.
    Pattern {
        /// The pattern; byte `n` of it stands at byte `n` of the origin's range.
        pattern: String,
        /// The file and the range of the pattern.
        origin: Origin,
        /// `name::value`, each.
        format: Vec<(Template, Template)>,
        /// The file and the range of `FORMAT`, if there is one.
        format_origin: Option<Origin>,
    },
    /// One set of `DELIMS`, and `FIELDS`: the texts between the delimiters, in order.
    Columns {
        /// The characters of which each ends a column.
        delimiters: String,
        /// The names of the columns.
        fields: Vec<String>,
    },
    /// Two sets of `DELIMS`.
    Pairs {
        /// The characters that stand between pairs.
        between: String,
        /// The characters that stand between a name and its value.
        within: String,
    },
}

/// The transform that `stanza` defines; none if it is of another kind, or takes one away with an empty `REGEX`.
pub(super) fn define(stanza: &Stanza) -> Result<Option<Transform>, Diagnostic> {
    let Some(method) = method(stanza)? else { return Ok(None) };
    let source = stanza.value("SOURCE_KEY").filter(|source| !source.is_empty());
    Ok(Some(Transform {
        source: source.unwrap_or("_raw").to_owned(),
        method,
        adds_values: stanza.is_true("MV_ADD"),
        cleans_names: stanza.value("CLEAN_KEYS").is_none() || stanza.is_true("CLEAN_KEYS"),
        keeps_empty: stanza.is_true("KEEP_EMPTY_VALS"),
    }))
}

fn method(stanza: &Stanza) -> Result<Option<Method>, Diagnostic> {
    let setting = |key| stanza.settings.get(key).filter(|setting| !setting.value.value.is_empty());
    if let Some(delimiters) = setting("DELIMS") {
        return by_delimiters(delimiters, setting("FIELDS")).map(Some);
    }
    // What is written into the index is no field that could be read by its name.
    let Some(regex) = setting("REGEX").filter(|_| !stanza.settings.contains_key("DEST_KEY")) else {
        return Ok(None);
    };
    let format = setting("FORMAT");
    Ok(Some(Method::Pattern {
        pattern: regex.value.value.clone(),
        origin: regex.origin(),
        format: format.map(pairs).transpose()?.unwrap_or_default(),
        format_origin: format.map(Setting::origin),
    }))
}

fn by_delimiters(delimiters: &Setting, fields: Option<&Setting>) -> Result<Method, Diagnostic> {
    let sets: Vec<String> = list(delimiters)?.into_iter().map(|(set, _)| set).collect();
    let bad = |message: &str| {
        Err(Diagnostic::error(Code::BadKnowledge, delimiters.value.span, message)
            .help("write `DELIMS = \"|\"` with `FIELDS`, or `DELIMS = \"|\", \"=\"`"))
    };
    if sets.iter().any(|set| set.is_empty() || !set.is_ascii()) {
        return bad("delimiters are ASCII characters");
    }
    match (sets.as_slice(), fields) {
        ([delimiters], Some(fields)) => Ok(Method::Columns {
            delimiters: delimiters.clone(),
            fields: list(fields)?.into_iter().map(|(field, _)| field).collect(),
        }),
        ([_], None) => bad("one set of delimiters needs `FIELDS`"),
        ([between, within], _) => {
            Ok(Method::Pairs { between: between.clone(), within: within.clone() })
        }
        _ => bad("there are one or two sets of delimiters"),
    }
}

/// The texts of `"a", "b" c`: quoted, with `\t \n \r \\ \"` as in C, or bare.
fn list(setting: &Setting) -> Result<Vec<(String, Span)>, Diagnostic> {
    let text = setting.value.value.as_str();
    let is_gap = |letter: char| letter.is_whitespace() || letter == ',';
    let (mut texts, mut pos) = (Vec::new(), 0);
    loop {
        pos = text.len() - text[pos..].trim_start_matches(is_gap).len();
        let rest = &text[pos..];
        let length = match rest.chars().next() {
            None => return Ok(texts),
            Some('"') => quoted_bytes(rest).ok_or_else(|| unclosed(setting, pos))?,
            Some(_) => rest.find(is_gap).unwrap_or(rest.len()),
        };
        let start = setting.value.span.start + pos;
        texts.push((unquoted(&rest[..length]), Span::new(start, start + length)));
        pos += length;
    }
}

/// How long the quoted text at the start of `rest` is, with its quotes.
fn quoted_bytes(rest: &str) -> Option<usize> {
    let mut is_escaped = true;
    let end = rest.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map(|end| end + 1)
}

fn unclosed(setting: &Setting, pos: usize) -> Diagnostic {
    let at = setting.value.span.start + pos;
    Diagnostic::error(Code::BadKnowledge, Span::new(at, at + 1), "a quoted text never ends")
}

/// What a word of a list stands for.
fn unquoted(word: &str) -> String {
    let Some(inside) = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) else {
        return word.to_owned();
    };
    let mut text = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        text.push(match (letter, letters.clone().next()) {
            ('\\', Some(escaped)) => {
                letters.next();
                match escaped {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                }
            }
            _ => letter,
        });
    }
    text
}

/// The pairs of `FORMAT = name::value name::value`; a format without `::` is one of the index, which makes no field.
fn pairs(format: &Setting) -> Result<Vec<(Template, Template)>, Diagnostic> {
    let text = format.value.value.as_str();
    if !text.contains("::") {
        return Ok(Vec::new());
    }
    let words = text.split_ascii_whitespace();
    words.map(|word| pair(word).ok_or_else(|| bad_pair(format, word))).collect()
}

fn pair(word: &str) -> Option<(Template, Template)> {
    let (name, value) = word.split_once("::").filter(|(name, _)| !name.is_empty())?;
    Some((template(name), template(&unquoted(value))))
}

fn bad_pair(format: &Setting, word: &str) -> Diagnostic {
    let start = format.value.value.find(word).unwrap_or_default() + format.value.span.start;
    let span = Span::new(start, start + word.len());
    let message = format!("`{word}` in `FORMAT` names no field");
    Diagnostic::error(Code::BadKnowledge, span, message)
        .label("expected `name::value`, such as `user::$1`")
}

/// `text` with `$1` for what the first group holds.
fn template(text: &str) -> Template {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 1 + digits;
        let (plain, piece) = match rest[at + 1..end].parse() {
            Ok(group) => (&rest[..at], Some(Piece::Group(group))),
            Err(_) => (&rest[..end], None),
        };
        pieces.extend((!plain.is_empty()).then(|| Piece::Text(plain.as_bytes().into())));
        pieces.extend(piece);
        rest = &rest[end..];
    }
    pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.as_bytes().into())));
    Template(pieces.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::conf;

    fn read(settings: &str) -> Result<Option<Transform>, String> {
        let (conf, problems) = conf::parse("transforms.conf", &format!("[t]\n{settings}"));
        assert_eq!(problems, []);
        define(&conf.stanzas["t"]).map_err(|diagnostic| diagnostic.message)
    }

    fn shown(template: &Template) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Piece::Group(group) => format!("<{group}>"),
        };
        template.0.iter().map(piece).collect()
    }

    fn formats(format: &str) -> Vec<String> {
        let transform = read(&format!("REGEX = (a)(b)\nFORMAT = {format}\n")).unwrap().unwrap();
        let Method::Pattern { format, .. } = transform.method else { panic!("no pattern") };
        format.iter().map(|(name, value)| format!("{}={}", shown(name), shown(value))).collect()
    }

    #[test]
    fn a_format_has_pairs_of_a_name_and_a_value() {
        for (format, expected) in [
            ("$1::$2", vec!["<1>=<2>"]),
            ("user::$1 kind::\"login\"", vec!["user=<1>", "kind=login"]),
            ("a_$1::$12x", vec!["a_<1>=<12>x"]),
            ("price::$", vec!["price=$"]),
            ("source::x::y", vec!["source=x::y"]),
            ("$1", vec![]),
        ] {
            assert_eq!(formats(format), expected, "{format}");
        }
    }

    #[test]
    fn delimiters_make_columns_or_pairs() {
        let columns = read("DELIMS = \"\\t|\"\nFIELDS = a, \"b c\"\n").unwrap().unwrap();
        let fields = vec!["a".to_owned(), "b c".to_owned()];
        assert_eq!(columns.method, Method::Columns { delimiters: "\t|".to_owned(), fields });
        let pairs = read("DELIMS = \",\", \"=\"\nSOURCE_KEY = Message\nMV_ADD = true\n");
        let pairs = pairs.unwrap().unwrap();
        let method = Method::Pairs { between: ",".to_owned(), within: "=".to_owned() };
        assert_eq!((pairs.method, &*pairs.source, pairs.adds_values), (method, "Message", true));
        assert!(pairs.cleans_names && !pairs.keeps_empty);
    }

    #[test]
    fn stanzas_of_other_kinds_are_none() {
        for settings in [
            "filename = x.csv\n",
            "REGEX = x\nDEST_KEY = queue\nFORMAT = nullQueue\n",
            "REGEX =\n",
            "",
        ] {
            assert_eq!(read(settings), Ok(None), "{settings}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (settings, problem) in [
            ("DELIMS = \"|\"\n", "one set of delimiters needs `FIELDS`"),
            ("DELIMS = \"|\n", "a quoted text never ends"),
            ("DELIMS = \"\", \"=\"\n", "delimiters are ASCII characters"),
            ("DELIMS = \"a\" \"b\" \"c\"\n", "there are one or two sets of delimiters"),
            ("REGEX = x\nFORMAT = a::$1 b\n", "`b` in `FORMAT` names no field"),
        ] {
            assert_eq!(read(settings), Err(problem.to_owned()), "{settings}");
        }
    }
}
