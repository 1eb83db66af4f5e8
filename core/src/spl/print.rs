//! The canonical SPL of a tree.
//!
//! The law: `parse(print(tree))` is `tree`, but for spans. So everything that is not a plain word is printed in quotes,
//! and parentheses stand where the operators' powers ask for them. A tree with gaps prints with gaps.

use std::fmt::Write as _;

use super::commands;
use super::expr::{Power, arithmetic_power, is_operator_word, name_length, number_length};
use super::search::{OPERATORS, TIME_MODIFIERS};
use super::tree::{
    Aggregate, AggregateArgument, Argument, ArithmeticOp, Bin, Command, CommandKind, CompareOp,
    Comparison, Expr, ExprKind, Fields, Head, Pattern, Pipeline, RawKind, RawTerm, Regex, Search,
    SearchValue, Stats, ValueKind,
};
use crate::diag::Spanned;

/// Prints `pipeline` as SPL on one line.
#[must_use]
pub fn print(pipeline: &Pipeline) -> String {
    let mut out = String::new();
    let is_implied = |first: &Command| {
        let span = first.name.span;
        matches!(first.kind, CommandKind::Search(_)) && span.start == span.end
    };
    match pipeline.commands.split_first() {
        Some((first, rest)) if is_implied(first) => {
            arguments(&mut out, &first.kind);
            for command in rest {
                out.push_str(" | ");
                print_command(&mut out, command);
            }
        }
        _ => {
            out.push_str("| ");
            print_commands(&mut out, &pipeline.commands);
        }
    }
    out
}

fn print_commands(out: &mut String, commands: &[Command]) {
    for (index, command) in commands.iter().enumerate() {
        if index > 0 {
            out.push_str(" | ");
        }
        print_command(out, command);
    }
}

fn print_command(out: &mut String, command: &Command) {
    out.push_str(&command.name.value);
    out.push(' ');
    arguments(out, &command.kind);
    out.truncate(out.trim_end().len());
}

fn arguments(out: &mut String, kind: &CommandKind) {
    match kind {
        CommandKind::Search(search) => print_search(out, search, Tightness::Conjunction),
        CommandKind::Regex(regex) => print_regex(out, regex),
        CommandKind::Table(names) => print_names(out, names),
        CommandKind::Fields(fields) => print_fields(out, fields),
        CommandKind::Bin(bin) => print_bin(out, bin),
        CommandKind::Stats(stats) | CommandKind::Eventstats(stats) => print_stats(out, stats),
        CommandKind::Streamstats(streamstats) => commands::streamstats::print(out, streamstats),
        CommandKind::Where(condition) => print_expr(out, condition, Power::Any),
        CommandKind::Eval(assignments) => joined(out, assignments, |out, assignment| {
            print_name(out, &assignment.field.value);
            out.push('=');
            print_expr(out, &assignment.value, Power::Any);
        }),
        CommandKind::Rename(renamings) => joined(out, renamings, |out, renaming| {
            print_name(out, &renaming.from.value);
            out.push_str(" AS ");
            print_name(out, &renaming.to.value);
        }),
        CommandKind::Head(head) => print_head(out, head),
        CommandKind::Tail { limit } => {
            let _ = write!(out, "{limit}");
        }
        CommandKind::Reverse | CommandKind::Broken => {}
        CommandKind::Sort(sort) => commands::sort::print(out, sort),
        CommandKind::Transaction(transaction) => commands::transaction::print(out, transaction),
        CommandKind::Top(top) => commands::top::print(out, top),
        CommandKind::Chart(chart) => commands::chart::print(out, chart),
        CommandKind::Dedup(dedup) => commands::dedup::print(out, dedup),
        CommandKind::Lookup(lookup) => commands::lookup::print(out, lookup),
        CommandKind::InputLookup(lookup) => commands::inputlookup::print(out, lookup),
        CommandKind::OutputLookup(lookup) => commands::outputlookup::print(out, lookup),
        CommandKind::Foreach(bracketed)
        | CommandKind::Append(bracketed)
        | CommandKind::AppendPipe(bracketed)
        | CommandKind::Join(bracketed) => commands::bracketed::print(out, bracketed),
        CommandKind::Return(returned) => commands::r#return::print(out, returned),
        CommandKind::Rex(rex) => commands::rex::print(out, rex),
        CommandKind::FillNull(listed)
        | CommandKind::MakeMv(listed)
        | CommandKind::MvExpand(listed)
        | CommandKind::NoMv(listed)
        | CommandKind::MvCombine(listed)
        | CommandKind::AddTotals(listed)
        | CommandKind::AvlBase64(listed)
        | CommandKind::IpLocation(listed)
        | CommandKind::SPath(listed)
        | CommandKind::FromJson(listed)
        | CommandKind::Outlier(listed)
        | CommandKind::XmlKv(listed)
        | CommandKind::Extract(listed)
        | CommandKind::Format(listed)
        | CommandKind::MakeResults(listed)
        | CommandKind::MultiKv(listed)
        | CommandKind::ToJson(listed) => commands::listed::print(out, listed),
        CommandKind::Convert(convert) => commands::convert::print(out, convert),
        CommandKind::Replace(replace) => commands::replace::print(out, replace),
        CommandKind::StrCat(strcat) => commands::strcat::print(out, strcat),
        CommandKind::Other(other) => {
            for argument in &other.arguments {
                print_argument(out, argument);
                out.push(' ');
            }
        }
    }
}

