//! The `caltrop` program: writes, tests and hunts with Splunk detection rules.
//!
//! Results go to standard output, everything else to standard error. Exit status: 0 done, 1 a refused rule or a finding
//! of `check`, 2 usage or a file that cannot be read.

mod args;
mod check;
mod explain;
mod feed;
mod output;
mod rules;
mod run;
mod search;
mod units;

use std::{io, process::ExitCode};

use clap::Parser;

use args::{Args, Command};

/// How a command ended. The greater status wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Done, whatever the events held.
    Done = 0,
    /// A rule was refused.
    Refused = 1,
    /// Usage, or a file that cannot be read; all else has run.
    Failed = 2,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Run(args) => run::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
    };
    match result {
        Ok(status) => ExitCode::from(status as u8),
        // Whoever reads the output has had enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("error: {error:#}"));
            ExitCode::from(Status::Failed as u8)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
