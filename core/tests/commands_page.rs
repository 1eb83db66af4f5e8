//! The page of the commands says what their reference says: `docs/commands.md` is made of it.
//!
//! `CALTROP_BLESS=1` writes the page; the diff is the review.

mod common;

use std::fmt::Write;

use caltrop_core::{
    plan::{
        reference::{self, Reference},
        support::{self, Refused},
    },
    stage::Class,
};

const INTRODUCTION: &str = "# Commands

Which commands of SPL run. Made from their reference by a test, which also runs the examples; do not write here. What can be computed
is in [functions of eval](functions.md) and [of stats](stats.md), tables are in [lookups](lookups.md).

A command that does not run, or an option that is not listed here, refuses the rule, at its place and with its code: see
[diagnostics](diagnostics.md). Nothing is left out in silence.

How many rows a command looks at together says when its results are known:

| class | |
| --- | --- |
| row-local | one row at a time: runs at once on each event |
| expanding | one row at a time, and of each any number |
| mergeable | all rows of a window; parts can be reduced apart and merged |
| ordered | rows one after the other, in the order of the search; not made again for a late event |
| whole window | all rows of a window together |
| generating | makes rows out of nothing; begins a search |
";

const SUBSEARCHES: &str = "
## Subsearches

What stands in brackets is a pipeline of its own. It begins with `search`, and then looks at the events of **the same window** as the rule around
it, or with a command that makes rows (`inputlookup`, `makeresults`), and then is run once, when the rule is compiled.

| where | what its rows are for | how many count |
| --- | --- | --- |
| in `search` | a row of the rule passes if it has the same values as some row of the subsearch, in all fields of that but internal ones | 10,000 |
| `append [...]` | they follow the rows of the rule | 50,000, or `maxout` |
| `join fields [...]` | their fields go to the rows of the rule with the same values | 50,000 |
| `appendpipe [...]` | what it makes of the rows of the rule follows them; it looks at no events | all |

- A subsearch over events finds the events of its window in any order, also those that come behind the event that it decides on: the rule waits for
  its window (`explain` says so), and late events do not revise it where the subsearch has an ordered command. Rows beyond those that count are
  counted (`cut_rows`).
- Values are compared as `search` compares them, without regard to case; what an event says is never read as a search, so `*` in it is a
  star and `return $field` over events is refused (`E0307`). Over tables the text of `format` or `return` is read, as in Splunk.
- No row passes a search for what a subsearch without rows found; with `NOT` every row does.
- Subsearches may stand in subsearches. Their `earliest` and `latest` are read and have no effect: there is one window.
- In `eval` and `where` a subsearch over tables stands for the text that it gives, such as `where user=[| inputlookup vip.csv | return $user]`; one
  over events cannot stand there (`E0307`). `map`, which searches anew for each row, does not run (`E0311`).

```spl
EventCode=4624 [search EventCode=4688 process=*mimikatz* | fields user, host] | stats count BY user
| join type=left user [search EventCode=4625 | stats count AS failures BY user]
| append [search EventCode=1102 | stats count BY host]
```
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## Commands that run\n\n| command | class | options | |\n");
    page.push_str("| --- | --- | --- | --- |\n");
    reference::COMMANDS.iter().for_each(|command| write_command(command, &mut page));
    page.push_str("\n## Examples\n\n```spl\n");
    let examples = reference::COMMANDS.iter().flat_map(|command| command.examples);
    examples.for_each(|example| _ = writeln!(page, "| {example}"));
    page.push_str("```\n");
    page.push_str(SUBSEARCHES);
    page.push_str("\n## Commands that do not run\n\n");
    page.push_str("Their arguments are read, so that the rest of a rule can be checked.\n");
    support::REFUSED.iter().for_each(|refused| write_refused(refused, &mut page));
    write_apps(&mut page);
    page
}

fn write_command(command: &Reference, page: &mut String) {
    let classes: Vec<_> = command.classes.iter().map(|class| class_name(*class)).collect();
    let _ = writeln!(
        page,
        "| {} | {} | {} | {} |",
        listed(command.names.iter().copied()),
        classes.join(", "),
        listed(command.options.iter().copied()),
        command.about
    );
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::RowLocal => "row-local",
        Class::Expanding => "expanding",
        Class::WholeWindow => "whole window",
        Class::Ordered => "ordered",
        Class::Mergeable => "mergeable",
        Class::Generating => "generating",
    }
}

fn write_refused(refused: &Refused, page: &mut String) {
    let names = listed(refused.names.iter().copied());
    let _ = write!(page, "\n`{}`: {}\n\n{names}\n", refused.code.text(), refused.why);
}

fn write_apps(page: &mut String) {
    let _ = write!(
        page,
        "\n`{}`: They belong to apps; caltrop runs the commands of Splunk itself.\n\n",
        caltrop_core::diag::Code::AppCommand.text()
    );
    page.push_str("| command | app |\n| --- | --- |\n");
    for (name, app) in support::OF_APPS {
        let _ = writeln!(page, "| `{name}` | {app} |");
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_page_is_current() {
    common::assert_page("commands.md", &page());
}
