//! The encoded evaluation context: flat, little-endian, read in place.
//!
//! ```text
//! context := u32 length of all  u32 flags  u32 key offset  u32 key length  map
//! map     := u32 count  u32 places - 1  places * u16 entry number, or 0xffff (padded to 8 bytes)  count * entry
//! entry   := u32 hash of the name  u32 name offset  u32 name length  u32 zero  slot
//! slot    := u32 tag  u32 length  u64 payload
//! list    := count * slot
//! ```
//!
//! A map's entries are in the order in which their names were first given; no name occurs twice. Places are a hash table of entry numbers with linear
//! probing: a power of two, at least twice as many as entries, so that most names are found, or found missing, at the first
//! place looked at. Offsets count from the first byte of the
//! context. A slot's payload is the value itself (boolean, integer, the bits of a float) or the offset of its
//! text, list or map, whose bytes or members `length` counts.
//!
//! A reader of damaged bytes gets nulls and missing attributes, never a panic.

use crate::bytes;

/// Tags of a slot.
pub(crate) mod tag {
    pub const NULL: u32 = 0;
    pub const BOOL: u32 = 1;
    pub const INT: u32 = 2;
    pub const FLOAT: u32 = 3;
    pub const NUMBER: u32 = 4;
    pub const STRING: u32 = 5;
    pub const LIST: u32 = 6;
    pub const MAP: u32 = 7;
}

/// Flags of a context's header.
pub(crate) const HAS_TARGETING_KEY: u32 = 1;

pub(crate) const HEADER_BYTES: usize = 16;
pub(crate) const MAP_HEADER_BYTES: usize = 8;
pub(crate) const ENTRY_BYTES: usize = 32;
/// In a place without an entry.
pub(crate) const VACANT: u16 = u16::MAX;
pub(crate) const SLOT_BYTES: usize = 16;

/// Places of the hash table of a map with `count` entries.
pub(crate) const fn places(count: usize) -> usize {
    (count * 2).next_power_of_two()
}

/// Bytes that `places` places take, with their padding.
pub(crate) const fn places_bytes(places: usize) -> usize {
    places.div_ceil(4) * 8
}

/// The hash by which attribute names are found: FNV-1a, 32 bits.
pub const fn hash(name: &[u8]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    let mut rest = name;
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        rest = tail;
    }
    hash
}

/// An attribute name with its hash, so that looking it up computes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    hash: u32,
    literal: bytes::Literal,
}

impl Name {
    /// Takes the name and computes its hash.
    pub fn new(text: &str) -> Self {
        Self { hash: hash(text.as_bytes()), literal: bytes::Literal::new(text.as_bytes()) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.literal.as_bytes()).unwrap_or_default()
    }
}

/// A value in an encoded context. Strings are UTF-8 (the encoder takes nothing else) but handed out as bytes, because
/// most comparisons need no more.
#[derive(Clone, Copy, Debug, Default)]
pub enum Value<'a> {
    /// Null, also for what is missing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number written as an integer, in the range of 64 bits.
    Int(i64),
    /// A number written with a fraction or exponent; finite.
    Float(f64),
    /// The text of a JSON number that is neither of the above exactly.
    Number(&'a [u8]),
    /// Text, UTF-8.
    String(&'a [u8]),
    /// A list.
    List(List<'a>),
    /// A map from names to values.
    Map(Map<'a>),
}

/// An encoded context.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    bytes: &'a [u8],
}

impl<'a> Context<'a> {
    /// Reads `bytes` as an encoded context.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The targeting key: present only where the context has one and it is a string.
    #[inline]
    pub fn targeting_key(self) -> Option<&'a [u8]> {
        if u32_at(self.bytes, 4)? & HAS_TARGETING_KEY == 0 {
            return None;
        }
        text_at(self.bytes, u32_at(self.bytes, 8)?, u32_at(self.bytes, 12)?)
    }

    /// All attributes, the targeting key among them under the name `targetingKey`.
    #[inline]
    pub fn attributes(self) -> Map<'a> {
        Map { bytes: self.bytes, offset: HEADER_BYTES as u32 }
    }
}

/// A map in an encoded context.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    bytes: &'a [u8],
    offset: u32,
}

impl<'a> Map<'a> {
    /// How many members it has.
    #[inline]
    pub fn len(self) -> usize {
        let count = u32_at(self.bytes, self.offset as usize).unwrap_or(0) as usize;
        count.min(self.bytes.len())
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value of `name`, or none where the map has no such member.
    #[inline]
    pub fn get(self, name: &Name) -> Option<Value<'a>> {
        self.table()?.get(name)
    }

    /// The value of a name that is not known beforehand.
    pub fn get_text(self, name: &[u8]) -> Option<Value<'a>> {
        let table = self.table()?;
        table.find(hash(name), |text| text == name, |_, entry| table.value(entry))
    }

    /// All members.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        (0..self.len()).map_while(move |index| self.entry(index))
    }

    /// Its hash table, for who looks up more than one name.
    #[inline(always)]
    pub fn table(self) -> Option<Table<'a>> {
        let header = self.bytes.get(self.offset as usize..)?.first_chunk::<MAP_HEADER_BYTES>()?;
        let [_, _, _, _, mask @ ..] = *header;
        let mask = u32::from_le_bytes(mask);
        let start = self.offset as usize + MAP_HEADER_BYTES;
        Some(Table { bytes: self.bytes, start, mask, entries: start + places_bytes(mask as usize + 1) })
    }

    fn entry(self, index: usize) -> Option<(&'a [u8], Value<'a>)> {
        let at = self.table()?.entries.checked_add(index * ENTRY_BYTES)?;
        let entry = self.bytes.get(at..)?.first_chunk::<ENTRY_BYTES>()?;
        let name = text_at(self.bytes, word(entry, 4), word(entry, 8))?;
        Some((name, slot(self.bytes, word(entry, 16), word(entry, 20), payload(entry))))
    }
}

