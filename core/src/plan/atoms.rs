//! Which bytes every event that a rule matches must hold.
//!
//! A rule's per-event tests become a formula over [`Atom`]s; from it the planner takes the *anchor*, one clause of which
//! every match satisfies at least one atom. The law is **no false negatives**: where it is not certain that a test
//! implies bytes of the raw event, the test counts as true. So these are true: NOT, `!=`, order comparisons, networks,
//! calculations that are not a contiguous piece of one raw value, and every field that an earlier stage wrote.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::{
    effects::{self, Effect},
    origins::{Origin, Origins, Shape},
};
use crate::{
    expr::{
        dialect,
        raw::RawMatcher,
        regex::{Regex, RegexIds},
    },
    scan::{
        Atom, Domain, frequencies,
        segment::{Breaker, class},
    },
    spl::tree::{
        Command, CommandKind, CompareOp, Expr, ExprKind, Pattern, Pipeline, RawKind, RawTerm,
        Search, SearchValue, ValueKind,
    },
};

/// What a test implies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Nothing that the scan could look for.
    True,
    /// It can never pass.
    False,
    /// The event holds this.
    Atom(Atom),
    /// All of them.
    And(Vec<Formula>),
    /// At least one of them.
    Or(Vec<Formula>),
}

/// What selects the events of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// Every match holds at least one of these, and the scan looks for them. `None`: it looks for nothing.
    pub clause: Option<Vec<Atom>>,
    /// Every match holds at least one of each of these, too. They are tested once the anchor was found.
    pub also: Vec<Vec<Atom>>,
}

/// Literals shorter than this occur in nearly every event, so looking for them costs more than it saves.
const SHORTEST_ANCHOR_BYTES: usize = 3;

/// A clause with more alternatives than this is not worth its place in the automaton.
pub(super) const MOST_ALTERNATIVES: usize = 512;

/// What every event that passes the per-event stages of `pipeline` must hold.
#[must_use]
pub fn formula(pipeline: &Pipeline, origins: &Origins, strict_raw: bool) -> Formula {
    let mut walk = Walk { origins, strict_raw, written: Written::default() };
    let mut terms = Vec::new();
    for command in &pipeline.commands {
        match walk.command(command) {
            Some(formula) => terms.push(formula),
            None => break,
        }
    }
    Formula::and(terms)
}

/// The clause of `formula` that the fewest events should satisfy, and the others that are worth a test.
#[must_use]
pub fn anchor(formula: &Formula) -> Anchor {
    let mut clauses = clauses(formula);
    clauses.sort();
    clauses.dedup();
    let mut clauses = ranked(clauses, cost);
    let first = clauses.iter().position(|clause| is_worth_looking_for(clause));
    let clause = first.map(|place| clauses.remove(place));
    clauses.retain(|clause| is_worth_testing(clause));
    let mut also = ranked(clauses, share_of);
    also.truncate(MOST_TESTS);
    Anchor { clause, also }
}

/// The clauses by their rank, the lowest first; those of the same rank stay in their order. Each is ranked once: that looks up
/// the tokens of all its atoms.
fn ranked(clauses: Vec<Vec<Atom>>, rank: fn(&[Atom]) -> f64) -> Vec<Vec<Atom>> {
    let mut ranked: Vec<_> = clauses.into_iter().map(|clause| (rank(&clause), clause)).collect();
    ranked.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    ranked.into_iter().map(|(_, clause)| clause).collect()
}

fn is_worth_looking_for(clause: &[Atom]) -> bool {
    clause.len() <= MOST_ALTERNATIVES && clause.iter().all(is_long)
}

fn is_long(atom: &Atom) -> bool {
    atom.text.len() >= SHORTEST_ANCHOR_BYTES
}

/// Whether a test of the clause lets so few candidates pass that it pays.
fn is_worth_testing(clause: &[Atom]) -> bool {
    let searches = clause.iter().filter(|atom| atom.key().is_none()).count();
    is_worth_looking_for(clause)
        && searches <= MOST_SEARCHES
        && (searches == 0 || share_of(clause) <= LARGEST_SHARE)
}

/// A rule is tested by no more clauses than these: each further one refuses little.
const MOST_TESTS: usize = 8;

/// So many texts that are no tokens are searched for in a test: more of them cost as much as running the rule.
const MOST_SEARCHES: usize = 8;

/// A clause that more events than these satisfy is not searched for.
const LARGEST_SHARE: f64 = 0.4;

