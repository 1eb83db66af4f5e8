//! How the parts of a rule set are written and read: [`Form`], and what a saver and a loader know of the whole.
//!
//! A loader checks each value when it has read it, against what was read before: no field beyond the table of names, no pattern,
//! table or index that is not there, nothing deeper than [`MAX_DEPTH`]. So whatever it returns can run, and nobody has to walk
//! over it again. Numbers, texts and counts are those of [`codec`](crate::codec), with its law.
//!
//! What rules share is written once, in a pool before the rules, and named by its number: functions by their names, patterns by
//! their text, tables and indexes by where they are.

use std::{collections::BTreeMap, sync::Arc};

use super::bytes::Automata;
use crate::{
    codec::{Malformed, Reader, Writer},
    expr::{
        capture::Finder,
        functions::Function,
        program,
        regex::{Regex, RegexIds},
    },
    ids::{BranchId, FieldId},
    locations::Locations,
    lookup::{Index, Table},
    names::Names,
};

/// How deep values may nest in each other.
const MAX_DEPTH: usize = 1024;

/// How deep expressions may nest: one level is that of the whole.
const MAX_LEVELS: usize = program::MAX_DEPTH + 1;

/// A part of a rule set that has a byte form.
pub(crate) trait Form: Sized {
    /// Writes it.
    fn save(&self, out: &mut Saver);

    /// Reads one that a running engine can take for granted.
    ///
    /// # Errors
    /// If no saver wrote it.
    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed>;
}

/// Writes a rule set.
#[derive(Default)]
pub(crate) struct Saver {
    pub(crate) out: Writer,
    pub(crate) pools: Pools,
}

/// What the rules name by numbers.
#[derive(Default)]
pub(crate) struct Pools {
    pub(crate) functions: Pool<&'static str, &'static Function>,
    pub(crate) regexes: Pool<Box<str>, Regex>,
    pub(crate) finders: Pool<Box<str>, Finder>,
    pub(crate) tables: Pool<usize, Arc<Table>>,
    pub(crate) indexes: Pool<usize, Arc<Index>>,
}

/// Values in the order in which they were first named.
#[derive(Clone)]
pub(crate) struct Pool<K, T> {
    numbers: BTreeMap<K, usize>,
    pub(crate) values: Vec<T>,
}

impl<K, T> Default for Pool<K, T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), values: Vec::new() }
    }
}

impl<K: Ord, T: Clone> Pool<K, T> {
    /// The number of `value`, which enters the pool if nothing with its key is there.
    pub(crate) fn number(&mut self, key: K, value: &T) -> usize {
        *self.numbers.entry(key).or_insert_with(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        })
    }
}

/// The key of a shared value: where it is.
pub(crate) fn place<T>(shared: &Arc<T>) -> usize {
    Arc::as_ptr(shared).addr()
}

/// Reads a rule set.
pub(crate) struct Loader<'b> {
    pub(crate) bytes: Reader<'b>,
    pub(crate) automata: Automata,
    pub(crate) names: Names,
    pub(crate) ids: RegexIds,
    pub(crate) functions: Vec<&'static Function>,
    pub(crate) regexes: Vec<Regex>,
    pub(crate) finders: Vec<Finder>,
    pub(crate) tables: Vec<Arc<Table>>,
    pub(crate) indexes: Vec<Arc<Index>>,
    /// How many terms the rules share; none while these are read.
    pub(crate) terms: usize,
    /// The database that the operator gave to this process.
    pub(crate) locations: Option<Locations>,
    /// How deep the value lies that is being read.
    pub(crate) depth: usize,
    /// The same, counted as running it counts.
    pub(crate) levels: usize,
}

impl Loader<'_> {
    /// Reads what may hold itself.
    pub(crate) fn nested<T>(
        &mut self,
        load: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        if self.depth == MAX_DEPTH {
            return Err(Malformed::new("values nest too deep"));
        }
        self.depth += 1;
        let loaded = load(self);
        self.depth -= 1;
        loaded
    }

    /// Reads what is evaluated by recursion, `levels` deeper than what surrounds it.
    pub(crate) fn level<T>(
        &mut self,
        levels: usize,
        load: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        self.levels += levels;
        check(self.levels <= MAX_LEVELS, "an expression nests too deep")?;
        let loaded = self.nested(load);
        self.levels -= levels;
        loaded
    }

    /// Reads what is evaluated on a stack of its own.
    pub(crate) fn apart<T>(
        &mut self,
        load: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let levels = std::mem::take(&mut self.levels);
        let loaded = load(self);
        self.levels = levels;
        loaded
    }

    /// A member of a pool, by its number.
    pub(crate) fn shared<T: Clone>(
        &mut self,
        pool: impl FnOnce(&Self) -> &[T],
    ) -> Result<T, Malformed> {
        let number = usize::load(self)?;
        let found = pool(self).get(number).cloned();
        found.ok_or(Malformed::new("a number names nothing"))
    }
}

/// An error unless `holds`.
pub(crate) fn check(holds: bool, found: &'static str) -> Result<(), Malformed> {
    if holds { Ok(()) } else { Err(Malformed::new(found)) }
}

