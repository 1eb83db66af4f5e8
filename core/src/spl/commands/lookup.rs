//! `lookup [local=b] [update=b] table a AS b, c [OUTPUT|OUTPUTNEW d AS e, f]`.

use crate::diag::Spanned;
use crate::spl::parser::Parser;
use crate::spl::print::{joined, print_name, print_options};
use crate::spl::tree::{CommandKind, Lookup, LookupField, LookupOutputs};

const OUTPUT: &str = "OUTPUT";
const OUTPUTNEW: &str = "OUTPUTNEW";

pub(in crate::spl) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut options = Vec::new();
    parser.skip_separators();
    while let Some(option) = parser.option() {
        options.push(option);
        parser.skip_separators();
    }
    let Some(table) = parser.name() else {
        parser.missing("a table", "name it, such as `lookup hosts.csv ip OUTPUT owner`");
        return CommandKind::Broken;
    };
    let inputs = fields(parser);
    if inputs.is_empty() {
        parser
            .missing("a key", "name the column of the table, such as `lookup hosts.csv ip AS src`");
        return CommandKind::Broken;
    }
    let outputs = outputs(parser);
    parser.expect_end("write `lookup table key AS field OUTPUT column AS field`");
    CommandKind::Lookup(Lookup { table, inputs, outputs, options })
}

fn outputs(parser: &mut Parser<'_>) -> Option<LookupOutputs> {
    let keeps_existing = parser.eat_keyword(OUTPUTNEW);
    if !keeps_existing && !parser.eat_keyword(OUTPUT) {
        return None;
    }
    let fields = fields(parser);
    if fields.is_empty() {
        parser.missing("a column to output", "name it, or leave `OUTPUT` out to take every column");
    }
    Some(LookupOutputs { keeps_existing, fields })
}

/// Reads `column AS field, column`, up to the end or a keyword.
fn fields(parser: &mut Parser<'_>) -> Vec<LookupField> {
    let mut fields = Vec::new();
    loop {
        parser.skip_separators();
        if parser.is_keyword(OUTPUT) || parser.is_keyword(OUTPUTNEW) {
            return fields;
        }
        let Some(column) = parser.name() else { return fields };
        let field = renamed(parser);
        fields.push(LookupField { column, field });
    }
}

/// Reads `AS field`, if it stands here.
fn renamed(parser: &mut Parser<'_>) -> Option<Spanned<String>> {
    parser.skip_space();
    if !parser.eat_keyword("AS") {
        return None;
    }
    parser.skip_space();
    let field = parser.name();
    if field.is_none() {
        parser.missing("the name of a field", "write it after `AS`");
    }
    field
}

pub(in crate::spl) fn print(out: &mut String, lookup: &Lookup) {
    print_options(out, &lookup.options);
    print_name(out, &lookup.table.value);
    out.push(' ');
    print_fields(out, &lookup.inputs);
    if let Some(outputs) = &lookup.outputs {
        out.push_str(if outputs.keeps_existing { " OUTPUTNEW " } else { " OUTPUT " });
        print_fields(out, &outputs.fields);
    }
}

fn print_fields(out: &mut String, fields: &[LookupField]) {
    joined(out, fields, |out, field| {
        print_column(out, &field.column.value);
        if let Some(field) = &field.field {
            out.push_str(" AS ");
            print_name(out, &field.value);
        }
    });
}

/// A column named like a keyword stands in quotes.
fn print_column(out: &mut String, column: &str) {
    if [OUTPUT, OUTPUTNEW].iter().any(|keyword| column.eq_ignore_ascii_case(keyword)) {
        out.push('"');
        out.push_str(column);
        out.push('"');
    } else {
        print_name(out, column);
    }
}
