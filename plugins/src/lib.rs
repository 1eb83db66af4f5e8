//! The loader: how a Rust host opens libcaltrop at run time, without linking it and without unsafe code of its own.
//!
//! A host that ships apart from caltrop should not have to be rebuilt for a new version of it. [`Caltrop::open`] opens a
//! shared library, refuses it with a sentence if its ABI is another one, and looks every function up once. What is made
//! from it ([`Compiler`], [`RuleSet`], [`Engine`]) keeps the library open.
//!
//! It trusts the file: opening a library runs its code, and no check can come before that. Give it paths that the operator
//! has chosen. The plugins that the shippers themselves load will stand beside this module.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let caltrop = caltrop_plugins::Caltrop::open("/usr/lib/libcaltrop.so.1".as_ref())?;
//! let mut compiler = caltrop.compiler()?;
//! compiler.add_spl("wmi", "TERM(WmiPrvSE) | table _time, host")?;
//! let built = compiler.build()?;
//! let mut engine = built.rules.engine(|alert| println!("{}", String::from_utf8_lossy(alert.json())))?;
//! engine.push(b"an event")?;
//! engine.finish()?;
//! # Ok(())
//! # }
//! ```

mod error;
mod functions;
mod handles;

pub use error::{CallError, LoadError};
pub use handles::{Alert, Built, Caltrop, Compiler, Engine, RuleSet};
