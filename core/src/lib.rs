//! caltrop runs Splunk detection rules where logs are born.
//!
//! SPL rules are compiled into one immutable [`RuleSet`](compiled::RuleSet); an [`Engine`](engine::Engine) looks at each
//! raw event once and hands an [`Alert`](alert::Alert) to its caller for each result row. These are the three nouns of the
//! API:
//!
//! | noun | what it is | threads |
//! | --- | --- | --- |
//! | `RuleSet` | all rules, compiled: immutable and shared | `Send + Sync`, one per process |
//! | `Engine` | the mutable state of one stream of events | `Send`, one per thread |
//! | `Alert` | one result row of one rule | borrowed, dies with the callback |
//!
//! ```
//! use std::sync::Arc;
//!
//! use caltrop_core::{
//!     config::Options,
//!     engine::Engine,
//!     event::Head,
//!     knowledge::Knowledge,
//!     ruleset::{BuildOptions, RuleSetBuilder},
//! };
//!
//! // A rule counts the children of one parent on each host.
//! let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
//! builder.add_spl(
//!     "children of the WMI provider host",
//!     r#"TERM(WmiPrvSE) parent_process_name="wmiprvse.exe" | stats count by host"#,
//! );
//! let built = builder.build();
//! assert!(built.reports.iter().all(|report| !report.is_refused()));
//!
//! let mut engine = Engine::new(Arc::new(built.rules), Options::default());
//! let event = "<Event><System><EventID>1</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel>\
//!     <Computer>ws1.example</Computer></System><EventData>\
//!     <Data Name='ParentImage'>C:\\Windows\\System32\\wbem\\WmiPrvSE.exe</Data></EventData></Event>";
//! let mut alerts = Vec::new();
//! let mut sink = |alert: &caltrop_core::alert::Alert<'_>| {
//!     let mut row = Vec::new();
//!     alert.write_row_json(&mut row).expect("a Vec takes everything");
//!     alerts.push(String::from_utf8(row).expect("JSON is UTF-8"));
//! };
//! engine.push(event.as_bytes(), &Head::default(), &mut sink);
//! engine.finish(&mut sink);
//! assert_eq!(alerts, [r#"{"host":"ws1.example","count":"1"}"#]);
//! ```
//!
//! Two files tell the two stories: [`ruleset`] the life of a rule, [`engine`] the life of an event. This crate opens no
//! file, reads no clock and starts no thread: bytes, time and zone come in through its callers.

#![deny(unsafe_code)]

pub mod agg;
pub mod alert;
pub mod codec;
pub mod compiled;
pub mod config;
pub mod diag;
pub mod engine;
pub mod event;
pub mod expr;
pub mod ids;
pub mod knowledge;
pub mod locations;
pub mod lookup;
pub mod names;
pub mod outbox;
pub mod plan;
pub mod row;
pub mod rule;
pub mod ruleset;
pub mod scan;
pub mod spl;
pub mod stage;
pub mod value;
mod yaml;
