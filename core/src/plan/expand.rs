//! Macros: text to text, before anything is parsed.
//!
//! A macro may hold a word, a list, options, half a boolean expression or whole commands with their pipes, so it can only
//! be replaced as text. Comments go the same way: each becomes one space. The law: every place of the result maps back to
//! the original, and what a macro produced maps to the whole call. Nothing inside double quotes is touched, but `$name$` in
//! a definition is replaced in quotes too, as Splunk does it.
//!
//! Expansion is bounded: [`MAX_CALL_DEPTH`] macros inside each other, [`MAX_EXPANDED_BYTES`] of text. It is not good at
//! saying where in a *definition* a mistake is; it points at the call.

pub use crate::diag::SourceMap;
use crate::diag::{Code, Diagnostic, Origin, Span};
use crate::knowledge::macros::MacroDefinition;
use crate::plan::suggest::closest;
use crate::spl::skip_quoted;

/// How deep macros may call each other.
pub const MAX_CALL_DEPTH: usize = 100;

/// How long a text may become.
pub const MAX_EXPANDED_BYTES: usize = 1 << 20;

/// How many calls one text may make in all: a bound on the time that empty macros can take.
const MAX_CALLS: usize = 10_000;

/// How many bytes all definitions together may have, counted at each call: a bound on the time that large comments in
/// definitions can take.
const MAX_WORK_BYTES: usize = 16 * MAX_EXPANDED_BYTES;

/// For how many unknown macros a known one is suggested: the search costs time and after some nobody reads it.
const MAX_SUGGESTIONS: usize = 32;

/// Where macros come from.
pub trait Macros {
    /// The macro `name` that takes `arity` arguments.
    fn find(&self, name: &str, arity: usize) -> Option<&MacroDefinition>;

    /// Every name, to say what may have been meant.
    fn names(&self) -> Vec<String>;

    /// The text that an `iseval` definition or a validation evaluates to.
    ///
    /// # Errors
    /// What is wrong with the expression.
    fn evaluate(&self, expression: &str) -> Result<String, String>;
}

/// A text without macros and comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text to parse.
    pub text: String,
    /// Where each part of it came from.
    pub map: SourceMap,
    /// Every call that was expanded, outer ones first.
    pub calls: Vec<MacroCall>,
}

/// A macro call, such as `` `index_of(web)` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroCall {
    /// The name.
    pub name: String,
    /// The arguments, without their quotes.
    pub arguments: Vec<String>,
    /// What it is defined as.
    pub definition: String,
    /// The call in the original text; for a call inside a definition, the outermost call.
    pub span: Span,
    /// In how many other macros it stands.
    pub depth: usize,
}

/// Expands the macros of `text` and removes its comments. The diagnostics point into `text`; an unknown macro expands to
/// something harmless, so that the rest can be looked at.
#[must_use]
pub fn expand(text: &str, macros: &dyn Macros) -> (Expanded, Vec<Diagnostic>) {
    let mut expander = Expander {
        macros,
        expanded: Expanded::default(),
        diagnostics: Vec::new(),
        active: Vec::new(),
        context: Context::Start,
        work_bytes: 0,
        is_stopped: false,
    };
    expander.text(text, None);
    (expander.expanded, expander.diagnostics)
}

struct Expander<'m> {
    macros: &'m dyn Macros,
    expanded: Expanded,
    diagnostics: Vec<Diagnostic>,
    /// The macros that are being expanded, the outermost first.
    active: Vec<(String, usize)>,
    context: Context,
    work_bytes: usize,
    /// A limit was passed: nothing more is expanded.
    is_stopped: bool,
}

/// What stands before a call in its command: it decides what an unknown macro is replaced with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    /// Nothing yet, and no pipe: a search.
    Start,
    /// Terms of a search.
    Search,
    /// A pipe.
    Pipe,
    /// An expression.
    Expression,
    /// Arguments of another command.
    Arguments,
}

/// A call as written.
struct Call<'t> {
    name: &'t str,
    arguments: Vec<Written>,
}

/// One argument of a call.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    /// `x` of `x=1`.
    name: Option<String>,
    /// Without space and quotes around it; `1` of `x=1`.
    value: String,
    /// The same with its name: `x=1`.
    whole: String,
}

