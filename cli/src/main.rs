//! The `caltrop` program: writes, tests and hunts with Splunk detection rules.
//!
//! Results go to standard output, everything else to standard error. Exit status: 0 done, 1 a refused rule or a finding
//! of `check`, 2 usage or a file that cannot be read. What an event holds never changes it.
//!
//! Each command is a file; they share [`args`], how rules and knowledge are read ([`rules`]), how events are fed
//! ([`feed`]) and how results are printed ([`output`]).

mod args;
mod bench;
mod catalog;
mod check;
mod compile;
mod explain;
mod feed;
mod output;
mod profile;
mod rules;
mod run;
mod search;
mod signals;
mod state;
mod summary;

use std::{io, process::ExitCode};

use clap::Parser;

use args::{Args, Command};

/// How a command ended. The greater status wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Done, whatever the events held.
    Done,
    /// A rule was refused.
    Refused,
    /// Usage, or a file that cannot be read; all else has run.
    Failed,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Run(args) => run::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Report(args) => catalog::report(&args),
    };
    match result {
        Ok(status) => status.into(),
        // Whoever reads the output has had enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("error: {error:#}"));
            Status::Failed.into()
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Done => Self::SUCCESS,
            Status::Refused => Self::from(1),
            Status::Failed => Self::from(2),
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = match error.downcast_ref::<io::Error>() {
        Some(error) => Some(error.kind()),
        None => error.downcast_ref::<serde_json::Error>().and_then(|error| error.io_error_kind()),
    };
    kind == Some(io::ErrorKind::BrokenPipe)
}
