//! Who is evaluated: the identity and its traits, as a context gives them (the vendor's OpenFeature provider: reference 4.3).

use std::cell::Cell;

use pennon_wire::{Context, Map, Name, Table, Value as Raw};

use crate::value::{Raised, Value};

/// The attribute whose members are traits, before the other attributes.
const NESTED: &str = "traits";

/// Attributes that are no traits.
const NO_TRAITS: [&str; 3] = [NESTED, "transient", "targetingKey"];

/// The name of a trait.
#[derive(Clone, Debug)]
pub struct TraitName {
    name: Name,
    /// Whether an attribute of this name is a trait.
    is_attribute: bool,
    /// Where an evaluation keeps its value; [`MEMOS`] of one that it does not keep.
    memo: u8,
}

/// Traits whose values an evaluation keeps.
pub const MEMOS: u8 = 8;

impl TraitName {
    /// Takes the name.
    pub fn new(name: &str) -> Self {
        Self { name: Name::new(name), is_attribute: !NO_TRAITS.contains(&name), memo: MEMOS }
    }

    /// Gives it a place for its value, below [`MEMOS`]: whatever has the same name has the same place.
    pub fn set_memo(&mut self, memo: u8) {
        self.memo = memo;
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        self.name.as_str()
    }
}

/// Names that every evaluation looks for, made once.
#[derive(Debug)]
pub struct Names {
    nested: Name,
}

impl Default for Names {
    fn default() -> Self {
        Self { nested: Name::new(NESTED) }
    }
}

/// An identity.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Its identifier.
    pub identifier: &'a [u8],
    /// Its key in two parts: what the environment begins it with, and what comes behind.
    pub key: [&'a [u8]; 2],
}

/// What a flag is evaluated for.
#[derive(Debug)]
pub struct Scope<'a> {
    /// None where nobody is asked about.
    pub identity: Option<Identity<'a>>,
    attributes: Option<Map<'a>>,
    table: Option<Table<'a>>,
    nested: Option<Map<'a>>,
    /// Whether Python would have raised.
    raised: Cell<bool>,
    /// Where traits are among the attributes: [`UNKNOWN`], [`ABSENT`], or a place behind these.
    memos: [Cell<u32>; MEMOS as usize],
}

/// Nobody has looked for it.
const UNKNOWN: u32 = 0;

/// It is nowhere.
const ABSENT: u32 = 1;

/// The attribute `traits` is no object.
#[derive(Clone, Copy, Debug)]
pub struct NoTraits;

impl<'a> Scope<'a> {
    /// Reads an identity and its traits from a context. `prefix` is what the identity's key begins with.
    #[inline]
    pub fn new(
        context: Context<'a>,
        identifier: &'a [u8],
        prefix: &'a [u8],
        names: &Names,
    ) -> Result<Self, NoTraits> {
        let attributes = context.attributes();
        let table = attributes.table();
        let nested = match table.and_then(|table| table.get(&names.nested)) {
            None => None,
            Some(Raw::Map(map)) => Some(map),
            Some(_) => return Err(NoTraits),
        };
        let identity = Some(Identity { identifier, key: [prefix, identifier] });
        Ok(Self { attributes: Some(attributes), table, ..Self::of_engine(identity, nested) })
    }

    /// With traits from an object of their own, or without any, for whoever has the engine's own context.
    pub fn of_engine(identity: Option<Identity<'a>>, traits: Option<Map<'a>>) -> Self {
        Self {
            identity,
            attributes: None,
            table: None,
            nested: traits,
            raised: Cell::new(false),
            memos: [const { Cell::new(UNKNOWN) }; MEMOS as usize],
        }
    }

    /// Keeps that Python would have raised, where we go on.
    #[cold]
    pub fn raise(&self) {
        self.raised.set(true);
    }

    /// Whether Python would have raised since the last question.
    #[inline]
    pub fn take_raised(&self) -> bool {
        self.raised.replace(false)
    }

    /// A trait as it was given; none where it is not there.
    #[inline]
    pub fn raw(&self, name: &TraitName) -> Option<Raw<'a>> {
        if let Some(nested) = self.nested
            && let Some(value) = nested.get(&name.name)
        {
            return Some(value);
        }
        let table = self.table.filter(|_| name.is_attribute)?;
        let Some(memo) = self.memos.get(usize::from(name.memo)) else { return table.get(&name.name) };
        if memo.get() == UNKNOWN {
            memo.set(table.locate(&name.name).map_or(ABSENT, |place| place + ABSENT + 1));
        }
        table.at(memo.get().checked_sub(ABSENT + 1)?)
    }

    /// A trait's value without its envelope, `{"value": ...}`. An object without `value` raises.
    #[inline]
    pub fn plain(&self, name: &TraitName) -> Result<Raw<'a>, Raised> {
        open(self.raw(name).unwrap_or_default())
    }

    /// A trait as conditions see it.
    #[inline]
    pub fn trait_value(&self, name: &TraitName) -> Result<Value<'a>, Raised> {
        Value::of(self.plain(name)?)
    }

    /// All traits: the attributes that are traits, then those of `traits`; of two with one name the value of the latter.
    pub fn traits(&self) -> Vec<(&'a [u8], Raw<'a>)> {
        let mut traits: Vec<(&[u8], Raw<'_>)> = Vec::new();
        let is_trait = |name: &[u8]| NO_TRAITS.iter().all(|other| other.as_bytes() != name);
        let flat = self.attributes.iter().flat_map(|map| map.iter()).filter(|(name, _)| is_trait(name));
        let nested = self.nested.iter().flat_map(|map| map.iter());
        for (name, value) in flat.chain(nested) {
            match traits.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = value,
                None => traits.push((name, value)),
            }
        }
        traits
    }
}

/// What is in an envelope, or the value itself.
#[inline]
pub fn open(value: Raw<'_>) -> Result<Raw<'_>, Raised> {
    match value {
        Raw::Map(envelope) => envelope.get_text(b"value").ok_or(Raised),
        value => Ok(value),
    }
}