impl Expander<'_> {
    /// Expands `text`; `call` is the outermost call that it is the definition of.
    fn text(&mut self, text: &str, call: Option<Span>) {
        let mut at = 0;
        while at < text.len() && !self.is_stopped {
            let special = text[at..].find(['"', '`', '\\']).map_or(text.len(), |found| at + found);
            self.copy(text, Span::new(at, special), call);
            let rest = &text[special..];
            at = if rest.starts_with("```") {
                self.comment(text, special, call)
            } else if rest.starts_with('`') {
                self.call(text, special, call)
            } else {
                let end = special + skip_quoted(rest);
                self.copy(text, Span::new(special, end), call);
                end
            };
        }
    }

    /// Copies a part of `text` that holds no macro.
    fn copy(&mut self, text: &str, part: Span, call: Option<Span>) {
        let copied = part.text(text);
        if copied.is_empty() {
            return;
        }
        self.push(copied, call.unwrap_or(part), call.is_none());
        self.context = self.context.after(copied);
    }

    /// Appends `text`, which came from `original`.
    fn push(&mut self, text: &str, original: Span, is_copy: bool) {
        let start = self.expanded.text.len();
        if start + text.len() > MAX_EXPANDED_BYTES {
            return self.stop(original);
        }
        self.expanded.text.push_str(text);
        let origin = if is_copy { Origin::Copy } else { Origin::Made };
        self.expanded.map.push(start, original, origin);
    }

    fn stop(&mut self, original: Span) {
        self.is_stopped = true;
        self.diagnostics.push(
            Diagnostic::error(Code::MacroTooLarge, original, "the expanded rule is too large")
                .label(format!("here it passes {MAX_EXPANDED_BYTES} bytes or {MAX_CALLS} calls"))
                .help("make the definitions smaller"),
        );
    }

    /// Replaces the comment at `start` with a space; gives where it ends.
    fn comment(&mut self, text: &str, start: usize, call: Option<Span>) -> usize {
        let end = text[start + 3..].find("```").map(|found| start + 3 + found + 3);
        let span = Span::new(start, end.unwrap_or(text.len()));
        if end.is_none() {
            let opening = Span::new(start, start + 3);
            self.diagnostics.push(
                Diagnostic::error(
                    Code::UnclosedComment,
                    call.unwrap_or(opening),
                    "unclosed comment",
                )
                .label("no closing ``` follows it")
                .help("close it with three backticks"),
            );
        }
        self.push(" ", call.unwrap_or(span), false);
        span.end
    }

    /// Expands the call at `start`; gives where it ends.
    fn call(&mut self, text: &str, start: usize, outer: Option<Span>) -> usize {
        let Some(end) = call_end(text, start) else {
            let span = outer.unwrap_or(Span::new(start, start + 1));
            self.diagnostics.push(
                Diagnostic::error(Code::UnclosedQuote, span, "a macro call is not closed")
                    .label("no matching backtick follows it")
                    .help("close the call with a backtick, and every quote in its arguments"),
            );
            return text.len();
        };
        let span = outer.unwrap_or(Span::new(start, end));
        let call = Call::read(&text[start + 1..end - 1]);
        let arguments = call.arguments.iter().map(|argument| argument.whole.clone()).collect();
        let depth = self.active.len();
        let definition = self.macros.find(call.name, call.arguments.len());
        let definition = definition.map(|found| found.definition.clone()).unwrap_or_default();
        let made = MacroCall { name: call.name.to_owned(), arguments, definition, span, depth };
        self.expanded.calls.push(made);
        if self.expanded.calls.len() > MAX_CALLS {
            self.stop(span);
        } else {
            self.expand_call(&call, span);
        }
        end
    }

    fn expand_call(&mut self, call: &Call<'_>, span: Span) {
        let arity = call.arguments.len();
        let macros = self.macros;
        let Some(definition) = macros.find(call.name, arity) else {
            return self.unknown(call, span);
        };
        if self.is_cycle(call.name, arity, span) {
            return;
        }
        match self.definition_text(call, definition) {
            Ok(text) if self.has_worked(text.len()) => self.stop(span),
            Ok(text) => {
                self.active.push((call.name.to_owned(), arity));
                self.text(&text, Some(span));
                self.active.pop();
            }
            Err(complaint) => self.misfit(call, span, complaint),
        }
    }

    /// The text that `call` stands for, or what is wrong with the call.
    fn definition_text(
        &self,
        call: &Call<'_>,
        definition: &MacroDefinition,
    ) -> Result<String, String> {
        let values = call.values(definition)?;
        self.validate(definition, &values)?;
        let text = substitute(&definition.definition, definition, &values)?;
        if definition.is_eval { self.macros.evaluate(&text) } else { Ok(text) }
    }

    /// Counts `bytes` of a definition; whether they are too many by now.
    fn has_worked(&mut self, bytes: usize) -> bool {
        self.work_bytes += bytes;
        self.work_bytes >= MAX_WORK_BYTES
    }

    /// Whether the macro is already being expanded, or too many are; complains if so.
    fn is_cycle(&mut self, name: &str, arity: usize, span: Span) -> bool {
        let is_active = self.active.iter().any(|(active, its)| active == name && *its == arity);
        if is_active {
            let path = self.active.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
            let path = format!("{} -> {name}", path.join(" -> "));
            self.diagnostics.push(
                Diagnostic::error(Code::MacroCycle, span, format!("macro `{name}` calls itself"))
                    .label(path)
                    .help("break the cycle in `macros.conf`"),
            );
        } else if self.active.len() >= MAX_CALL_DEPTH {
            let message = format!("macros call each other more than {MAX_CALL_DEPTH} deep");
            let error = Diagnostic::error(Code::TooDeep, span, message);
            self.diagnostics.push(error.label("in this call").help("make the chain shorter"));
        } else {
            return false;
        }
        true
    }

    fn validate(&self, definition: &MacroDefinition, values: &[String]) -> Result<(), String> {
        let Some(validation) = &definition.validation else { return Ok(()) };
        let expression = substitute(validation, definition, values)?;
        let result = self.macros.evaluate(&expression)?;
        if ["true", "1"].iter().any(|yes| result.eq_ignore_ascii_case(yes)) {
            return Ok(());
        }
        let message = definition.error_message.as_deref();
        Err(message.map_or_else(|| format!("it fails `{validation}`"), str::to_owned))
    }

    fn misfit(&mut self, call: &Call<'_>, span: Span, complaint: String) {
        let message = format!("macro `{}` cannot be expanded", call.name);
        let error = Diagnostic::error(Code::MacroArguments, span, message).label(complaint);
        self.diagnostics.push(error.help("change the arguments, or the macro's definition"));
        self.fill(span);
    }

    fn unknown(&mut self, call: &Call<'_>, span: Span) {
        // The old way to write a comment.
        if call.name == "comment" {
            return;
        }
        let arity = call.arguments.len();
        let shown =
            if arity == 0 { call.name.to_owned() } else { format!("{}({arity})", call.name) };
        let is_worth_it = self.diagnostics.len() < MAX_SUGGESTIONS;
        let names = if is_worth_it { self.macros.names() } else { Vec::new() };
        let define = format!("define `[{shown}]` in a `macros.conf` under --knowledge");
        let help = match closest(call.name, names.iter().map(String::as_str)) {
            Some(name) if name == call.name => {
                format!("`{name}` takes another number of arguments; or {define}")
            }
            Some(name) => format!("did you mean `{name}`? if not, {define}"),
            None => define,
        };
        let message = format!("unknown macro `{shown}`");
        let error = Diagnostic::error(Code::UnknownMacro, span, message);
        self.diagnostics.push(error.label("has no definition").help(help));
        self.fill(span);
    }

    /// Puts something in place of a macro that could not be expanded, so that no other complaint follows from it.
    fn fill(&mut self, span: Span) {
        let filling = match self.context {
            Context::Start | Context::Search => "*",
            Context::Pipe => "search *",
            Context::Expression if lacks_operand(&self.expanded.text) => "null()",
            Context::Expression | Context::Arguments => "",
        };
        self.push(filling, span, false);
        self.context = self.context.after(filling);
    }
}