/// The forms of structs and enums of public parts: each part is written after the other, and of an enum first the number of its
/// variant. A part that is added without being written does not compile. A function behind `if` says whether what was read can
/// be run.
macro_rules! forms {
    () => {};
    (struct $type:path { $($part:ident),* $(,)? } $(if $holds:path)?; $($rest:tt)*) => {
        impl Form for $type {
            fn save(&self, _out: &mut Saver) {
                let Self { $($part),* } = self;
                $($part.save(_out);)*
            }

            fn load(_from: &mut Loader<'_>) -> Result<Self, Malformed> {
                let loaded = Self { $($part: Form::load(_from)?),* };
                $(check($holds(&loaded), concat!("the parts of a `", stringify!($type), "` do not fit"))?;)?
                Ok(loaded)
            }
        }
        forms! { $($rest)* }
    };
    (enum $type:path { $($number:literal $variant:ident $(($($item:ident),*))? $({ $($part:ident),* })?),* $(,)? } $(if $holds:path)?; $($rest:tt)*) => {
        impl Form for $type {
            fn save(&self, out: &mut Saver) {
                match self {
                    $(Self::$variant $(($($item),*))? $({ $($part),* })? => {
                        out.out.byte($number);
                        $($($item.save(out);)*)?
                        $($($part.save(out);)*)?
                    })*
                }
            }

            fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
                let loaded = match from.bytes.byte()? {
                    $($number => Self::$variant
                        $(($({ let $item = Form::load(from)?; $item }),*))?
                        $({ $($part: Form::load(from)?),* })?,)*
                    _ => return Err(Malformed::new("a variant is none of those that there are")),
                };
                $(check($holds(&loaded), concat!("a `", stringify!($type), "` cannot be"))?;)?
                Ok(loaded)
            }
        }
        forms! { $($rest)* }
    };
}
pub(crate) use forms;

/// The forms of what the codec writes as it is.
macro_rules! plain_forms {
    ($($type:ty: $write:ident, $read:ident;)*) => {$(
        impl Form for $type {
            fn save(&self, out: &mut Saver) {
                out.out.$write(*self);
            }

            fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
                from.bytes.$read()
            }
        }
    )*};
}

plain_forms! {
    bool: flag, flag;
    u64: number, number;
    i64: integer, integer;
    f64: double, double;
}

/// The forms of numbers that are written wider than they are.
macro_rules! narrow_forms {
    ($($type:ty as $wide:ty;)*) => {$(
        impl Form for $type {
            fn save(&self, out: &mut Saver) {
                <$wide>::try_from(*self).expect("it is wide enough").save(out);
            }

            fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
                let wide = <$wide>::load(from)?;
                wide.try_into().map_err(|_| Malformed::new("a number is too large"))
            }
        }
    )*};
}

narrow_forms! {
    usize as u64;
    u32 as u64;
    i32 as i64;
    char as u32;
}

impl Form for FieldId {
    fn save(&self, out: &mut Saver) {
        self.index().save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let index = usize::load(from)?;
        check(index < from.names.len(), "a field has no name")?;
        Ok(Self::new(index))
    }
}

impl Form for BranchId {
    fn save(&self, out: &mut Saver) {
        self.index().save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let index = u32::load(from)?;
        usize::try_from(index).map(Self::new).map_err(|_| Malformed::new("a branch has no place"))
    }
}

impl Form for Box<[u8]> {
    fn save(&self, out: &mut Saver) {
        out.out.text(self);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.bytes.text().map(Into::into)
    }
}

impl Form for String {
    fn save(&self, out: &mut Saver) {
        out.out.text(self.as_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(from.bytes.text()?);
        text.map(Into::into).map_err(|_| Malformed::new("a text is not UTF-8"))
    }
}

impl Form for Box<str> {
    fn save(&self, out: &mut Saver) {
        out.out.text(self.as_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        String::load(from).map(Into::into)
    }
}

impl<T: Form> Form for Option<T> {
    fn save(&self, out: &mut Saver) {
        self.is_some().save(out);
        self.iter().for_each(|value| value.save(out));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        if bool::load(from)? { T::load(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Form> Form for Box<T> {
    fn save(&self, out: &mut Saver) {
        (**self).save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        from.nested(T::load).map(Self::new)
    }
}

/// The most room that is made for a list before its items are there.
const RESERVED_ITEMS: usize = 64;

impl<T: Form> Form for Vec<T> {
    fn save(&self, out: &mut Saver) {
        out.out.count(self.len());
        self.iter().for_each(|value| value.save(out));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        // Each item takes a byte at least.
        let count = from.bytes.count(1)?;
        from.nested(|from| {
            let mut values = Self::with_capacity(count.min(RESERVED_ITEMS));
            for _ in 0..count {
                values.push(T::load(from)?);
            }
            Ok(values)
        })
    }
}

impl<T: Form> Form for Box<[T]> {
    fn save(&self, out: &mut Saver) {
        out.out.count(self.len());
        self.iter().for_each(|value| value.save(out));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        Vec::load(from).map(Into::into)
    }
}

impl<A: Form, B: Form> Form for (A, B) {
    fn save(&self, out: &mut Saver) {
        self.0.save(out);
        self.1.save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        Ok((A::load(from)?, B::load(from)?))
    }
}