pub(super) fn joined<T>(out: &mut String, items: &[T], print: impl Fn(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print(out, item);
    }
}

/// What may stand bare at a place of a search.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tightness {
    Conjunction,
    Disjunction,
    Negation,
}

pub(super) fn print_search(out: &mut String, search: &Search, place: Tightness) {
    match search {
        Search::All(_) => out.push('*'),
        Search::And(terms) => print_terms(out, terms, " ", place > Tightness::Conjunction),
        Search::Or(terms) => print_terms(out, terms, " OR ", place > Tightness::Conjunction),
        Search::Not(term, _) => {
            out.push_str("NOT ");
            print_search(out, term, Tightness::Negation);
        }
        Search::Raw(term) => print_raw(out, term),
        Search::Compare(comparison) => print_comparison(out, comparison),
        Search::In { field, values, .. } => {
            print_search_field(out, &field.value);
            out.push_str(" IN (");
            joined(out, values, print_value);
            out.push(')');
        }
        Search::TimeModifier { name, value } => {
            let _ = write!(out, "{}=", name.value);
            print_text(out, &value.value);
        }
        Search::Subsearch(pipeline) => print_subpipeline(out, pipeline),
    }
}

fn print_terms(out: &mut String, terms: &[Search], between: &str, in_parentheses: bool) {
    if in_parentheses {
        out.push('(');
    }
    let place = if between == " " { Tightness::Disjunction } else { Tightness::Negation };
    for (index, term) in terms.iter().enumerate() {
        let end = out.len();
        print_search(out, term, place);
        if index > 0 {
            let would_be_list = ends_with_in(&out[..end]) || begins_list(&out[end..]);
            let between = if between == " " && would_be_list { " AND " } else { between };
            out.insert_str(end, between);
        }
    }
    if in_parentheses {
        out.push(')');
    }
}

/// Whether the word `IN` stands last: before a parenthesis it would begin a list of values.
fn ends_with_in(text: &str) -> bool {
    text.rsplit(' ').next().is_some_and(|word| word.eq_ignore_ascii_case("IN"))
}

/// Whether a word such as `IN()` stands first: behind another word it would be a list of values.
fn begins_list(text: &str) -> bool {
    let text = text.strip_prefix("NOT ").unwrap_or(text);
    text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("IN("))
}

fn print_raw(out: &mut String, term: &RawTerm) {
    match term.kind {
        RawKind::Word => print_word(out, &term.text),
        RawKind::Phrase => print_quoted(out, &term.text),
        RawKind::Term => print_function(out, "TERM", &term.text),
        RawKind::Case => print_function(out, "CASE", &term.text),
    }
}

fn print_function(out: &mut String, name: &str, text: &str) {
    out.push_str(name);
    out.push('(');
    print_text(out, text);
    out.push(')');
}

fn print_comparison(out: &mut String, comparison: &Comparison) {
    print_search_field(out, &comparison.field.value);
    out.push_str(compare_op(comparison.op));
    print_value(out, &comparison.value);
}

fn print_search_field(out: &mut String, field: &str) {
    let is_special = TIME_MODIFIERS.contains(&field) || OPERATORS.contains(&field);
    if is_special { print_quoted(out, field) } else { print_name(out, field) }
}

fn print_value(out: &mut String, value: &SearchValue) {
    match value.kind {
        ValueKind::Plain => print_text(out, &value.text),
        ValueKind::Case => print_function(out, "CASE", &value.text),
        ValueKind::Term => print_function(out, "TERM", &value.text),
    }
}