/// Every atom of `formula`, each once.
#[must_use]
pub fn atoms(formula: &Formula) -> BTreeSet<Atom> {
    match formula {
        Formula::True | Formula::False => BTreeSet::new(),
        Formula::Atom(atom) => BTreeSet::from([atom.clone()]),
        Formula::And(terms) | Formula::Or(terms) => terms.iter().flat_map(atoms).collect(),
    }
}

impl Formula {
    fn and(terms: Vec<Formula>) -> Self {
        if terms.contains(&Self::False) { Self::False } else { Self::And(terms) }
    }

    fn any_of(terms: impl IntoIterator<Item = Formula>) -> Self {
        Self::Or(terms.into_iter().filter(|term| *term != Self::False).collect())
    }
}

/// Whether a clause is of some kind.
type Kind<'k> = dyn Fn(&[Atom]) -> bool + 'k;

/// Clauses that all hold where the formula does; none where it implies nothing, one without atoms where it can never hold.
fn clauses(formula: &Formula) -> Vec<Vec<Atom>> {
    match formula {
        Formula::True => Vec::new(),
        Formula::False => vec![Vec::new()],
        Formula::Atom(atom) => vec![vec![atom.clone()]],
        Formula::And(terms) => terms.iter().flat_map(clauses).collect(),
        Formula::Or(terms) => {
            let branches: Vec<_> = terms.iter().map(clauses).collect();
            let is_any = |_: &[Atom]| true;
            let kinds: [&Kind<'_>; 2] = [&is_worth_looking_for, &is_any];
            let mut unions: Vec<_> =
                kinds.into_iter().filter_map(|kind| union(&branches, kind)).collect();
            unions.dedup();
            unions
        }
    }
}

/// The cheapest clause of that kind of each branch, together; `None` where a branch has none.
fn union(branches: &[Vec<Vec<Atom>>], is_of_kind: &Kind<'_>) -> Option<Vec<Atom>> {
    let cheapest = |clauses: &Vec<Vec<Atom>>| {
        let of_kind = clauses.iter().filter(|clause| is_of_kind(clause));
        let priced = of_kind.map(|clause| (cost(clause), clause));
        let cheapest = priced.min_by(|(left, _), (right, _)| left.total_cmp(right));
        cheapest.map(|(_, clause)| clause.clone())
    };
    let mut atoms = branches.iter().map(cheapest).collect::<Option<Vec<_>>>()?.concat();
    atoms.sort();
    atoms.dedup();
    Some(atoms)
}

/// What a clause costs an event: the share of events that hold one of its atoms, and what it costs to look for them.
fn cost(clause: &[Atom]) -> f64 {
    clause.iter().map(atom_cost).sum()
}

fn atom_cost(atom: &Atom) -> f64 {
    let to_look = if atom.key().is_some() { TOKEN_COST } else { SUBSTRING_COST };
    share_of_atom(atom) + to_look
}

/// The share of events that satisfy a clause, at most.
fn share_of(clause: &[Atom]) -> f64 {
    clause.iter().map(share_of_atom).sum()
}

fn share_of_atom(atom: &Atom) -> f64 {
    share(match atom.key() {
        Some(token) => frequencies::rarity(&atom.text[token]),
        None => rarity_of_substring(&atom.text),
    })
}

/// A place in the lexicon costs next to nothing; enough to prefer the shorter of two clauses that are as rare.
const TOKEN_COST: f64 = 1e-6;

/// PERF: what is no token is searched for beside the lexicon, in a second pass over every event. At 0.01, the seed rule
/// waited for a piece of its own token: 0.29 of the floor's speed instead of 0.96.
const SUBSTRING_COST: f64 = 0.5;

fn share(rarity: u8) -> f64 {
    0.5_f64.powi(i32::from(rarity))
}

/// A substring stands in more texts than its letters as a token do: each letter halves its share, at best.
fn rarity_of_substring(text: &[u8]) -> u8 {
    u8::try_from(text.len().saturating_sub(1)).unwrap_or(u8::MAX).min(RAREST_SUBSTRING)
}

const RAREST_SUBSTRING: u8 = 11;

/// Fields that an earlier stage wrote: their values prove nothing about the event any more.
#[derive(Default)]
struct Written {
    names: BTreeSet<String>,
    everything: bool,
}

impl Written {
    fn contains(&self, name: &str) -> bool {
        self.everything || self.names.contains(name)
    }

    fn note(&mut self, effect: &Effect<'_>) {
        match effect {
            Effect::Writes(name) => self.add(name),
            Effect::WritesJoined(start, end) => self.add(&format!("{start}{end}")),
            Effect::Anything => self.everything = true,
            _ => {}
        }
    }

    fn add(&mut self, name: &str) {
        // A wildcard or a `{template}` may write any field.
        self.everything |= name.contains(['*', '{']);
        self.names.insert(name.to_owned());
    }
}

/// The per-event stages of one pipeline, in order.
struct Walk<'a> {
    origins: &'a Origins,
    strict_raw: bool,
    written: Written,
}

