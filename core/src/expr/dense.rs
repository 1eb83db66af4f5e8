//! Dense automata: determinised here, or borrowed from the bytes of a compiled file.
//!
//! Most of a compiled file is automata. They are checked where they stand and used there: no copy of them is made, and what no
//! event asks for is never touched again.

use regex_automata::{
    Input,
    dfa::{Automaton, dense::DFA},
};
use self_cell::self_cell;

use crate::compiled::bytes::Part;

/// An automaton that says whether a value matches.
pub(super) struct Dense(Kind);

enum Kind {
    Owned(Box<DFA<Vec<u32>>>),
    Borrowed(Borrowed),
}

/// An automaton whose states are in a file.
type OfFile<'f> = DFA<&'f [u32]>;

self_cell!(
    struct Borrowed {
        owner: Part,

        #[covariant]
        dependent: OfFile,
    }
);

/// Bytes that are no dense automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAutomaton;

impl Dense {
    pub(super) fn new(automaton: DFA<Vec<u32>>) -> Self {
        Self(Kind::Owned(Box::new(automaton)))
    }

    /// The automaton that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// If the bytes are none, or are not those of this machine's byte order.
    pub(super) fn read(bytes: Part) -> Result<Self, NoAutomaton> {
        let borrowed = Borrowed::try_new(bytes, |bytes| match DFA::from_bytes(bytes) {
            Ok((automaton, length)) if length == bytes.len() => Ok(automaton),
            _ => Err(NoAutomaton),
        });
        borrowed.map(Kind::Borrowed).map(Self)
    }

    /// It as bytes, in little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (mut bytes, padding) = match &self.0 {
            Kind::Owned(automaton) => automaton.to_bytes_little_endian(),
            Kind::Borrowed(borrowed) => borrowed.borrow_dependent().to_bytes_little_endian(),
        };
        bytes.drain(..padding);
        bytes
    }

    /// Whether some part of `subject` matches.
    #[inline]
    pub(super) fn is_match(&self, subject: &[u8]) -> bool {
        match &self.0 {
            Kind::Owned(automaton) => is_match(&**automaton, subject),
            Kind::Borrowed(borrowed) => is_match(borrowed.borrow_dependent(), subject),
        }
    }
}

fn is_match(automaton: &impl Automaton, subject: &[u8]) -> bool {
    let input = Input::new(subject).earliest(true);
    automaton.try_search_fwd(&input).is_ok_and(|end| end.is_some())
}