fn print_regex(out: &mut String, regex: &Regex) {
    if let Some(field) = &regex.field {
        print_name(out, &field.value);
        out.push_str(if regex.negated { "!=" } else { "=" });
    }
    print_pattern(out, &regex.pattern);
}

/// The first quoted piece stays a piece of its own; what follows it is quoted too, what precedes it was bare.
pub(super) fn print_pattern(out: &mut String, pattern: &Pattern) {
    let alone = pattern.quoted_alone.as_deref();
    let Some((before, alone, after)) = alone.and_then(|alone| {
        let (before, after) = pattern.text.split_once(alone)?;
        Some((before, alone, after))
    }) else {
        return print_quoted(out, &pattern.text);
    };
    print_word(out, before);
    print_quoted(out, alone);
    print_quoted(out, after);
}

fn print_fields(out: &mut String, fields: &Fields) {
    if fields.remove {
        out.push_str("- ");
    }
    print_names(out, &fields.names);
}

fn print_bin(out: &mut String, bin: &Bin) {
    if let Some(span) = &bin.span {
        out.push_str("span=");
        print_text(out, &span.value);
        out.push(' ');
    }
    print_options(out, &bin.options);
    if let Some(field) = &bin.field {
        print_name(out, &field.value);
    }
    if let Some(target) = &bin.target {
        out.push_str(" AS ");
        print_name(out, &target.value);
    }
}

pub(super) fn print_stats(out: &mut String, stats: &Stats) {
    print_options(out, &stats.options);
    joined(out, &stats.aggregates, print_aggregate);
    if !stats.by.is_empty() {
        out.push_str(" BY ");
        print_names(out, &stats.by);
    }
}

/// Prints the aggregate as it was written, because that text is the name of its result.
fn print_aggregate(out: &mut String, aggregate: &Aggregate) {
    if aggregate.text.is_empty() {
        print_call(out, aggregate);
    } else {
        out.push_str(&aggregate.text);
    }
    if let Some(alias) = &aggregate.alias {
        out.push_str(" AS ");
        print_name(out, &alias.value);
    }
}

fn print_call(out: &mut String, aggregate: &Aggregate) {
    out.push_str(&aggregate.function.value);
    match &aggregate.argument {
        AggregateArgument::None => {}
        AggregateArgument::Field(field) => {
            out.push('(');
            print_name(out, &field.value);
            out.push(')');
        }
        AggregateArgument::Eval(expr) if aggregate.is_eval() => {
            out.push('(');
            print_expr(out, expr, Power::Any);
            out.push(')');
        }
        AggregateArgument::Eval(expr) => {
            out.push_str("(eval(");
            print_expr(out, expr, Power::Any);
            out.push_str("))");
        }
    }
}

fn print_head(out: &mut String, head: &Head) {
    if let Some(condition) = &head.condition {
        out.push('(');
        print_expr(out, condition, Power::Any);
        out.push_str(") ");
    }
    let _ = write!(out, "limit={} ", head.limit);
    print_options(out, &head.options);
}

pub(super) fn print_options(out: &mut String, options: &[(Spanned<String>, Spanned<String>)]) {
    for (name, value) in options {
        let _ = write!(out, "{}=", name.value);
        print_text(out, &value.value);
        out.push(' ');
    }
}

fn print_argument(out: &mut String, argument: &Argument) {
    match argument {
        Argument::Word(word) => print_argument_word(out, &word.value),
        Argument::Subpipeline(pipeline) => print_subpipeline(out, pipeline),
    }
}

fn print_argument_word(out: &mut String, word: &str) {
    let is_special = |c: char| c.is_whitespace() || "\",[]|\\".contains(c);
    if word.is_empty() || word.contains(is_special) {
        print_quoted(out, word);
    } else {
        out.push_str(word);
    }
}

pub(super) fn print_subpipeline(out: &mut String, pipeline: &Pipeline) {
    out.push_str("[ ");
    print_commands(out, &pipeline.commands);
    out.push_str(" ]");
}

pub(super) fn print_names(out: &mut String, names: &[Spanned<String>]) {
    joined(out, names, |out, name| print_name(out, &name.value));
}

/// Prints a field's name; one that could be read as something else stands in quotes.
pub(super) fn print_name(out: &mut String, name: &str) {
    let is_plain = |c: char| c.is_alphanumeric() || "_.{}*:@<>".contains(c);
    let is_keyword = ["AS", "BY", "IN", "NOT", "OVER", "SORTBY"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word));
    let is_bare = !name.is_empty() && name.chars().all(is_plain) && !is_keyword;
    if is_bare && !name.starts_with(['<', '>']) && !name.contains(['<', '>']) {
        out.push_str(name);
    } else {
        print_quoted(out, name);
    }
}

