//! Which commands caltrop runs, which it will never run, and what it says of the others.

use crate::{
    diag::{Code, Diagnostic, Spanned},
    plan::suggest::closest,
};

/// Commands that run.
pub const RUNS: &[&str] = &[
    "bin",
    "bucket",
    "chart",
    "dedup",
    "discretize",
    "eval",
    "eventstats",
    "fields",
    "head",
    "makeresults",
    "rare",
    "regex",
    "rename",
    "reverse",
    "search",
    "sort",
    "stats",
    "streamstats",
    "table",
    "tail",
    "timechart",
    "top",
    "transaction",
    "where",
];

/// Commands of Splunk that do not run yet.
const LATER: &[&str] = &[
    "abstract",
    "accum",
    "addcoltotals",
    "addinfo",
    "addtotals",
    "anomalies",
    "anomalousvalue",
    "anomalydetection",
    "append",
    "appendcols",
    "appendpipe",
    "arules",
    "associate",
    "autoregress",
    "cluster",
    "cofilter",
    "concurrency",
    "contingency",
    "convert",
    "correlate",
    "datamodel",
    "delta",
    "diff",
    "erex",
    "eventcount",
    "extract",
    "fieldformat",
    "fieldsummary",
    "filldown",
    "fillnull",
    "findtypes",
    "folderize",
    "foreach",
    "format",
    "from",
    "fromjson",
    "gauge",
    "geom",
    "geostats",
    "highlight",
    "history",
    "iconify",
    "inputcsv",
    "inputlookup",
    "iplocation",
    "join",
    "kmeans",
    "kv",
    "kvform",
    "loadjob",
    "localize",
    "lookup",
    "makecontinuous",
    "makemv",
    "map",
    "mcatalog",
    "metadata",
    "metasearch",
    "mstats",
    "multikv",
    "multisearch",
    "mvcombine",
    "mvexpand",
    "nomv",
    "outlier",
    "outputcsv",
    "outputlookup",
    "outputtext",
    "overlap",
    "pivot",
    "predict",
    "rangemap",
    "redistribute",
    "relevancy",
    "reltime",
    "replace",
    "require",
    "return",
    "rex",
    "rtorder",
    "savedsearch",
    "scrub",
    "searchtxn",
    "selfjoin",
    "set",
    "setfields",
    "sichart",
    "sirare",
    "sistats",
    "sitimechart",
    "sitop",
    "spath",
    "strcat",
    "tags",
    "timewrap",
    "tojson",
    "transpose",
    "trendline",
    "tscollect",
    "tstats",
    "typeahead",
    "typelearner",
    "typer",
    "union",
    "uniq",
    "untable",
    "walklex",
    "x11",
    "xmlkv",
    "xmlunescape",
    "xpath",
    "xyseries",
];

/// Commands that reach out of the engine, which no rule may make it do.
const NEVER: &[&str] = &[
    "collect",
    "crawl",
    "dbxlookup",
    "dbxquery",
    "delete",
    "dump",
    "gentimes",
    "mcollect",
    "meventcollect",
    "rest",
    "run",
    "runshellscript",
    "script",
    "sendalert",
    "sendemail",
];

/// Why the command `name` does not run.
#[must_use]
pub fn refuse(name: &Spanned<String>) -> Diagnostic {
    let Spanned { value, span } = name;
    let lower = value.to_ascii_lowercase();
    if NEVER.contains(&lower.as_str()) {
        return Diagnostic::error(
            Code::RefusedCommand,
            *span,
            format!("`{value}` reaches out of the engine"),
        )
        .label("never runs in caltrop")
        .help("remove it: whoever embeds caltrop decides what happens to an alert");
    }
    if LATER.contains(&lower.as_str()) {
        let message = format!("caltrop does not run `{value}` yet");
        return Diagnostic::error(Code::UnsupportedCommand, *span, message)
            .label("not supported")
            .help(format!("the commands that run are {}", RUNS.join(", ")));
    }
    let unknown = Diagnostic::error(Code::UnknownCommand, *span, format!("no command `{value}`"))
        .label("not a command of Splunk");
    match closest(&lower, RUNS.iter().chain(LATER).copied()) {
        Some(similar) => unknown.help(format!("did you mean `{similar}`?")),
        None => unknown.help("if an app brings this command, caltrop cannot run it: remove it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;

    fn refused(name: &str) -> Diagnostic {
        refuse(&Spanned::new(name.to_owned(), Span::default()))
    }

    #[test]
    fn each_kind_of_command_has_its_own_code() {
        assert_eq!(refused("cluster").code, Code::UnsupportedCommand);
        assert_eq!(refused("sendemail").code, Code::RefusedCommand);
        assert_eq!(refused("cyberchef").code, Code::UnknownCommand);
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert_eq!(refused("stast").help.as_deref(), Some("did you mean `stats`?"));
        assert_eq!(refused("evalstats").code, Code::UnknownCommand);
    }

    #[test]
    fn no_command_is_in_two_lists() {
        let all: Vec<_> = RUNS.iter().chain(LATER).chain(NEVER).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
    }
}
