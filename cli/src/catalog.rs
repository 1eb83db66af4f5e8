//! `caltrop catalog` and `caltrop report`: rules and alerts as pages.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use caltrop_catalog::{Alerts, Catalog, RuleText, Status as RuleStatus};
use caltrop_host::Sources;

use crate::{
    Status,
    args::{CatalogArgs, ReportArgs},
    output::{counted, note},
    rules::{build_options, read_knowledge, read_sources, reading_status, refuse_compiled},
};

/// Writes the catalog of the rules.
pub(crate) fn run(args: &CatalogArgs) -> Result<Status> {
    let sources = read_sources(&args.paths);
    refuse_compiled(&sources, "a catalog")?;
    let known = read_knowledge(&args.knowledge);
    let status = reading_status(&sources, &known);
    let alerts = args.alerts.as_deref().map(read_alerts).transpose()?;
    let builder = sources.builder(&known, build_options(&args.knowledge));
    let catalog = Catalog::new(&texts(&sources), builder, alerts.as_ref());
    if let Some(folder) = &args.output {
        write_site(&catalog, folder)?;
    }
    for (path, text) in [
        (&args.json, Catalog::json as fn(&Catalog) -> String),
        (&args.navigator, Catalog::navigator),
    ] {
        if let Some(path) = path {
            write(path, &text(&catalog))?;
        }
    }
    let refused = catalog.rules().iter().filter(|rule| rule.status == RuleStatus::Refused).count();
    note(format_args!("{}, {refused} of them refused", counted(catalog.rules().len(), "rule")));
    Ok(status)
}

/// Writes the page of a file of alerts.
pub(crate) fn report(args: &ReportArgs) -> Result<Status> {
    let alerts = read_alerts(&args.alerts)?;
    let page = caltrop_catalog::report(&alerts, args.catalog.as_deref());
    write(&args.output, &page)?;
    note(format_args!("{}", counted(alerts.len(), "alert")));
    Ok(Status::Done)
}

fn texts(sources: &Sources) -> Vec<RuleText<'_>> {
    let files = sources.files.iter();
    files.map(|file| RuleText { path: &file.path, text: &file.text }).collect()
}

/// Reads the alerts of the file at `path`. A file in which no line is one is no file of alerts.
fn read_alerts(path: &Path) -> Result<Alerts> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let (alerts, bad) = Alerts::read(&String::from_utf8_lossy(&bytes));
    if let Some(first) = bad.first() {
        if alerts.is_empty() {
            bail!("{}: {first}", path.display());
        }
        let count = counted(bad.len(), "line");
        note(format_args!("warning: {}: {count} left out; {first}", path.display()));
    }
    Ok(alerts)
}

fn write_site(catalog: &Catalog, folder: &Path) -> Result<()> {
    for page in catalog.site() {
        write(&folder.join(&page.path), &page.text)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
