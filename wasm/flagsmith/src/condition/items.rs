//! Sets of texts: the items of an IN condition, identifiers (reference 2.4.1, M4).

use hashbrown::HashTable;
use pennon_wire::bytes;
use pennon_wire::context::hash;

/// A set of texts, looked up without regard to their number.
#[derive(Debug, Default)]
pub struct Texts {
    texts: HashTable<(u64, Box<[u8]>)>,
}

impl Texts {
    /// Whether a text is among them.
    #[inline]
    pub fn contains(&self, text: &[u8]) -> bool {
        let hash = hash_of(text);
        self.texts.find(hash, |(other, known)| *other == hash && bytes::equal(known, text)).is_some()
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::default();
        for item in items {
            let text = item.as_ref().as_bytes();
            if !set.contains(text) {
                set.texts.insert_unique(hash_of(text), (hash_of(text), text.into()), |(hash, _)| *hash);
            }
        }
        set
    }
}

/// A hash for tables, which take their places from the low bits and their tags from the high ones: of two words where they
/// hold the whole text, which a guest has at once; of a longer one byte by byte.
#[inline]
pub fn hash_of(text: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let word = match text.get(text.len().saturating_sub(8)..) {
        Some(tail) if text.len() <= 16 => {
            bytes::head(text) ^ bytes::head(tail).rotate_left(29) ^ text.len() as u64
        }
        _ => hash(text).into(),
    };
    let mixed = word.wrapping_mul(ODD);
    (mixed ^ mixed >> 32).wrapping_mul(ODD)
}
