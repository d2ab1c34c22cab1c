//! The items of an IN condition: a set of texts (reference 2.4.1, M4).

use hashbrown::HashTable;
use pennon_wire::bytes;
use pennon_wire::context::hash;

/// A set of texts, looked up without regard to their number.
#[derive(Debug, Default)]
pub struct Texts {
    texts: HashTable<(u32, Box<[u8]>)>,
}

impl Texts {
    /// Whether a text is among them.
    #[inline]
    pub fn contains(&self, text: &[u8]) -> bool {
        let hash = hash(text);
        self.texts.find(spread(hash), |(other, known)| *other == hash && bytes::equal(known, text)).is_some()
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::default();
        for item in items {
            let text = item.as_ref().as_bytes();
            let hash = hash(text);
            if !set.contains(text) {
                set.texts.insert_unique(spread(hash), (hash, text.into()), |(hash, _)| spread(*hash));
            }
        }
        set
    }
}

/// A hash table takes its places from the low bits and its tags from the high ones.
pub fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