/// Prints a value: in quotes unless it is plain.
fn print_text(out: &mut String, text: &str) {
    let is_plain = |c: char| c.is_alphanumeric() || "_.*:@/-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        out.push_str(text);
    } else {
        print_quoted(out, text);
    }
}

pub(super) fn print_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Prints a word that has to stay bare. A backslash before a bracket makes it text, so it stays single.
fn print_word(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let guards_bracket = c == '\\' && matches!(chars.peek(), Some('[' | ']'));
        if matches!(c, '"' | '\\' | '|') && !guards_bracket {
            out.push('\\');
        }
        out.push(c);
    }
}

/// Prints `expr` as an operand of an operator of power `floor`, in parentheses if it binds no tighter.
pub(super) fn print_expr(out: &mut String, expr: &Expr, floor: Power) {
    let power = power(&expr.kind);
    if power > floor {
        return print_kind(out, &expr.kind, power);
    }
    out.push('(');
    print_kind(out, &expr.kind, power);
    out.push(')');
}

fn print_kind(out: &mut String, kind: &ExprKind, power: Power) {
    match kind {
        ExprKind::Number(text) => out.push_str(text),
        ExprKind::String(text) => print_quoted(out, text),
        ExprKind::Field(name) => print_field(out, name),
        ExprKind::Negate(operand) => print_unary(out, "-", operand, Power::Unary),
        ExprKind::Not(operand) => print_unary(out, "NOT ", operand, Power::Not),
        ExprKind::Arithmetic(op, left, right) => {
            print_binary(out, left, arithmetic_op(*op), right, power);
        }
        ExprKind::Compare(op, left, right) => {
            print_binary(out, left, compare_op(*op), right, power);
        }
        ExprKind::Xor(left, right) => print_binary(out, left, "XOR", right, power),
        ExprKind::And(operands) => print_chain(out, operands, " AND ", power),
        ExprKind::Or(operands) => print_chain(out, operands, " OR ", power),
        ExprKind::Call { name, arguments } => {
            let _ = write!(out, "{}(", name.value);
            joined(out, arguments, |out, argument| print_expr(out, argument, Power::Any));
            out.push(')');
        }
        ExprKind::Subsearch(pipeline) => print_subpipeline(out, pipeline),
        ExprKind::Broken => {}
    }
}

fn print_unary(out: &mut String, operator: &str, operand: &Expr, power: Power) {
    out.push_str(operator);
    if self::power(&operand.kind) == power {
        print_kind(out, &operand.kind, power);
    } else {
        print_expr(out, operand, power);
    }
}

/// Operators of one power are read from left to right, so a left operand of the same power stays bare.
fn print_binary(out: &mut String, left: &Expr, operator: &str, right: &Expr, power: Power) {
    let left_power = self::power(&left.kind);
    if left_power == power {
        print_kind(out, &left.kind, power);
    } else {
        print_expr(out, left, power);
    }
    let _ = write!(out, " {operator} ");
    print_expr(out, right, power);
}

fn print_chain(out: &mut String, operands: &[Expr], between: &str, power: Power) {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        print_expr(out, operand, power);
    }
}

fn print_field(out: &mut String, name: &str) {
    let is_bare = name_length(name) == name.len()
        && number_length(name).is_none()
        && !name.is_empty()
        && !is_operator_word(name);
    if is_bare {
        out.push_str(name);
    } else {
        let _ = write!(out, "'{name}'");
    }
}

fn power(kind: &ExprKind) -> Power {
    match kind {
        ExprKind::Xor(..) => Power::Xor,
        ExprKind::Or(_) => Power::Or,
        ExprKind::And(_) => Power::And,
        ExprKind::Not(_) => Power::Not,
        ExprKind::Compare(..) => Power::Compare,
        ExprKind::Arithmetic(op, ..) => arithmetic_power(*op),
        ExprKind::Negate(_) => Power::Unary,
        _ => Power::Atom,
    }
}

fn compare_op(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "=",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

fn arithmetic_op(op: ArithmeticOp) -> &'static str {
    match op {
        ArithmeticOp::Add => "+",
        ArithmeticOp::Subtract => "-",
        ArithmeticOp::Multiply => "*",
        ArithmeticOp::Divide => "/",
        ArithmeticOp::Modulo => "%",
        ArithmeticOp::Concat => ".",
    }
}