impl Walk<'_> {
    /// What a command implies; `None` where it no longer looks at single events.
    fn command(&mut self, command: &Command) -> Option<Formula> {
        if !effects::is_per_event(&command.kind) {
            return None;
        }
        let implied = match &command.kind {
            CommandKind::Search(search) => self.search(search),
            CommandKind::Regex(regex) if !regex.negated => {
                let field = regex.field.as_ref().map_or("_raw", |field| &field.value);
                self.regex(field, pattern_that_runs(&regex.pattern))
            }
            CommandKind::Where(expr) => self.predicate(expr),
            _ => Formula::True,
        };
        effects::effects(command).iter().for_each(|effect| self.written.note(effect));
        Some(implied)
    }

    fn search(&self, search: &Search) -> Formula {
        match search {
            Search::And(terms) => {
                Formula::and(terms.iter().map(|term| self.search(term)).collect())
            }
            Search::Or(terms) => Formula::any_of(terms.iter().map(|term| self.search(term))),
            Search::Raw(term) => self.raw(term),
            Search::Compare(test) if test.op == CompareOp::Eq => {
                self.equals(&test.field.value, &test.value)
            }
            Search::In { field, values, .. } => {
                Formula::any_of(values.iter().map(|value| self.equals(&field.value, value)))
            }
            Search::All(_)
            | Search::Not(..)
            | Search::Compare(_)
            | Search::TimeModifier { .. }
            | Search::Subsearch(_) => Formula::True,
        }
    }

    fn raw(&self, term: &RawTerm) -> Formula {
        let is_raw = self.origin("_raw").shape == Shape::Raw;
        if !is_raw {
            return Formula::True;
        }
        if let Some(id) = event_id(&term.text).filter(|_| !self.strict_raw) {
            return Formula::Atom(event_id_atom(id));
        }
        if term.kind == RawKind::Term && RawMatcher::term(&term.text).is_none() {
            return Formula::False;
        }
        pieces(&term.text, Haystack { edges: Edges::Fenced, ..Haystack::RAW })
    }

    /// `field=value`: the pieces between the wildcards stand in the event, fenced at the edges of the value.
    fn equals(&self, field: &str, value: &SearchValue) -> Formula {
        let is_network = value.kind == ValueKind::Plain && value.text.contains('/');
        match Haystack::of(self.origin(field)) {
            None => Formula::True,
            // The text `10.0.0.0/8` may be a network, which is no text of the event.
            _ if is_network && value.text.parse::<ipnet::IpNet>().is_ok() => Formula::True,
            Some(haystack) => pieces(&value.text, haystack),
        }
    }

    fn origin(&self, field: &str) -> Origin {
        if self.written.contains(field) { Origin::OPAQUE } else { self.origins.of(field) }
    }

    fn regex(&self, field: &str, pattern: &str) -> Formula {
        let Some(haystack) = Haystack::of(self.origin(field)) else { return Formula::True };
        let hir = dialect::parse(pattern);
        hir.map_or(Formula::True, |hir| Literals::of(&hir, haystack.without_edges()))
    }

    /// A `where` expression: only forms that must hold for the row to pass.
    fn predicate(&self, expr: &Expr) -> Formula {
        match &expr.kind {
            ExprKind::And(terms) => {
                Formula::and(terms.iter().map(|term| self.predicate(term)).collect())
            }
            ExprKind::Or(terms) => Formula::any_of(terms.iter().map(|term| self.predicate(term))),
            ExprKind::Compare(CompareOp::Eq, left, right) => match (&left.kind, &right.kind) {
                (ExprKind::Field(field), ExprKind::String(text))
                | (ExprKind::String(text), ExprKind::Field(field)) => self.text_equals(field, text),
                _ => Formula::True,
            },
            ExprKind::Call { name, arguments } => self.call(&name.value, arguments),
            _ => Formula::True,
        }
    }

    fn text_equals(&self, field: &str, text: &str) -> Formula {
        match Haystack::of(self.origin(field)) {
            // `x="1"` also holds for the text `1.0` where a number is compared.
            _ if text.trim().parse::<f64>().is_ok() => Formula::True,
            Some(haystack) if haystack.domain == Domain::Decoded => cut(text, haystack),
            _ => Formula::True,
        }
    }

    fn call(&self, name: &str, arguments: &[Expr]) -> Formula {
        let Some(ExprKind::Field(field)) = arguments.first().map(|argument| &argument.kind) else {
            return Formula::True;
        };
        let texts: Option<Vec<&str>> = arguments[1..]
            .iter()
            .map(|argument| match &argument.kind {
                ExprKind::String(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        match (name.to_ascii_lowercase().as_str(), texts.as_deref()) {
            ("match", Some([pattern])) => self.regex(field, pattern),
            ("like", Some([pattern])) => {
                let haystack = Haystack::of(self.origin(field));
                haystack.map_or(Formula::True, |haystack| like_pieces(pattern, haystack))
            }
            ("in", Some(values)) => {
                Formula::any_of(values.iter().map(|value| self.text_equals(field, value)))
            }
            _ => Formula::True,
        }
    }
}

/// The pattern as `lower` runs it: the quoted part alone, where text was glued to it and the whole does not compile.
fn pattern_that_runs(pattern: &Pattern) -> &str {
    match &pattern.quoted_alone {
        Some(alone) if Regex::compile(&pattern.text, &mut RegexIds::default()).is_err() => alone,
        _ => &pattern.text,
    }
}

/// The event id that a phrase or TERM asks for, when its whole text does nothing else.
#[must_use]
pub fn event_id(text: &str) -> Option<&str> {
    let digits = |text: &'_ str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let lower = text.to_ascii_lowercase();
    let classic = lower.strip_prefix("eventcode=").map(|_| &text["eventcode=".len()..]);
    let xml = || {
        let opened = if lower.starts_with('<') { 1 } else { 0 };
        lower[opened..].strip_prefix("eventid>")?.strip_suffix('<')?;
        Some(&text[opened + "eventid>".len()..text.len() - 1])
    };
    classic.or_else(xml).filter(|id| digits(id))
}

/// What an event of that id holds in any rendering: the number, as a whole value. A text that asks for it as written holds
/// it between breakers, too.
fn event_id_atom(id: &str) -> Atom {
    let (text, domain) = (id.as_bytes().into(), Domain::Decoded);
    Atom { text, starts_token: true, ends_token: true, domain }
}

/// Whether the edges of a text are boundaries in the event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edges {
    /// They are: a breaker or the edge of a value stands there.
    Fenced,
    /// Anything may stand there.
    Open,
}

/// The text of an event that a test looks at, as far as the scan can see it.
#[derive(Clone, Copy)]
struct Haystack {
    domain: Domain,
    edges: Edges,
    is_lowered: bool,
}

impl Haystack {
    const RAW: Self = Self { domain: Domain::Raw, edges: Edges::Open, is_lowered: false };

    /// That of a field; `None` where its value proves nothing.
    fn of(origin: Origin) -> Option<Self> {
        let (domain, edges) = match origin.shape {
            Shape::Raw => (Domain::Raw, Edges::Open),
            Shape::Verbatim | Shape::Fenced => (Domain::Decoded, Edges::Fenced),
            Shape::Piece => (Domain::Decoded, Edges::Open),
            Shape::Opaque => return None,
        };
        Some(Self { domain, edges, is_lowered: origin.is_lowered })
    }

    /// The same for literals that may stand anywhere within.
    fn without_edges(self) -> Self {
        Self { edges: Edges::Open, ..self }
    }
}

/// What a text with `*` implies: the texts between the wildcards, all of them.
fn pieces(text: &str, haystack: Haystack) -> Formula {
    let last = text.matches('*').count();
    let fenced = haystack.edges == Edges::Fenced;
    let terms = text.split('*').enumerate().map(|(index, piece)| {
        let edges = PieceEdges { start: fenced && index == 0, end: fenced && index == last };
        cut_piece(piece, edges, haystack)
    });
    Formula::and(terms.collect())
}

/// The pieces of a `like` pattern between `%` and `_`. Its edges are not used as fences.
fn like_pieces(pattern: &str, haystack: Haystack) -> Formula {
    let pieces = pattern.split(['%', '_']);
    Formula::and(pieces.map(|piece| cut(piece, haystack.without_edges())).collect())
}

#[derive(Clone, Copy)]
struct PieceEdges {
    start: bool,
    end: bool,
}

fn cut(text: &str, haystack: Haystack) -> Formula {
    let fenced = haystack.edges == Edges::Fenced;
    cut_piece(text, PieceEdges { start: fenced, end: fenced }, haystack)
}

/// A literal of a value, cut where its raw form may differ from it.
fn cut_piece(text: &str, edges: PieceEdges, haystack: Haystack) -> Formula {
    let domain = haystack.domain;
    let mut terms = Vec::new();
    let mut start = 0;
    let mut start_fenced = edges.start;
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        if let Some(fences) = cuts(character, text[end..].chars().next(), haystack) {
            let edges = PieceEdges { start: start_fenced, end: fences };
            terms.extend(atom(&text[start..at], edges, domain));
            start = end;
            start_fenced = fences;
        }
    }
    terms.extend(atom(&text[start..], PieceEdges { start: start_fenced, end: edges.end }, domain));
    Formula::and(terms.into_iter().map(Formula::Atom).collect())
}

