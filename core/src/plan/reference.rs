//! What each command that runs is for, how many rows it looks at and which options it takes: `docs/commands.md` is made of it, and
//! a test runs its examples.

use crate::stage::Class::{self, Expanding, Generating, Mergeable, Ordered, RowLocal, WholeWindow};

/// A command, under all its names.
#[derive(Debug)]
pub struct Reference {
    /// Its names; the first is the usual one.
    pub names: &'static [&'static str],
    /// What it does, in a sentence.
    pub about: &'static str,
    /// How many rows it looks at together; several where an option or its place decides, the usual one first.
    pub classes: &'static [Class],
    /// The options that it takes, without their values.
    pub options: &'static [&'static str],
    /// Commands that run; together they use every option and show every class.
    pub examples: &'static [&'static str],
}

const fn command(
    names: &'static [&'static str],
    about: &'static str,
    classes: &'static [Class],
    options: &'static [&'static str],
    examples: &'static [&'static str],
) -> Reference {
    Reference { names, about, classes, options, examples }
}

/// The reference of the command `name`, which is lower case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Reference> {
    COMMANDS.iter().find(|reference| reference.names.contains(&name))
}

/// The names of all commands that run.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().flat_map(|reference| reference.names.iter().copied())
}

/// Every command that runs, by its usual name.
pub const COMMANDS: &[Reference] = &[
    command(
        &["addtotals"],
        "Adds the numbers of each row, and with `col=t` a row of the sums of the columns.",
        &[RowLocal, Ordered],
        &["row", "col", "fieldname", "labelfield", "label"],
        &["addtotals row=t fieldname=sum a*, b", "addtotals col=t labelfield=user label=all"],
    ),
    command(
        &["append"],
        "Adds the rows of a subpipeline behind those that there are.",
        &[WholeWindow],
        &["maxout"],
        &["append maxout=100 [| makeresults count=2 | eval user=\"nobody\"]"],
    ),
    command(
        &["appendpipe"],
        "Adds what a subpipeline makes of the rows behind them.",
        &[WholeWindow],
        &["run_in_preview"],
        &["appendpipe run_in_preview=t [stats sum(count) AS count | eval user=\"all\"]"],
    ),
    command(
        &["avlbase64"],
        "Decodes a field in Base64 into the field `base64_` and its name.",
        &[RowLocal],
        &["type", "field"],
        &["avlbase64 type=decode field=encoded"],
    ),
    command(
        &["bin", "bucket", "discretize"],
        "Puts times or numbers into buckets of one length; without `span` of a length that follows from all values.",
        &[RowLocal, WholeWindow],
        &["span", "bins", "minspan", "start", "end", "aligntime"],
        &[
            "bin span=5m _time",
            "bin bytes span=10 AS size",
            "bucket span=1s",
            "bin span=1h aligntime=@d+30m _time",
            "bin bins=20 minspan=5 start=0 end=1000 bytes",
            "discretize minspan=1m _time",
        ],
    ),
    command(
        &["chart"],
        "A table of aggregates, a row for each value of one field and a column for each of another.",
        &[WholeWindow],
        &[
            "span",
            "bins",
            "minspan",
            "start",
            "end",
            "aligntime",
            "limit",
            "agg",
            "useother",
            "otherstr",
            "usenull",
            "nullstr",
            "sep",
            "format",
            "cont",
            "dedup_splitvals",
            "allnum",
        ],
        &[
            "chart limit=5 useother=t otherstr=rest usenull=t nullstr=none sep=\"/\" allnum=f count OVER host BY user",
            "chart span=10 count BY size",
            "chart bins=10 minspan=5 start=0 end=100 dedup_splitvals=t count BY size",
            "chart span=1h aligntime=@d cont=f count BY _time",
            "chart limit=bottom3 agg=max format=\"$VAL$ $AGG$\" avg(size) OVER host BY user",
            "chart eval(sum(size)/dc(host)) AS share OVER host BY user where max in top5",
        ],
    ),
    command(
        &["convert"],
        "Turns times, durations and sizes into numbers and back.",
        &[RowLocal],
        &["timeformat"],
        &["convert timeformat=\"%Y-%m-%d\" ctime(first) AS day, dur2sec(took), none(count)"],
    ),
    command(
        &["dedup"],
        "Keeps the first rows of each combination of values.",
        &[Ordered],
        &["keepevents", "keepempty", "consecutive"],
        &["dedup 3 host, user keepevents=f keepempty=t consecutive=t sortby -_time"],
    ),
    command(
        &["eval"],
        "Computes fields, one after the other.",
        &[RowLocal],
        &[],
        &["eval name=lower(user), 'a b'=1, {name}=2"],
    ),
    command(
        &["eventstats"],
        "Computes as `stats` does, and adds the results to every row of the group.",
        &[WholeWindow],
        &["allnum", "delim", "dedup_splitvals"],
        &["eventstats allnum=f delim=\",\" dedup_splitvals=f avg(size) AS usual BY user"],
    ),
    command(
        &["extract", "kv"],
        "Finds fields in the text of the event: pairs by their delimiters, or by a stanza of transforms.conf.",
        &[RowLocal],
        &[
            "pairdelim",
            "kvdelim",
            "auto",
            "mv_add",
            "clean_keys",
            "limit",
            "maxchars",
            "segment",
            "reload",
        ],
        &[
            "extract pairdelim=\"|;\" kvdelim=\"=:\" auto=f mv_add=t clean_keys=t limit=9 maxchars=999",
            "kv segment=f reload=f",
        ],
    ),
    command(
        &["fields"],
        "Keeps the listed fields, or with `-` removes them.",
        &[RowLocal],
        &[],
        &["fields host, proc*", "fields - _*"],
    ),
    command(
        &["fillnull"],
        "Gives absent fields a value; without a list every field that some row has.",
        &[RowLocal, WholeWindow],
        &["value"],
        &["fillnull value=\"-\" user, src", "fillnull"],
    ),
    command(
        &["foreach"],
        "Runs a template for each of some fields, or for each value or JSON element of one.",
        &[RowLocal],
        &["mode", "fieldstr", "matchstr", "matchseg1", "matchseg2", "matchseg3", "itemstr"],
        &[
            "foreach size_* [eval total=total+<<FIELD>>]",
            "foreach fieldstr=\"#field#\" matchstr=\"#match#\" size_* [eval n_#match#=#field#+1]",
            "foreach matchseg1=A matchseg2=B matchseg3=C a_*_*_* [eval n=\"A B C\"]",
            "foreach mode=multivalue itemstr=ONE users [eval n=n+len(ONE)]",
            "foreach mode=multivalue users [eval n=n+len(<<ITEM>>)]",
            "foreach mode=json_array sizes [eval total=total+<<ITEM>>]",
        ],
    ),
    command(
        &["format"],
        "Makes one search of all rows, in the field `search`.",
        &[WholeWindow],
        &["mvsep", "maxresults", "emptystr"],
        &[
            "format",
            "format mvsep=\"OR\" maxresults=9 \"(\" \"(\" \"OR\" \")\" \"OR\" \")\" emptystr=\"NOT ()\"",
        ],
    ),
    command(
        &["fromjson"],
        "Takes a field out of each member of a JSON object; an array is a multivalue.",
        &[RowLocal],
        &["prefix"],
        &["fromjson body prefix=body."],
    ),
    command(
        &["head"],
        "Keeps the first rows, or those before the first that fails a condition.",
        &[Ordered],
        &["limit", "null", "keeplast"],
        &["head 5", "head limit=5 (size>0) null=t keeplast=t"],
    ),
    command(
        &["inputlookup"],
        "Gives the rows of a lookup table; with `append=t` behind those that there are.",
        &[Generating, WholeWindow],
        &["append", "start", "max", "strict"],
        &[
            "inputlookup hosts.csv start=1 max=10 where zone=\"dmz\"",
            "inputlookup append=t strict=f hosts.csv",
        ],
    ),
    command(
        &["iplocation"],
        "Adds where an address is, from a database that you give.",
        &[RowLocal],
        &["prefix", "allfields", "lang"],
        &["iplocation prefix=src_ allfields=t lang=de src"],
    ),
    command(
        &["join"],
        "Adds the fields of the rows of a subpipeline that have the same values.",
        &[WholeWindow],
        &["type", "max", "overwrite", "usetime"],
        &["join type=left max=0 overwrite=f usetime=f host [| inputlookup hosts.csv]"],
    ),
    command(
        &["lookup"],
        "Adds the columns of the rows of a lookup table that match.",
        &[RowLocal],
        &["local", "update"],
        &["lookup local=t update=f hosts.csv name AS host OUTPUTNEW owner"],
    ),
    command(
        &["makemv"],
        "Splits a field into a multivalue.",
        &[RowLocal],
        &["delim", "tokenizer", "allowempty", "setsv"],
        &["makemv delim=\",\" allowempty=t setsv=f users", "makemv tokenizer=\"(\\w+)\" users"],
    ),
    command(
        &["makeresults"],
        "Makes rows that have only a time, or those of data in CSV or JSON.",
        &[Generating],
        &["count", "annotate", "format", "data", "splunk_server", "splunk_server_group"],
        &[
            "makeresults count=3",
            "makeresults annotate=t splunk_server=local splunk_server_group=all",
            "makeresults format=json data=\"[{\\\"user\\\": \\\"amy\\\"}]\"",
        ],
    ),
    command(
        &["multikv"],
        "Makes a row of each line of a table in the text of an event.",
        &[Expanding],
        &["copyattrs", "forceheader", "multitable", "noheader", "rmorig"],
        &[
            "multikv",
            "multikv copyattrs=f forceheader=2 multitable=f noheader=f rmorig=t fields pid command filter root",
        ],
    ),
    command(
        &["mvcombine"],
        "Makes one row of those that differ in one field only.",
        &[Ordered],
        &["delim"],
        &["mvcombine delim=\",\" user"],
    ),
    command(
        &["mvexpand"],
        "Makes a row of each value of a field.",
        &[Expanding],
        &["limit"],
        &["mvexpand user limit=10"],
    ),
    command(
        &["nomv"],
        "Joins a multivalue into one text, line by line or by the `delim` of the command that made it.",
        &[RowLocal],
        &[],
        &["nomv user"],
    ),
    command(
        &["outlier"],
        "Cuts numbers that lie far from the others to a bound, or removes their rows.",
        &[WholeWindow],
        &["action", "mark", "param", "type", "uselower"],
        &["outlier action=rm param=3 type=iqr count", "outlier mark=t uselower=t size, count"],
    ),
    command(
        &["outputlookup"],
        "Passes its rows on and, where that is allowed, has them written into a lookup table.",
        &[Ordered],
        &["append", "create_empty", "createinapp", "key_field", "max", "override_if_empty"],
        &[
            "outputlookup append=t key_field=host max=100 seen.csv",
            "outputlookup create_empty=f createinapp=t override_if_empty=f seen.csv",
        ],
    ),
    command(
        &["regex"],
        "Keeps the rows in which a regex is found, or with `!=` the others.",
        &[RowLocal],
        &[],
        &["regex process=\"(?i)whoami\"", "regex user!=\"^svc_\""],
    ),
    command(
        &["rename"],
        "Renames fields, with wildcards where both sides have as many.",
        &[RowLocal],
        &[],
        &["rename src_ip AS src, a.* AS *"],
    ),
    command(
        &["replace"],
        "Replaces whole values; wildcards carry their part over.",
        &[RowLocal],
        &[],
        &["replace \"*.local\" WITH \"*\" IN host"],
    ),
    command(
        &["return"],
        "Gives the first rows as a search, for the search around it.",
        &[WholeWindow],
        &[],
        &["return 10 src=ip $user"],
    ),
    command(&["reverse"], "Turns the order of the rows round.", &[WholeWindow], &[], &["reverse"]),
    command(
        &["rex"],
        "Takes fields out of a text by the named groups of a regex, or edits it as `sed` does.",
        &[RowLocal],
        &["field", "mode", "max_match", "offset_field"],
        &[
            "rex field=process max_match=3 offset_field=at \"(?<name>\\w+)\\.exe\"",
            "rex mode=sed field=user \"s/^.*@//g\"",
        ],
    ),
    command(
        &["search"],
        "Keeps the rows that a search finds.",
        &[RowLocal],
        &[],
        &["search host=web* NOT user IN (a, b) \"failed login\" TERM(root)"],
    ),
    command(
        &["sort"],
        "Sorts the rows: numbers by their value, addresses as such, other texts by their bytes.",
        &[WholeWindow],
        &["limit"],
        &["sort limit=10 -count, str(user)", "sort 0 - _time"],
    ),
    command(
        &["spath"],
        "Takes fields out of JSON or XML: one path, or every leaf.",
        &[RowLocal],
        &["input", "output", "path"],
        &["spath input=body output=name path=user.names{0}", "spath"],
    ),
    command(
        &["stats"],
        "Aggregates the rows, for each combination of values of the BY fields.",
        &[Mergeable],
        &["allnum", "delim", "dedup_splitvals"],
        &["stats allnum=f delim=\",\" dedup_splitvals=f count, values(*) AS * BY _time, host"],
    ),
    command(
        &["strcat"],
        "Joins fields and texts into a field.",
        &[RowLocal],
        &["allrequired"],
        &["strcat allrequired=t user \"@\" host who"],
    ),
    command(
        &["streamstats"],
        "Computes as `stats` does over the rows up to each row.",
        &[Ordered],
        &[
            "allnum",
            "current",
            "global",
            "reset_after",
            "reset_before",
            "reset_on_change",
            "time_window",
            "window",
        ],
        &[
            "streamstats allnum=f current=f global=f reset_on_change=t window=5 count BY user",
            "streamstats reset_before=(\"a>1\") reset_after=(\"a>2\") sum(a) AS sum",
            "streamstats time_window=5m dc(user) AS users BY host",
        ],
    ),
    command(
        &["table"],
        "Keeps the listed fields, in that order.",
        &[RowLocal],
        &[],
        &["table _time, host, proc*"],
    ),
    command(&["tail"], "Keeps the last rows, the last one first.", &[Ordered], &[], &["tail 5"]),
    command(
        &["timechart"],
        "A table of aggregates over time, empty buckets too.",
        &[WholeWindow],
        &[
            "span",
            "bins",
            "minspan",
            "start",
            "end",
            "aligntime",
            "limit",
            "agg",
            "useother",
            "otherstr",
            "usenull",
            "nullstr",
            "sep",
            "format",
            "cont",
            "fixedrange",
            "partial",
            "dedup_splitvals",
            "allnum",
        ],
        &[
            "timechart span=1h cont=f limit=5 useother=t otherstr=rest usenull=f nullstr=none sep=\"/\" allnum=f count BY host",
            "timechart bins=50 avg(size)",
            "timechart minspan=1m aligntime=60 start=0 end=1 fixedrange=f partial=t count BY user where sum > 10",
            "timechart span=1h agg=max format=\"$AGG$\" dedup_splitvals=t eval(max(size)*2) AS most BY user",
        ],
    ),
    command(
        &["tojson"],
        "Writes a JSON object of the fields of each row.",
        &[RowLocal],
        &["default_type", "fill_null", "include_internal", "output_field"],
        &[
            "tojson",
            "tojson default_type=auto fill_null=t include_internal=t output_field=body num(size_*), str(user)",
        ],
    ),
    command(
        &["top", "rare"],
        "The most frequent combinations of values, or with `rare` the least.",
        &[WholeWindow],
        &["limit", "countfield", "percentfield", "showcount", "showperc", "useother", "otherstr"],
        &[
            "top limit=5 countfield=n percentfield=share showcount=t showperc=t useother=t otherstr=rest user BY host",
            "rare 3 user",
        ],
    ),
    command(
        &["transaction"],
        "Makes one row of the events that belong together.",
        &[Ordered],
        &[
            "connected",
            "delim",
            "endswith",
            "fields",
            "keepevicted",
            "keeporphans",
            "maxevents",
            "maxopenevents",
            "maxopentxn",
            "maxpause",
            "maxspan",
            "mvlist",
            "mvraw",
            "nullstr",
            "startswith",
            "unifyends",
        ],
        &[
            "transaction user maxspan=10m maxpause=1m startswith=\"login\" endswith=(action=logout) keepevicted=t",
            "transaction fields=\"user, host\" connected=f unifyends=f keeporphans=t maxevents=9 maxopenevents=99 maxopentxn=9",
            "transaction user delim=\",\" mvlist=t mvraw=t nullstr=none",
        ],
    ),
    command(
        &["where"],
        "Keeps the rows for which an expression holds.",
        &[RowLocal],
        &[],
        &["where like(user, \"adm%\") AND count > limit"],
    ),
    command(
        &["xmlkv"],
        "Takes a field out of each element of XML.",
        &[RowLocal],
        &["maxinputs"],
        &["xmlkv maxinputs=100 body"],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        diag::Severity,
        expr::testing::Bench,
        plan::{
            lookups::Lookups,
            lower::{self, Lowering},
        },
        spl,
        stage::Stage,
    };

    /// The stage of `command` at place `index`; every mistake in it fails the test.
    fn stage(command: &str, index: usize) -> Option<Stage> {
        let source = format!("| {command}");
        let (pipeline, errors) = spl::parse(&source);
        assert_eq!(errors, [], "{source}");
        let (mut bench, mut lookups) = (Bench::default(), Lookups::default());
        let mut lowering =
            Lowering { lookups: Some(&mut lookups), allow_write: true, ..bench.lowering(&source) };
        let stage = lower::stage(index, &pipeline.commands[0], &mut lowering);
        bench.diagnostics.retain(|found| found.severity == Severity::Error);
        assert_eq!(bench.diagnostics, [], "{source}");
        stage
    }

    fn place(example: &str) -> usize {
        let begins = example.starts_with("makeresults") || example.starts_with("inputlookup hosts");
        usize::from(!begins)
    }

    #[test]
    fn the_examples_run_and_show_every_class() {
        for command in COMMANDS {
            let stages = command.examples.iter().map(|example| stage(example, place(example)));
            let classes: Vec<_> = stages.flatten().map(|stage| stage.class()).collect();
            let name = command.names[0];
            assert!(!command.examples.is_empty(), "{name}");
            assert!(classes.iter().all(|class| command.classes.contains(class)), "{name}");
            assert!(command.classes.iter().all(|class| classes.contains(class)), "{name}");
        }
    }

    #[test]
    fn the_examples_use_every_option() {
        for command in COMMANDS {
            let used = |option: &&str| {
                let written = format!("{option}=");
                command.examples.iter().any(|example| example.contains(&written))
            };
            let unused: Vec<_> = command.options.iter().filter(|option| !used(option)).collect();
            assert!(unused.is_empty(), "{}: {unused:?}", command.names[0]);
        }
    }

    #[test]
    fn a_name_stands_once() {
        let distinct: BTreeSet<_> = names().collect();
        assert_eq!(names().count(), distinct.len());
        assert!(COMMANDS.is_sorted_by_key(|command| command.names[0]));
        assert_eq!(find("bucket").map(|command| command.names[0]), Some("bin"));
        assert!(find("cluster").is_none());
    }
}
