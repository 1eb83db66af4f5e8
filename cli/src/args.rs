//! The command line.

use std::path::PathBuf;

use caltrop_core::config::{Input, Mode, Options, SECOND_NS, Stopwatch, Window};
use caltrop_host::{Clock, units};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;

use crate::state::{Checkpoints, Source};

/// Said below the help of the program and of each command.
const EXIT_STATUS: &str = "\
Exit status: 0 done, alerts or not; 1 a refused rule under check, compile, search or --strict;
2 usage, or an input or rule file that cannot be read, after all else has run.";

const RUN_EXAMPLES: &str = "\
Examples:
  caltrop run --rules rules demo
  caltrop run --rules rules --rules 'more/*.yml' --output table sysmon.xml.zst
  zstdcat logs/*.zst | caltrop run --rules rules --stream -
  caltrop run --rules rules --follow /var/log/audit/audit.log /var/log/auth.log";

const SEARCH_EXAMPLES: &str = "\
Examples:
  caltrop search 'TERM(WmiPrvSE) | stats count by host' demo
  caltrop search --format rows 'status>499 | stats count by url' rows.jsonl";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  caltrop explain rules/wmi_subscription_execution.yml
  caltrop explain 5975.18225 --rules rules --event demo/sysmon.xml";

const COMPILE_EXAMPLES: &str = "\
Examples:
  caltrop compile rules -o rules.caltrop
  caltrop run --rules rules.caltrop demo
  caltrop explain rules.caltrop";

const BENCH_EXAMPLES: &str = "\
Examples:
  caltrop bench --rules rules demo
  caltrop bench --rules rules.caltrop --runs 9 --json events.xml.zst";

const CATALOG_EXAMPLES: &str = "\
Examples:
  caltrop catalog rules -o site
  caltrop catalog rules --json catalog.json --navigator layer.json
  caltrop catalog rules -o site --alerts alerts.ndjson";

const REPORT_EXAMPLES: &str = "\
Examples:
  caltrop run --rules rules demo > alerts.ndjson
  caltrop report alerts.ndjson -o report.html --catalog site";

/// Runs Splunk detection rules where logs are born: writes, tests and hunts with them.
///
/// Results go to standard output, everything else to standard error.
#[derive(Debug, Parser)]
#[command(name = "caltrop", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run rules over events and print their alerts, one JSON object each.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Run one ad-hoc search over events and print its result rows.
    #[command(after_help = SEARCH_EXAMPLES)]
    Search(SearchArgs),
    /// Say which rules compile, which do not and why, and which will be slow.
    Check(CheckArgs),
    /// Write rules as one file that loads at once: `run --rules` takes it.
    #[command(after_help = COMPILE_EXAMPLES)]
    Compile(CompileArgs),
    /// Measure rules over events, both in memory: speed, load time, candidates.
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Show what became of a rule: stages, fields, anchor, windows.
    ///
    /// With --event, also what it makes of each event of a file.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Write rules as a catalog: a static site, JSON, a layer for the ATT&CK Navigator.
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(CatalogArgs),
    /// Write a page of alerts, for an investigation.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
}

/// `caltrop run`
#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// Rule files, folders or globs; may be given again.
    #[arg(long, required = true, num_args = 1, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// A refused rule fails the run before it starts.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Treat the inputs as a stream: windows close as event time passes, alerts come at once.
    #[arg(long, help_heading = "Windows")]
    pub(crate) stream: bool,
    /// How event time is cut: `all`, `rule`, or a duration such as `1h` [default: all; with --stream: rule]
    #[arg(long, value_parser = units::window, help_heading = "Windows")]
    pub(crate) window: Option<Window>,
    /// With --stream: how far behind its newest event a host may deliver others.
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = units::duration_ns, help_heading = "Windows")]
    pub(crate) lateness: i64,
    /// With --stream: how long a host may be silent before the clock moves its watermark.
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = units::duration_ns, help_heading = "Windows")]
    pub(crate) idle: i64,
    /// With --stream: an event further ahead of the clock than this moves no watermark.
    #[arg(long, default_value = "5m", value_name = "DURATION", value_parser = units::duration_ns, help_heading = "Windows")]
    pub(crate) max_future: i64,
    /// With --stream: how long a window waits for slow hosts behind the first that has passed its end.
    #[arg(long, default_value = "5m", value_name = "DURATION", value_parser = units::duration_ns, help_heading = "Windows")]
    pub(crate) max_lag: i64,
    /// With --stream: how long a closed window is kept for late events to revise [default: as --lateness]
    #[arg(long, value_name = "DURATION", value_parser = units::duration_ns, help_heading = "Windows")]
    pub(crate) retain: Option<i64>,
    /// With --stream or --follow: where the state is kept, so that a stream that was stopped goes on.
    #[arg(long, value_name = "FILE", help_heading = "Windows")]
    pub(crate) state: Option<PathBuf>,
    /// With --state: how often it is saved, besides at the end.
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = units::duration_ns, requires = "state", help_heading = "Windows")]
    pub(crate) checkpoint: i64,
    /// Files that grow, through rotation, until the program is told to stop; implies --stream.
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with = "inputs", help_heading = "Windows")]
    pub(crate) follow: Vec<PathBuf>,
    /// Files or folders; `-` is standard input. Plain, gzip or zstd; text or .evtx.
    #[arg(required_unless_present = "follow", value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
    /// Say at the end which rules were dear and why; with a file, write what each has cost, as one JSON object.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, help_heading = "Output")]
    pub(crate) profile: Option<Option<PathBuf>>,
    #[command(flatten)]
    pub(crate) events: EventArgs,
}

/// `caltrop search`
#[derive(Debug, ClapArgs)]
pub(crate) struct SearchArgs {
    /// The search, in SPL.
    #[arg(value_name = "SPL")]
    pub(crate) spl: String,
    /// Files or folders; `-` is standard input. Plain, gzip or zstd; text or .evtx.
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
    #[command(flatten)]
    pub(crate) events: EventArgs,
}

/// `caltrop check`
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// Rule files, folders or globs.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "short")]
    pub(crate) json: bool,
    /// Print one line for each refused rule, then how often each reason is given.
    #[arg(long)]
    pub(crate) short: bool,
    /// With --short: a line for each warning too.
    #[arg(long, requires = "short")]
    pub(crate) warnings: bool,
    /// Warnings count as findings.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeArgs,
}

/// `caltrop compile`
#[derive(Debug, ClapArgs)]
pub(crate) struct CompileArgs {
    /// Rule files, folders or globs.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The file of compiled rules; it is written whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write nothing if a rule is refused.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeArgs,
}

/// `caltrop bench`
#[derive(Debug, ClapArgs)]
pub(crate) struct BenchArgs {
    /// Rule files, folders or globs; may be given again.
    #[arg(long, required = true, num_args = 1, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Files or folders; `-` is standard input. Plain, gzip or zstd; text or .evtx.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// So many runs are measured; the figures are those of the median.
    #[arg(long, default_value = "5", value_name = "N", value_parser = units::runs)]
    pub(crate) runs: usize,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// So many bytes of events are held in memory; the others are not measured.
    #[arg(long, default_value = "512MiB", value_name = "SIZE", value_parser = units::bytes, help_heading = "Limits")]
    pub(crate) max_bytes: usize,
    #[command(flatten)]
    pub(crate) events: EventArgs,
}

/// `caltrop explain`
#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// A rule file, or a rule's id with --rules; or a file of compiled rules, to be told what it holds.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Where to look for the rule: files, folders or globs; may be given again.
    #[arg(long, num_args = 1, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// For each event of this file: which stage kept or dropped it, and the first test that failed.
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) events: EventArgs,
}

/// `caltrop catalog`
#[derive(Debug, ClapArgs)]
pub(crate) struct CatalogArgs {
    /// Rule files, folders or globs.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder of the static site; files of the same names in it are replaced.
    #[arg(short, long, value_name = "DIR", required_unless_present_any = ["json", "navigator"])]
    pub(crate) output: Option<PathBuf>,
    /// Write the whole as one JSON object.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a layer for the ATT&CK Navigator.
    #[arg(long, value_name = "FILE")]
    pub(crate) navigator: Option<PathBuf>,
    /// Alerts as `run` prints them: the catalog says how often each rule fired.
    #[arg(long, value_name = "FILE")]
    pub(crate) alerts: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeArgs,
}

/// `caltrop report`
#[derive(Debug, ClapArgs)]
pub(crate) struct ReportArgs {
    /// Alerts as `run` prints them, one JSON object a line.
    #[arg(value_name = "ALERTS")]
    pub(crate) alerts: PathBuf,
    /// The page.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Where the catalog of the rules stands, as seen from the page: a path or a web address.
    #[arg(long, value_name = "PLACE")]
    pub(crate) catalog: Option<String>,
}

/// What macros and fields mean.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Knowledge")]
pub(crate) struct KnowledgeArgs {
    /// An app folder laid over the built-in knowledge; may be given again.
    #[arg(long, num_args = 1, value_name = "DIR")]
    pub(crate) knowledge: Vec<PathBuf>,
    /// A MaxMind database that says where addresses are, for `iplocation` [default: none, and nothing is added]
    #[arg(long, value_name = "FILE")]
    pub(crate) geoip: Option<PathBuf>,
    /// Event ids only as written: `EventCode=1` does not match `<EventID>1<`.
    #[arg(long)]
    pub(crate) strict_raw: bool,
}

/// How events are read.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Events")]
pub(crate) struct EventArgs {
    /// How events are written.
    #[arg(long, default_value = "auto")]
    pub(crate) format: Format,
    /// The zone of times that carry none.
    #[arg(long, default_value = "UTC", value_name = "ZONE", value_parser = units::zone)]
    pub(crate) tz: TimeZone,
    /// Splunk's host of events that name none.
    #[arg(long, value_name = "TEXT")]
    pub(crate) host: Option<String>,
    /// Splunk's source of the events [default: from the event]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Splunk's sourcetype of the events [default: from the event]
    #[arg(long, value_name = "TEXT")]
    pub(crate) sourcetype: Option<String>,
    /// Splunk's index of the events [default: none]
    #[arg(long, value_name = "TEXT")]
    pub(crate) index: Option<String>,
    /// `now()` in epoch seconds [default: the start of the run]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) now: Option<f64>,
    /// Longer events are cut and counted.
    #[arg(long, default_value = "1MiB", value_name = "SIZE", value_parser = units::bytes, help_heading = "Limits")]
    pub(crate) max_event_bytes: usize,
    // The last one, for its heading goes on to what follows.
    #[command(flatten)]
    pub(crate) knowledge: KnowledgeArgs,
}

/// How results are found and printed.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(crate) struct ResultArgs {
    /// Bytes of open state; beyond, a batch stops and a stream sends early.
    #[arg(long, default_value = "256MiB", value_name = "SIZE", value_parser = units::bytes, help_heading = "Limits")]
    pub(crate) max_state: usize,
    /// The same for each rule [default: a quarter of --max-state]
    #[arg(long, value_name = "SIZE", value_parser = units::bytes, help_heading = "Limits")]
    pub(crate) max_rule_state: Option<usize>,
    /// How results are printed.
    #[arg(long, default_value = "ndjson")]
    pub(crate) output: Output,
    /// Let rules write lookup tables into this folder (`outputlookup`) [default: none, and nothing is written]
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_write: Option<PathBuf>,
    /// Look at every event in full. The answers are the same.
    #[arg(long)]
    pub(crate) no_prefilter: bool,
    /// So many threads look at the events of a closed set. The answers are the same, and in the same order.
    #[arg(long, default_value = "1", value_name = "N", value_parser = units::threads)]
    pub(crate) threads: usize,
    /// Write the figures of the run to this file, as one JSON object.
    #[arg(long, value_name = "FILE")]
    pub(crate) stats: Option<PathBuf>,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Found out for each event.
    Auto,
    /// Windows XML.
    Xml,
    /// The classic text of Windows events.
    Text,
    /// JSON.
    Json,
    /// Any text: its `name=value` pairs are its fields.
    Kv,
    /// Syslog; what stands behind its header is found out.
    Syslog,
    /// Rows that are fields already, one JSON object each.
    Rows,
}

impl From<Format> for Input {
    fn from(format: Format) -> Self {
        match format {
            Format::Auto => Self::Auto,
            Format::Xml => Self::Xml,
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Kv => Self::Kv,
            Format::Syslog => Self::Syslog,
            Format::Rows => Self::Rows,
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// One JSON object a line.
    Ndjson,
    /// Aligned columns, for people.
    Table,
    /// Comma-separated values.
    Csv,
}

impl EventArgs {
    /// The options of an engine that reads a closed set of events.
    pub(crate) fn options(&self, clock: &Clock) -> Options {
        Options {
            max_event_bytes: self.max_event_bytes,
            input: self.format.into(),
            now_s: self.now.unwrap_or_else(|| clock.wall_s()),
            zone: self.tz.clone(),
            ..Options::default()
        }
    }
}

impl ResultArgs {
    fn options(&self, events: &EventArgs, clock: &Clock) -> Options {
        Options {
            max_state_bytes: self.max_state,
            max_rule_state_bytes: self.max_rule_state,
            prefilter: !self.no_prefilter,
            ..events.options(clock)
        }
    }
}

impl SearchArgs {
    /// The options of the engine.
    pub(crate) fn options(&self, clock: &Clock) -> Options {
        self.results.options(&self.events, clock)
    }
}

impl RunArgs {
    /// Whether the events are a closed set or a stream.
    pub(crate) fn mode(&self) -> Mode {
        let is_stream = self.stream || !self.follow.is_empty();
        if is_stream { Mode::Stream } else { Mode::Batch }
    }

    /// Where and how often the state is saved.
    pub(crate) fn checkpoints(&self) -> Option<Checkpoints> {
        let every_s = self.checkpoint / (SECOND_NS / 1000);
        let every_s = f64::from(i32::try_from(every_s).unwrap_or(i32::MAX)) / 1e3;
        let source = if self.follow.is_empty() { Source::Given } else { Source::Followed };
        self.state.as_ref().map(|path| Checkpoints::new(path, every_s, source))
    }

    /// The options of the engine.
    pub(crate) fn options(&self, clock: &Clock) -> Options {
        let mode = self.mode();
        let window = if mode == Mode::Stream { Window::Rule } else { Window::All };
        Options {
            mode,
            window: self.window.unwrap_or(window),
            lateness_ns: self.lateness,
            idle_ns: self.idle,
            max_future_ns: self.max_future,
            max_lag_ns: self.max_lag,
            retain_ns: self.retain,
            stopwatch: self.profile.as_ref().map(|_| Clock::stopwatch_ns as Stopwatch),
            ..self.results.options(&self.events, clock)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_engine() {
        let args = Args::parse_from(["caltrop", "run", "--rules", "rules", "demo"]);
        let Command::Run(args) = args.command else { panic!("parsed as another command") };
        let (ours, engine) = (args.options(&Clock::start()), Options::default());
        assert_eq!(ours.lateness_ns, engine.lateness_ns);
        assert_eq!(ours.idle_ns, engine.idle_ns);
        assert_eq!(ours.max_future_ns, engine.max_future_ns);
        assert_eq!((ours.max_lag_ns, ours.retain_ns()), (engine.max_lag_ns, engine.retain_ns()));
        assert_eq!(ours.max_rule_state_bytes(), engine.max_rule_state_bytes());
        assert_eq!(ours.max_event_bytes, engine.max_event_bytes);
        assert_eq!(ours.max_state_bytes, engine.max_state_bytes);
        assert_eq!((ours.mode, ours.window), (engine.mode, engine.window));
    }
}
