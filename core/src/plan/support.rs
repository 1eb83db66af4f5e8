//! Which commands caltrop does not run, and what it says of each; [`reference`](super::reference) has those that run.

use crate::{
    diag::{Code, Diagnostic, Spanned},
    plan::{reference, suggest::closest},
};

/// Commands that would search once for each row.
const FOR_EACH_ROW: &[&str] = &["map"];

/// Commands of Splunk that do not run yet.
const LATER: &[&str] = &[
    "abstract",
    "accum",
    "addcoltotals",
    "addinfo",
    "anomalies",
    "analyzefields",
    "anomalousvalue",
    "anomalydetection",
    "appendcols",
    "arules",
    "associate",
    "autoregress",
    "bucketdir",
    "cluster",
    "cofilter",
    "concurrency",
    "contingency",
    "correlate",
    "dbinspect",
    "delta",
    "diff",
    "erex",
    "eventcount",
    "fieldformat",
    "fieldsummary",
    "filldown",
    "findtypes",
    "folderize",
    "gauge",
    "geom",
    "geostats",
    "highlight",
    "history",
    "iconify",
    "inputcsv",
    "kmeans",
    "kvform",
    "loadjob",
    "localize",
    "makecontinuous",
    "metadata",
    "metasearch",
    "multisearch",
    "outputcsv",
    "outputtext",
    "overlap",
    "predict",
    "rangemap",
    "redistribute",
    "relevancy",
    "reltime",
    "require",
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
    "tags",
    "timewrap",
    "transpose",
    "trendline",
    "tscollect",
    "typeahead",
    "typelearner",
    "typer",
    "union",
    "uniq",
    "untable",
    "walklex",
    "x11",
    "xmlunescape",
    "xpath",
    "xyseries",
];

/// Commands that read data models, metrics or indexed summaries in place of events.
const MODELS: &[&str] = &["datamodel", "from", "mcatalog", "mpreview", "mstats", "pivot", "tstats"];

/// Commands that public rules take from apps, and the apps.
pub const OF_APPS: &[(&str, &str)] = &[
    ("apply", "Machine Learning Toolkit"),
    ("base64", "base64"),
    ("curl", "Webtools"),
    ("cyberchef", "CyberChef for Splunk"),
    ("decrypt", "DECRYPT"),
    ("fit", "Machine Learning Toolkit"),
    ("haversine", "Haversine"),
    ("jellyfisher", "JellyFisher"),
    ("ldapfetch", "Splunk Supporting Add-on for Active Directory"),
    ("ldapfilter", "Splunk Supporting Add-on for Active Directory"),
    ("ldapgroup", "Splunk Supporting Add-on for Active Directory"),
    ("ldapsearch", "Splunk Supporting Add-on for Active Directory"),
    ("ldaptestconnection", "Splunk Supporting Add-on for Active Directory"),
    ("listmodels", "Machine Learning Toolkit"),
    ("nslookup", "Network Toolkit"),
    ("sample", "Machine Learning Toolkit"),
    ("score", "Machine Learning Toolkit"),
    ("summary", "Machine Learning Toolkit"),
    ("virustotal", "VirusTotal"),
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

/// Commands that do not run for one reason.
#[derive(Debug)]
pub struct Refused {
    /// The code of the diagnostic.
    pub code: Code,
    /// Why, in a sentence.
    pub why: &'static str,
    /// Their names.
    pub names: &'static [&'static str],
}

/// The commands of Splunk that do not run, by reason.
pub const REFUSED: &[Refused] = &[
    Refused {
        code: Code::DataModel,
        why: "They read data models, metrics or summaries, and caltrop has events only.",
        names: MODELS,
    },
    Refused {
        code: Code::RefusedCommand,
        why: "They reach out of the engine, and no rule makes it do that.",
        names: NEVER,
    },
    Refused {
        code: Code::SearchForEachRow,
        why: "They search events anew for each row, and events are looked at once, as they come.",
        names: FOR_EACH_ROW,
    },
    Refused { code: Code::UnsupportedCommand, why: "They do not run yet.", names: LATER },
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
            .help(format!(
                "the commands that run are {}",
                reference::names().collect::<Vec<_>>().join(", ")
            ));
    }
    if FOR_EACH_ROW.contains(&lower.as_str()) {
        let message = format!("`{value}` searches events anew for each row");
        return Diagnostic::error(Code::SearchForEachRow, *span, message)
            .label("events are looked at once, as they come")
            .help("join the two with `join`, or select by `[search ... | fields ...]`");
    }
    if MODELS.contains(&lower.as_str()) {
        let message =
            format!("`{value}` reads data models or metrics, and caltrop has events only");
        return Diagnostic::error(Code::DataModel, *span, message)
            .label("not supported")
            .help("search for the events themselves, such as with `index=x field=value`");
    }
    if let Some((_, app)) = OF_APPS.iter().find(|(name, _)| *name == lower) {
        let message = format!("`{value}` is a command of the app {app}");
        return Diagnostic::error(Code::AppCommand, *span, message)
            .label("not a command of Splunk itself")
            .help("remove it: caltrop runs the commands of Splunk, not those of apps");
    }
    let unknown = Diagnostic::error(Code::UnknownCommand, *span, format!("no command `{value}`"))
        .label("not a command of Splunk");
    match closest(
        &lower,
        reference::names().chain(LATER.iter().chain(MODELS).chain(FOR_EACH_ROW).copied()),
    ) {
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
        assert_eq!(refused("map").code, Code::SearchForEachRow);
        assert_eq!(refused("tstats").code, Code::DataModel);
        assert_eq!(refused("cyberchef").code, Code::AppCommand);
        assert_eq!(refused("nobodys").code, Code::UnknownCommand);
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert_eq!(refused("stast").help.as_deref(), Some("did you mean `stats`?"));
        assert_eq!(refused("evalstats").code, Code::UnknownCommand);
    }

    #[test]
    fn no_command_is_in_two_lists() {
        let of_apps = OF_APPS.iter().map(|(name, _)| name);
        let refused = [LATER, NEVER, MODELS, FOR_EACH_ROW].into_iter().flatten().chain(of_apps);
        let all: Vec<_> = refused.copied().chain(reference::names()).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
    }
}
