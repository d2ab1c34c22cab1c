//! A snapshot made from the one before it: what both documents share at their beginning and end keeps its index and its
//! units, and only what lies between is parsed.

use std::sync::Arc;

use hashbrown::HashTable;
use once_cell::race::OnceBox;

use super::{Changes, Entry, Snapshot, hash, text};
use crate::sync::registry::{Registry, Unit};

impl Snapshot {
    /// The snapshot of a document that differs from this one's in some flags only; none where it differs otherwise. The
    /// new snapshot's document is left empty.
    pub(super) fn update(&self, document: &str, registry: &Arc<Registry>) -> Option<(Self, Changes)> {
        let shape_keys = self.service.shape_keys();
        let has_shape_key = || shape_keys.iter().any(|key| self.entry(key).is_some());
        if self.composition.is_some() || self.has_duplicates || has_shape_key() {
            return None;
        }
        let (old, new) = (self.document.as_bytes(), document.as_bytes());
        let head = common_prefix(old, new);
        let most = old.len().min(new.len()) - head;
        let tail = common_suffix(old, new).min(most);
        let shift = new.len() as i64 - old.len() as i64;
        let (inside_start, inside_end) = (self.inside.start as usize, self.inside.end as usize);
        // What differs has to lie between the braces of the object of flags.
        if head < inside_start || old.len() - tail > inside_end {
            return None;
        }
        // A value ends in the shared head only with what follows it: `1` may go on as `12`.
        let before = self.entries.partition_point(|entry| (entry.member.value.end as usize) < head);
        let first_after =
            self.entries.partition_point(|entry| entry.outer_start() < old.len() - tail).max(before);
        let middle_start = match before.checked_sub(1).and_then(|last| self.entries.get(last)) {
            Some(entry) => entry.member.value.end as usize,
            None => inside_start,
        };
        let moved = |position: usize| (position as i64 + shift) as usize;
        let middle_end = match self.entries.get(first_after) {
            Some(entry) => moved(entry.outer_start()),
            None => moved(inside_end),
        };
        // An entry whose key has escapes has no place of its own to start at.
        if self.entries.get(first_after).is_some_and(|entry| entry.member.decoded.is_some()) {
            return None;
        }
        let piece = document.get(middle_start..middle_end)?;
        let piece = trim_commas(piece, before > 0, first_after < self.entries.len())?;
        let fresh = self.service.split_members(piece, document)?;

        let (head_entries, rest) = self.entries.split_at_checked(before)?;
        let (replaced, tail_entries) = rest.split_at_checked(first_after - before)?;
        let mut changes = Vec::new();
        let mut entries = Vec::with_capacity(before + fresh.len() + tail_entries.len());
        entries.extend_from_slice(head_entries);
        for member in fresh {
            let key = member.key_in(document);
            let old = replaced.iter().find(|entry| entry.key(&self.document) == key);
            let unit = match old {
                Some(old) if text(&self.document, &old.member.value) == text(document, &member.value) => {
                    Arc::clone(&old.unit)
                }
                // The key of an entry that stays, twice in the new document; or one that may change the document's shape.
                None if self.entry(key).is_some() || shape_keys.contains(&key) => return None,
                _ => {
                    changes.push(key.to_owned());
                    Arc::new(Unit::new(registry))
                }
            };
            entries.push(Entry { member, unit });
        }
        let fresh_count = entries.len() - before;
        let mut keys: Vec<_> = entries.iter().skip(before).map(|entry| entry.key(document)).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return None;
        }
        entries.extend(tail_entries.iter().map(|entry| entry.moved(shift)));
        let fresh_keys = || entries.iter().skip(before).take(fresh_count).map(|entry| entry.key(document));
        let gone = replaced.iter().map(|entry| entry.key(&self.document));
        changes.extend(gone.filter(|key| fresh_keys().all(|fresh| fresh != *key)).map(str::to_owned));
        changes.sort_unstable();

        let same_keys = replaced.len() == fresh_count
            && replaced.iter().map(|entry| entry.key(&self.document)).eq(fresh_keys());
        let mut snapshot = Self {
            document: Arc::default(),
            generation: self.generation + 1,
            entries,
            index: HashTable::new(),
            hasher: self.hasher.clone(),
            has_duplicates: false,
            inside: self.inside.start..moved(inside_end) as u32,
            enrichment_json: self.enrichment_json.clone(),
            enrichment: Arc::clone(&self.enrichment),
            service: self.service,
            composition: None,
            segments: Vec::new(),
            all: Arc::clone(&self.all),
            order: OnceBox::new(),
        };
        if same_keys {
            snapshot.index = self.index.clone();
        } else {
            snapshot.index_for(document)?;
        }
        Some((snapshot, Changes { keys: changes }))
    }

    /// Makes the index for a document that is not in its place yet; none where a key occurs twice.
    fn index_for(&mut self, document: &str) -> Option<()> {
        let mut index = HashTable::with_capacity(self.entries.len());
        let key =
            |position: &u32| self.entries.get(*position as usize).map_or("", |entry| entry.key(document));
        for position in 0..self.entries.len() as u32 {
            let hash = hash(&self.hasher, key(&position));
            if index.find(hash, |other| key(other) == key(&position)).is_some() {
                return None;
            }
            index.insert_unique(hash, position, |other| self::hash(&self.hasher, key(other)));
        }
        self.index = index;
        Some(())
    }
}

/// The members in a piece between entries that stay, without the commas that join it to the one `before` and the one
/// `after`; none where a comma is missing or too many.
fn trim_commas(piece: &str, before: bool, after: bool) -> Option<&str> {
    const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    let piece = piece.trim_matches(SPACE);
    let nothing_between = if before && after { piece == "," } else { piece.is_empty() };
    if nothing_between {
        return Some("");
    }
    let piece = if before { piece.strip_prefix(',')? } else { piece };
    let piece = if after { piece.strip_suffix(',')? } else { piece };
    (!piece.trim_matches(SPACE).is_empty()).then_some(piece)
}

/// Documents are compared in blocks of this size first: a comparison of whole blocks runs at the speed of memory.
const BLOCK: usize = 4096;

/// Bytes that two documents share at their beginning.
fn common_prefix(one: &[u8], two: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(two.chunks_exact(BLOCK));
    let whole = blocks.take_while(|(a, b)| a == b).count() * BLOCK;
    let rest = one.iter().skip(whole).zip(two.iter().skip(whole));
    whole + rest.take_while(|(a, b)| a == b).count()
}

/// Bytes that two documents share at their end.
fn common_suffix(one: &[u8], two: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(two.rchunks_exact(BLOCK));
    let whole = blocks.take_while(|(a, b)| a == b).count() * BLOCK;
    let rest = one.iter().rev().skip(whole).zip(two.iter().rev().skip(whole));
    whole + rest.take_while(|(a, b)| a == b).count()
}