impl Context {
    /// The context behind `text`, which may end in the middle of a command.
    fn after(self, text: &str) -> Self {
        let (mut context, mut command) = (self, text);
        let is_quoted = text.starts_with(['"', '\\']);
        if let Some(pipe) = text.rfind(['|', '[']).filter(|_| !is_quoted) {
            (context, command) = (Self::Pipe, &text[pipe + 1..]);
        }
        let word = command.trim_start();
        match context {
            _ if word.is_empty() => context,
            Self::Start => Self::Search,
            Self::Pipe if word.starts_with("search") => Self::Search,
            Self::Pipe if word.starts_with("where") || word.starts_with("eval") => Self::Expression,
            Self::Pipe => Self::Arguments,
            other => other,
        }
    }
}

impl<'t> Call<'t> {
    /// Reads what stands between the backticks.
    fn read(text: &'t str) -> Self {
        let text = text.trim();
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim_end(), rest.strip_suffix(')').unwrap_or(rest)),
            None => (text, ""),
        };
        let arguments = match split_arguments(arguments) {
            parts if parts.len() == 1 && parts[0].trim().is_empty() => Vec::new(),
            parts => parts.into_iter().map(Written::read).collect(),
        };
        Self { name, arguments }
    }

    /// The arguments in the order of the definition.
    fn values(&self, definition: &MacroDefinition) -> Result<Vec<String>, String> {
        let names = &definition.arguments;
        if names.len() != self.arguments.len() {
            return Err(format!("its definition names {} arguments", names.len()));
        }
        let is_named =
            |argument: &Written| argument.name.as_ref().is_some_and(|name| names.contains(name));
        if !self.arguments.iter().all(is_named) {
            return Ok(self.arguments.iter().map(|argument| argument.whole.clone()).collect());
        }
        let value = |name: &String| {
            let mut named = self.arguments.iter().filter(|it| it.name.as_ref() == Some(name));
            let value = named.next().ok_or(format!("argument `{name}` is not given"))?;
            Ok(value.value.clone())
        };
        names.iter().map(value).collect()
    }
}

