//! The static site.

use crate::catalog::Catalog;

/// One file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path within the folder of the site: made of ids and hashes, never of a rule's text.
    pub path: String,
    /// What it holds.
    pub text: String,
}

pub(crate) fn site(_catalog: &Catalog) -> Vec<Page> { Vec::new() }
