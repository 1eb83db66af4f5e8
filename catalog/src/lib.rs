//! Rules as a catalog: what each tests, finds and needs, as JSON for tools and as a static site for people.
//!
//! [`Catalog::new`] reads the facts of every rule from its syntax tree, refused rules too, and counts how many look for the
//! same; [`Catalog::json`], [`Catalog::navigator`] and [`Catalog::site`] tell them. [`report`] makes one page of a file of
//! alerts. What the facts are, and the schema of the JSON, is in `docs/catalog.md`.
//!
//! Laws: a rule and an alert are hostile text. Every string is escaped where it is put into a page; a link goes only to `http`
//! and `https`; no name of a file comes from a rule. A page works from `file://`, without a server, a network or a script
//! (filters aside). The order of everything depends on the rules alone. Nothing here opens a file: the caller reads and writes.

#![deny(unsafe_code)]

mod alerts;
mod attack;
mod catalog;
mod corpus;
mod coverage;
mod description;
mod entry;
mod navigator;
mod page;
mod report;
mod written;

pub use alerts::{Alerts, BadAlert};
pub use catalog::{Catalog, RuleText};
pub use entry::{
    Atomic, Coverage, Entry, Indicator, IndicatorValue, Macro, Prefilter, Reason, Runtime,
    SearchTerm, Stage, StateKept, Status, Technique, Term, Test,
};
pub use page::Page;
pub use report::report;