impl Written {
    fn read(text: &str) -> Self {
        let text = text.trim();
        let named = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        let (name, value) = match named {
            Some((name, value)) if is_name(name) => (Some(name.to_owned()), value),
            _ => (None, text),
        };
        Self { name, value: without_quotes(value), whole: without_quotes(text) }
    }
}

fn without_quotes(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inside.unwrap_or(text).to_owned()
}

/// One past the backtick that closes the call at `start`: quotes in its arguments hide backticks.
fn call_end(text: &str, start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += text.get(at..)?.find(['"', '`'])?;
        if text[at..].starts_with('`') {
            return Some(at + 1);
        }
        let quoted = skip_quoted(&text[at..]);
        let is_closed = quoted > 1 && text[..at + quoted].ends_with('"');
        at += is_closed.then_some(quoted)?;
    }
}

/// Splits at the commas that stand in no quotes and no parentheses.
fn split_arguments(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\\' => at += skip_quoted(&text[at..]) - 1,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => at += c.len_utf8() - 1,
        }
        at += 1;
    }
    parts.push(&text[start..]);
    parts
}

/// `text` with `$name$` replaced by the value of that argument; an error, if it becomes too long.
fn substitute(
    text: &str,
    definition: &MacroDefinition,
    values: &[String],
) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let named = after.split_once('$').and_then(|(name, after)| {
            let index = definition.arguments.iter().position(|argument| argument == name)?;
            Some((values.get(index)?.as_str(), after))
        });
        // A `$` that names no argument is a `$`.
        let (value, after) = named.unwrap_or(("$", after));
        result.push_str(value);
        rest = after;
        if result.len() > MAX_EXPANDED_BYTES {
            return Err(format!("its definition grows beyond {MAX_EXPANDED_BYTES} bytes"));
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// Whether the expression at the end of `text` waits for an operand.
fn lacks_operand(text: &str) -> bool {
    let text = text.trim_end();
    let word_start = text.trim_end_matches(char::is_alphanumeric).len();
    let words = ["and", "or", "xor", "not", "like", "where"];
    text.ends_with(['=', '<', '>', '(', ',', '+', '-', '*', '/', '%', '.', '!'])
        || words.iter().any(|word| text[word_start..].eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct Table(BTreeMap<(String, usize), MacroDefinition>);

    impl Table {
        fn with(mut self, name: &str, arguments: &[&str], definition: &str) -> Self {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            let key = (name.to_owned(), arguments.len());
            let definition = definition.to_owned();
            self.0.insert(key, MacroDefinition { arguments, definition, ..Default::default() });
            self
        }
    }

    impl Macros for Table {
        fn find(&self, name: &str, arity: usize) -> Option<&MacroDefinition> {
            self.0.get(&(name.to_owned(), arity))
        }

        fn names(&self) -> Vec<String> {
            self.0.keys().map(|(name, _)| name.clone()).collect()
        }

        fn evaluate(&self, expression: &str) -> Result<String, String> {
            match expression {
                "refuse" => Err("refused".to_owned()),
                other => Ok(other.to_uppercase()),
            }
        }
    }

    fn table() -> Table {
        Table::default()
            .with("win", &[], "(source=a OR source=b)")
            .with("both", &[], "`win` `one(x)`")
            .with("one", &["field"], "$field$=1 note=\"$field$ is 1\"")
            .with("sub", &["a", "b"], "$a$-$b$")
            .with("list", &[], "a.exe,b.exe")
            .with("tail", &[], "| stats count")
            .with("loop", &[], "`back`")
            .with("back", &[], "`loop`")
            .with("money", &["n"], "$n$ costs 5$")
    }

    fn expanded(text: &str) -> String {
        let (expanded, diagnostics) = expand(text, &table());
        assert_eq!(diagnostics, [], "{text}");
        expanded.text
    }

    #[test]
    fn macros_are_replaced_wherever_they_stand_but_in_quotes() {
        for (text, expected) in [
            ("`win` x", "(source=a OR source=b) x"),
            ("`both`", "(source=a OR source=b) x=1 note=\"x is 1\""),
            ("\"`win`\" `one(y)`", "\"`win`\" y=1 note=\"y is 1\""),
            ("`one( \"a b\" )`", "a b=1 note=\"a b is 1\""),
            ("`sub(5,1)` `sub(b=1, a=5)`", "5-1 5-1"),
            ("`sub(f(1,2),\"3,4\")`", "f(1,2)-3,4"),
            ("x=`sub(a=1, c=2)`", "x=a=1-c=2"),
            ("IN (`list`)", "IN (a.exe,b.exe)"),
            ("a`tail`", "a| stats count"),
            ("`money(1)`", "1 costs 5$"),
            ("a `comment(\"not, this\")` b", "a  b"),
            ("a ```not `win`\n this``` b", "a   b"),
            ("\"```\" c", "\"```\" c"),
            ("\"a\\\"`win`\" ü", "\"a\\\"`win`\" ü"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
    }

    #[test]
    fn places_map_back_to_the_text_or_to_the_whole_call() {
        let text = "aa `one(x)` bb ```c``` dd";
        let (expanded, _) = expand(text, &table());
        for (found, expected) in [
            ("aa", "aa"),
            ("x=1", "`one(x)`"),
            ("bb", "bb"),
            ("dd", "dd"),
            ("1\" bb", "`one(x)` bb"),
        ] {
            let start = expanded.text.find(found).expect("the text holds it");
            let span = expanded.map.original(Span::new(start, start + found.len()));
            assert_eq!(span.text(text), expected, "{found}");
        }
        let end = expanded.map.original(Span::at(expanded.text.len()));
        assert_eq!(end, Span::at(text.len()));
    }

    #[test]
    fn calls_are_listed_with_their_arguments() {
        let (expanded, _) = expand("`both` `sub(a=1,\"b\")`", &table());
        let calls: Vec<_> = expanded
            .calls
            .iter()
            .map(|call| (call.name.as_str(), call.arguments.join(";"), call.depth, call.span))
            .collect();
        let (both, sub) = (Span::new(0, 6), Span::new(7, 21));
        assert_eq!(
            calls,
            [
                ("both", String::new(), 0, both),
                ("win", String::new(), 1, both),
                ("one", "x".to_owned(), 1, both),
                ("sub", "a=1;b".to_owned(), 0, sub),
            ]
        );
    }

    #[test]
    fn complaints_say_what_to_do() {
        for (text, code, part, help) in [
            ("a `wim`", Code::UnknownMacro, "`wim`", "did you mean `win`"),
            ("`nothing_like_it(1)`", Code::UnknownMacro, "", "define `[nothing_like_it(1)]`"),
            ("`win(1)`", Code::UnknownMacro, "", "`win` takes another number of arguments"),
            ("x `loop`", Code::MacroCycle, "`loop`", "break the cycle"),
            ("`sub(a=1,a=2)`", Code::MacroArguments, "", "change the arguments"),
            ("x `sub(\"a,1)` y", Code::UnclosedQuote, "`", "close the call"),
            ("x ``` y", Code::UnclosedComment, "```", "three backticks"),
        ] {
            let (_, diagnostics) = expand(text, &table());
            let [diagnostic] = diagnostics.as_slice() else {
                panic!("{text}: {diagnostics:?}");
            };
            assert_eq!(diagnostic.code, code, "{text}");
            assert!(
                diagnostic.help.as_deref().is_some_and(|it| it.contains(help)),
                "{diagnostic:?}"
            );
            let span = diagnostic.primary.span.text(text);
            assert!(part.is_empty() || span == part, "{text}: {span}");
        }
    }

    #[test]
    fn an_unknown_macro_leaves_a_text_that_parses() {
        for text in [
            "`a` OR x",
            "x IN (`a`)",
            "x | `a`",
            "x | `a` | stats count",
            "| search x OR `a`",
            "x | table a, `a`",
            "| tstats `a` count",
            "| where x > relative_time(now(), `a`) AND `a`",
            "| where `a` OR `a` | eval x=`a`, y=1 `a`",
            "`a`",
        ] {
            let (expanded, diagnostics) = expand(text, &Table::default());
            let codes: Vec<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
            assert!(codes.iter().all(|&code| code == Code::UnknownMacro) && !codes.is_empty());
            assert_eq!(crate::spl::parse(&expanded.text).1, [], "{text}: {}", expanded.text);
        }
    }

    #[test]
    fn evaluated_macros_and_validations() {
        let mut table = Table::default().with("up", &["a"], "$a$").with("picky", &["a"], "$a$");
        for definition in table.0.values_mut() {
            definition.is_eval = definition.arguments == ["a"];
        }
        let picky = table.0.get_mut(&("picky".to_owned(), 1)).expect("it was just put there");
        picky.is_eval = false;
        picky.validation = Some("$a$".to_owned());
        picky.error_message = Some("say true".to_owned());
        assert_eq!(expand("`up(x)`", &table).0.text, "X");
        assert_eq!(expand("`picky(true)`", &table).0.text, "true");
        assert_eq!(expand("`picky(no)`", &table).1[0].primary.text, "say true");
        assert_eq!(expand("`up(refuse)`", &table).1[0].primary.text, "refused");
    }

    #[test]
    fn expansion_is_bounded() {
        let mut bomb = Table::default().with("m0", &[], "0123456789");
        for level in 1..20 {
            let definition = format!("`m{}`", level - 1).repeat(10);
            bomb = bomb.with(&format!("m{level}"), &[], &definition);
        }
        let (expanded, diagnostics) = expand("`m19`", &bomb);
        assert!(expanded.text.len() <= MAX_EXPANDED_BYTES);
        assert_eq!(diagnostics.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::MacroTooLarge]);

        let comment = format!("```{}```", "x".repeat(MAX_EXPANDED_BYTES - 10));
        let empty = Table::default().with("empty", &[], &comment);
        let (_, diagnostics) = expand(&"`empty`".repeat(1_000), &empty);
        assert_eq!(diagnostics.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::MacroTooLarge]);

        let mut chain = Table::default();
        for level in 0..200 {
            chain = chain.with(&format!("c{level}"), &[], &format!("`c{}`", level + 1));
        }
        assert_eq!(expand("`c0`", &chain).1[0].code, Code::TooDeep);
    }
}