/// The hash table of a map.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    bytes: &'a [u8],
    /// Where the places start.
    start: usize,
    /// The number of places less one.
    mask: u32,
    /// Where the entries start.
    entries: usize,
}

impl<'a> Table<'a> {
    /// The value of `name`, or none where the map has no such member.
    #[inline(always)]
    pub fn get(self, name: &Name) -> Option<Value<'a>> {
        self.find(name.hash, |text| name.literal.equals(text), |_, entry| self.value(entry))
    }

    /// Where the value of `name` is, for [`Table::at`]; none where the map has no such member.
    #[inline]
    pub fn locate(self, name: &Name) -> Option<u32> {
        self.find(name.hash, |text| name.literal.equals(text), |at, _| at as u32)
    }

    /// The value at a place that [`Table::locate`] gave.
    #[inline]
    pub fn at(self, place: u32) -> Option<Value<'a>> {
        Some(self.value(self.bytes.get(place as usize..)?.first_chunk::<ENTRY_BYTES>()?))
    }

    #[inline(always)]
    fn value(self, entry: &[u8; ENTRY_BYTES]) -> Value<'a> {
        slot(self.bytes, word(entry, 16), word(entry, 20), payload(entry))
    }

    /// Looks at the first place, which most names need; a guest pays for every turn of a loop.
    #[inline(always)]
    fn find<T>(
        self,
        hash: u32,
        is_name: impl Fn(&[u8]) -> bool,
        of: impl Fn(usize, &[u8; ENTRY_BYTES]) -> T,
    ) -> Option<T> {
        let at = match self.look(hash & self.mask, hash, &is_name)? {
            Some((at, entry)) => return Some(of(at, entry)),
            None => self.search(hash, &is_name)?,
        };
        Some(of(at, self.bytes.get(at..)?.first_chunk()?))
    }

    /// Looks for a name at one place. None: the name is nowhere. None inside: it is not here, but may be further on.
    #[inline(always)]
    fn look(
        self,
        place: u32,
        hash: u32,
        is_name: &impl Fn(&[u8]) -> bool,
    ) -> Option<Option<(usize, &'a [u8; ENTRY_BYTES])>> {
        let number = u16_at(self.bytes, self.start + place as usize * 2)?;
        if number == VACANT {
            return None;
        }
        let at = self.entries + usize::from(number) * ENTRY_BYTES;
        let entry = self.bytes.get(at..)?.first_chunk::<ENTRY_BYTES>()?;
        if word(entry, 0) != hash || !is_name(text_at(self.bytes, word(entry, 4), word(entry, 8))?) {
            return Some(None);
        }
        Some(Some((at, entry)))
    }

    /// Looks at the places behind the first.
    #[cold]
    fn search(self, hash: u32, is_name: &dyn Fn(&[u8]) -> bool) -> Option<usize> {
        let mut place = hash & self.mask;
        // Never over all places: damaged bytes may have no vacant one.
        for _ in 0..self.mask {
            place = (place + 1) & self.mask;
            if let Some((at, _)) = self.look(place, hash, &is_name)? {
                return Some(at);
            }
        }
        None
    }
}

/// A list in an encoded context.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    bytes: &'a [u8],
    offset: u32,
    len: u32,
}

impl<'a> List<'a> {
    /// How many members it has.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The member at `index`, or none past the end.
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        if index >= self.len() {
            return None;
        }
        let start = (self.offset as usize).checked_add(index.checked_mul(SLOT_BYTES)?)?;
        let bytes = self.bytes.get(start..)?.first_chunk::<SLOT_BYTES>()?;
        let [a, b, c, d, e, f, g, h, payload @ ..] = bytes;
        Some(slot(
            self.bytes,
            u32::from_le_bytes([*a, *b, *c, *d]),
            u32::from_le_bytes([*e, *f, *g, *h]),
            u64::from_le_bytes(*payload),
        ))
    }

    /// All members in order.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}

#[inline]
fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))
}

#[inline]
fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes))
}

/// A `u32` of an entry; `offset` is a constant within it.
#[inline(always)]
fn word(entry: &[u8; ENTRY_BYTES], offset: usize) -> u32 {
    u32_at(entry, offset).unwrap_or(0)
}

/// The payload of an entry's slot, its last eight bytes.
#[inline(always)]
fn payload(entry: &[u8; ENTRY_BYTES]) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = *entry;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[inline]
fn text_at(bytes: &[u8], offset: u32, length: u32) -> Option<&[u8]> {
    bytes.get(offset as usize..)?.get(..length as usize)
}

#[inline(always)]
fn slot<'a>(bytes: &'a [u8], tag: u32, length: u32, payload: u64) -> Value<'a> {
    match tag {
        tag::BOOL => Value::Bool(payload != 0),
        tag::INT => Value::Int(payload as i64),
        tag::FLOAT => Value::Float(f64::from_bits(payload)),
        tag::NUMBER => text_at(bytes, payload as u32, length).map_or(Value::Null, Value::Number),
        tag::STRING => text_at(bytes, payload as u32, length).map_or(Value::Null, Value::String),
        tag::LIST => Value::List(List { bytes, offset: payload as u32, len: length }),
        tag::MAP => Value::Map(Map { bytes, offset: payload as u32 }),
        _ => Value::Null,
    }
}