/// Whether a literal is cut at `character`, and whether the cut is a fence.
///
/// The raw form of `& < > " ' \ /` starts and ends with a breaker in every rendering, so a cut there is a fence; that of
/// a control character is not (`\t` of JSON ends in a letter). U+FFFD may stand for bytes that are no UTF-8.
fn cuts(character: char, next: Option<char>, haystack: Haystack) -> Option<bool> {
    let is_written_otherwise = matches!(character, '&' | '<' | '>' | '"' | '\'' | '\\' | '/');
    match haystack.domain {
        Domain::Decoded if is_written_otherwise => Some(true),
        Domain::Decoded if character.is_control() => Some(false),
        _ if character == '\u{FFFD}' => Some(false),
        _ if haystack.is_lowered && may_come_from_beyond(character, next) => Some(false),
        _ => None,
    }
}

/// Whether the lower-case `character` may come from another one than the scan folds: any beyond ASCII, a `k` from the
/// Kelvin sign, and an `i` that a combining dot follows, or may follow, from the dotted capital I.
fn may_come_from_beyond(character: char, next: Option<char>) -> bool {
    match character.to_ascii_lowercase() {
        'k' => true,
        'i' => !next.is_some_and(|next| next.is_ascii()),
        other => !other.is_ascii(),
    }
}

