//! Writes generated events or rules:
//!
//! - `cargo run -p caltrop-benches --bin generate -- demo` writes the demo events into that folder;
//! - `... -- rules COUNT DIRECTORY` writes so many rules that no generated event matches.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use caltrop_benches::catalog::{self, Names};
use caltrop_benches::generator::{Generator, Rendering};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let written = match &arguments[..] {
        [directory] => write_events(&PathBuf::from(directory).join("sysmon.xml")),
        [what, count, directory] if what == "rules" => match count.parse() {
            Ok(count) => write_rules(count, Path::new(directory)),
            Err(error) => Err(io::Error::other(format!("`{count}`: {error}"))),
        },
        _ => return complain("usage: generate DIRECTORY, or generate rules COUNT DIRECTORY"),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string()),
    }
}

fn write_events(file: &Path) -> io::Result<()> {
    fs::write(file, Generator::demo().text(Rendering::Xml))
}

fn write_rules(count: usize, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (number, rule) in catalog::rules(count, Names::Absent).iter().enumerate() {
        fs::write(directory.join(format!("{number:05}.spl")), &rule.spl)?;
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a program speaks to its user")]
fn complain(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}
