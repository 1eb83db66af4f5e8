//! Writes the demo events: `cargo run -p caltrop-benches --bin generate -- demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use caltrop_benches::generator::{Generator, Rendering};

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return complain("usage: generate DIRECTORY");
    };
    let file = directory.join("sysmon.xml");
    match std::fs::write(&file, Generator::demo().text(Rendering::Xml)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{}: {error}", file.display())),
    }
}

#[expect(clippy::print_stderr, reason = "a program speaks to its user")]
fn complain(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}
