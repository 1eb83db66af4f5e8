//! The small integers that names become.
//!
//! A rule set resolves every name once, when it is built; from then on the engine handles these ids only. They are
//! types of their own so that an atom can never index a field table.

/// Declares one id: a `u32` that indexes a table of the rule set.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id of the table entry at `index`.
            ///
            /// # Panics
            /// If a table grows past `u32::MAX` entries; rule sets are bounded far below.
            #[must_use]
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("tables of a rule set are bounded below 2^32 entries"))
            }

            /// The table index that this id stands for.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A rule of one rule set, in the order in which the rules were added.
    RuleId;
    /// A field name that some rule or the knowledge names.
    FieldId;
    /// One thing the scan can look for: a token or a substring.
    AtomId;
    /// A group of one window, in the order in which the groups were first seen.
    GroupId;
    /// A term that several rules ask for.
    TermId;
    /// A regex that needs a cache while it runs.
    RegexId;
    /// A subpipeline over events of one rule, behind those that stand in it.
    BranchId;
}

impl FieldId {
    /// The id of a name that every table starts with.
    pub(crate) const fn builtin(index: u32) -> Self {
        Self(index)
    }
}
