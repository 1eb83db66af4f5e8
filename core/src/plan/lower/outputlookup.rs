//! `outputlookup` to its stage, where rows may be written; else it has none, and says so.

use super::{
    Lowering,
    options::{refuse, row_count, switch},
};
use crate::{
    diag::{Code, Diagnostic},
    outbox::{IfEmpty, Manner, is_file_name},
    spl::tree::{self, Command},
    stage::outputlookup::OutputLookup,
};

const OPTIONS: &str = "append, create_empty, createinapp, key_field, max, override_if_empty";

/// What the options say.
struct Options {
    appends: bool,
    creates_empty: bool,
    overrides_if_empty: bool,
    key: Option<String>,
    most: usize,
}

/// The stage of `outputlookup`; `None` where nothing may be written, or once its mistakes are reported.
pub(super) fn lower(
    lookup: &tree::OutputLookup,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<OutputLookup> {
    let said_before = lowering.diagnostics.len();
    let options = options(lookup, lowering);
    if lowering.diagnostics.len() > said_before {
        return None;
    }
    if !lowering.allow_write {
        lowering.report(not_written(lookup, command));
        return None;
    }
    let file = lowering.lookups.as_ref()?.file_name(&lookup.table.value);
    if !is_file_name(&file) {
        lowering.report(no_file_name(lookup, &file));
        return None;
    }
    Some(OutputLookup { file, most: options.most, manner: options.manner() })
}

fn options(lookup: &tree::OutputLookup, lowering: &mut Lowering<'_>) -> Options {
    let mut options = Options {
        appends: false,
        creates_empty: false,
        overrides_if_empty: true,
        key: None,
        most: usize::MAX,
    };
    for (name, value) in &lookup.options {
        match name.value.to_ascii_lowercase().as_str() {
            "append" => options.appends = switch(name, value, lowering),
            "create_empty" => options.creates_empty = switch(name, value, lowering),
            "override_if_empty" => options.overrides_if_empty = switch(name, value, lowering),
            // A table has one place here, whichever app it is of.
            "createinapp" => _ = switch(name, value, lowering),
            "max" => options.most = row_count(name, value, lowering),
            "key_field" => options.key = Some(value.value.clone()),
            _ => refuse(name, "outputlookup", OPTIONS, lowering),
        }
    }
    options
}

impl Options {
    fn manner(self) -> Manner {
        match (self.appends, self.key) {
            (_, Some(key)) => Manner::Update(key),
            (true, None) => Manner::Append,
            (false, None) if !self.overrides_if_empty => Manner::Replace(IfEmpty::Keep),
            (false, None) if self.creates_empty => Manner::Replace(IfEmpty::Empty),
            (false, None) => Manner::Replace(IfEmpty::Remove),
        }
    }
}

fn not_written(lookup: &tree::OutputLookup, command: &Command) -> Diagnostic {
    let message = format!("the table `{}` is not written", lookup.table.value);
    Diagnostic::warning(Code::TableNotWritten, command.name.span, message)
        .label("its rows pass on")
        .help("run with `--allow-write DIR` to have tables written into that folder")
}

fn no_file_name(lookup: &tree::OutputLookup, file: &str) -> Diagnostic {
    let message = format!("no table can be written to a file called `{file}`");
    Diagnostic::error(Code::BadArgument, lookup.table.span, message)
        .label("cannot be written")
        .help("name a file of letters, digits, `_`, `-` and dots that ends in `.csv`")
}