fn atom(text: &str, edges: PieceEdges, domain: Domain) -> Option<Atom> {
    let inner = |byte: Option<&u8>| byte.is_some_and(|&byte| class(byte) == Breaker::None);
    let bytes = text.as_bytes();
    (!bytes.is_empty()).then(|| Atom {
        text: bytes.to_ascii_lowercase().into(),
        // At a breaker of its own the text needs no other.
        starts_token: edges.start && inner(bytes.first()),
        ends_token: edges.end && inner(bytes.last()),
        domain,
    })
}

/// Collects the literals that every match of a regex holds.
struct Literals {
    haystack: Haystack,
    run: String,
    terms: Vec<Formula>,
}

impl Literals {
    fn of(hir: &Hir, haystack: Haystack) -> Formula {
        let mut literals = Self { haystack, run: String::new(), terms: Vec::new() };
        literals.walk(hir);
        literals.end_run();
        Formula::and(literals.terms)
    }

    fn walk(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.run.push_str(text),
                Err(_) => self.end_run(),
            },
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.end_run(),
            },
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Alternation(branches) => {
                self.end_run();
                let haystack = self.haystack;
                self.terms.push(Formula::any_of(
                    branches.iter().map(|branch| Self::of(branch, haystack)),
                ));
            }
            HirKind::Repetition(repetition) => {
                self.end_run();
                if repetition.min > 0 {
                    self.terms.push(Self::of(&repetition.sub, self.haystack));
                }
            }
            // An assertion takes no bytes, so the literals on both sides of it still touch.
            HirKind::Look(_) | HirKind::Empty => {}
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.terms.push(cut(&run, self.haystack));
    }
}

/// The letter of a class that is one ASCII letter in both cases. With `s` and `k` such a class also holds the long s and
/// the Kelvin sign, which the scan does not fold: then there is none.
fn one_letter(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let first = ranges.first()?.0.to_ascii_lowercase();
    let one = ranges.iter().all(|(start, end)| {
        start == end && start.is_ascii() && start.to_ascii_lowercase() == first
    });
    (one && first.is_ascii_alphabetic()).then_some(first)
}
