//! An immutable, indexed ruleset.
//!
//! The index holds positions in the document, not copies. A new document is compared with the old one first: what they
//! share at their beginning and end keeps its index and its units, and only what lies between is parsed.

mod definition;
mod update;

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use once_cell::race::OnceBox;

pub(crate) use self::definition::Definition;
use self::definition::Part;
use super::registry::{Registry, Unit};
use crate::context;
use crate::error::Error;
use crate::options::Options;
use crate::service::{Composition, Form, Member, SegmentName, Service, Split};

/// A ruleset as evaluations see it, whole or not at all.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Shared with the snapshots that children of forks make of it.
    document: Arc<String>,
    /// Rises by one with every snapshot of a client.
    generation: u64,
    entries: Vec<Entry>,
    /// Positions in `entries` by key.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Whether the document has a key twice: the earlier entry is not kept, and would be missed if the later one went.
    has_duplicates: bool,
    /// What lies between the braces of the object of flags.
    inside: Range<u32>,
    /// The enrichment: its JSON, and encoded.
    enrichment_json: Option<Arc<str>>,
    enrichment: Arc<[u8]>,
    service: Service,
    /// How definitions are put together, where they are more than values of members.
    composition: Option<Arc<dyn Composition>>,
    /// Units of the segments.
    segments: Vec<Arc<Unit>>,
    /// The unit of all flags and segments together; it goes with the document.
    all: Arc<Unit>,
    /// The places of the flags by the order of their keys, once somebody has asked for all.
    order: OnceBox<Vec<u32>>,
}

#[derive(Clone, Debug)]
struct Entry {
    member: Member,
    unit: Arc<Unit>,
}

/// What changed between two snapshots.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Keys that were added, removed, or have another definition, sorted.
    pub keys: Vec<String>,
}

impl Snapshot {
    /// Indexes a document; with a `previous` snapshot, only what changed of it.
    ///
    /// # Errors
    /// When the document is no ruleset.
    pub(crate) fn new(
        document: String,
        form: Form,
        options: &Options,
        previous: Option<&Self>,
        registry: &Arc<Registry>,
    ) -> Result<(Self, Changes), Error> {
        if let Some(updated) = previous.and_then(|previous| previous.update(&document, registry)) {
            let (mut snapshot, changes) = updated;
            snapshot.document = Arc::new(document);
            return Ok((snapshot, changes));
        }
        let mut snapshot = Self::parse(document, form, options, registry)?;
        let Some(previous) = previous else {
            let keys = snapshot.sorted_keys();
            return Ok((snapshot, Changes { keys }));
        };
        snapshot.generation = previous.generation + 1;
        let changes = snapshot.adopt(previous);
        Ok((snapshot, changes))
    }

    fn parse(
        document: String,
        form: Form,
        options: &Options,
        registry: &Arc<Registry>,
    ) -> Result<Self, Error> {
        let service = options.service;
        let Split { members, inside, enrichment, composition } =
            service.split(&document, form, options.values).map_err(Error::InvalidRuleset)?;
        let encoded = match &enrichment {
            None => Arc::default(),
            Some(json) => context::encode_object(json)
                .map_err(|error| {
                    Error::InvalidRuleset(format!("{} cannot be used: {error}", service.enrichment_name()))
                })?
                .into(),
        };
        let unit = |member| Entry { member, unit: Arc::new(Unit::new(registry)) };
        let segments = composition.as_ref().map_or(0, |composition| composition.segments());
        let mut snapshot = Self {
            document: Arc::new(document),
            generation: 1,
            entries: members.into_iter().map(unit).collect(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            has_duplicates: false,
            inside,
            enrichment_json: enrichment.map(Into::into),
            enrichment: encoded,
            service,
            composition: composition.map(Into::into),
            segments: (0..segments).map(|_| Arc::new(Unit::new(registry))).collect(),
            all: Arc::new(Unit::new(registry)),
            order: OnceBox::new(),
        };
        snapshot.reindex();
        Ok(snapshot)
    }

    /// Makes the index anew. Of two entries with one key the later is indexed, and the earlier dropped.
    fn reindex(&mut self) {
        let mut index = HashTable::with_capacity(self.entries.len());
        let mut superseded = Vec::new();
        for (position, entry) in self.entries.iter().enumerate() {
            let key = entry.key(&self.document);
            let hash = hash(&self.hasher, key);
            let same = |other: &u32| self.key_at(*other) == key;
            let rehash = |other: &u32| self::hash(&self.hasher, self.key_at(*other));
            match index.entry(hash, same, rehash) {
                hashbrown::hash_table::Entry::Occupied(mut occupied) => {
                    superseded.push(std::mem::replace(occupied.get_mut(), position as u32));
                }
                hashbrown::hash_table::Entry::Vacant(vacant) => {
                    vacant.insert(position as u32);
                }
            }
        }
        self.index = index;
        if !superseded.is_empty() {
            self.has_duplicates = true;
            superseded.sort_unstable();
            let mut position = 0;
            self.entries.retain(|_| {
                position += 1;
                superseded.binary_search(&(position - 1)).is_err()
            });
            self.reindex();
        }
    }

    /// Takes over the units of `previous` whose definition is the same.
    fn adopt(&mut self, previous: &Self) -> Changes {
        let same_enrichment = self.enrichment == previous.enrichment;
        let (mut changed, mut adopted) = (Vec::new(), Vec::new());
        for (position, entry) in self.entries.iter().enumerate() {
            let key = entry.key(&self.document);
            let old = previous
                .position(key)
                .filter(|old| same_enrichment && self.is_same(position, previous, *old));
            match old.and_then(|old| previous.entries.get(old)) {
                Some(old) => adopted.push((position, Arc::clone(&old.unit))),
                None => changed.push(key.to_owned()),
            }
        }
        let gone = previous.entries.iter().map(|entry| entry.key(&previous.document));
        changed.extend(gone.filter(|key| self.entry(key).is_none()).map(str::to_owned));
        for (position, unit) in adopted {
            if let Some(entry) = self.entries.get_mut(position) {
                entry.unit = unit;
            }
        }
        if same_enrichment {
            self.adopt_segments(previous);
        }
        changed.sort_unstable();
        Changes { keys: changed }
    }

    /// Segments are told by their places: one that moves is loaded anew.
    fn adopt_segments(&mut self, previous: &Self) {
        let (Some(own), Some(other)) = (&self.composition, &previous.composition) else { return };
        for (number, unit) in self.segments.iter_mut().enumerate() {
            let is_same = || {
                own.segment_definition(&self.document, number)
                    == other.segment_definition(&previous.document, number)
            };
            if let Some(old) = previous.segments.get(number).filter(|_| is_same()) {
                *unit = Arc::clone(old);
            }
        }
    }

    /// Whether a flag has the same definition in two snapshots.
    fn is_same(&self, position: usize, previous: &Self, old: usize) -> bool {
        match (&self.composition, &previous.composition) {
            (Some(own), Some(other)) => {
                !own.depends_on_all(position)
                    && own.definition(&self.document, position) == other.definition(&previous.document, old)
            }
            _ => self.value(position) == previous.value(old),
        }
    }

    /// The value of a member in the document.
    fn value(&self, position: usize) -> &str {
        self.entries.get(position).map_or("", |entry| text(&self.document, &entry.member.value))
    }

    fn key_at(&self, position: u32) -> &str {
        self.entries.get(position as usize).map_or("", |entry| entry.key(&self.document))
    }

    #[inline]
    fn position(&self, key: &str) -> Option<usize> {
        let position = self.index.find(hash(&self.hasher, key), |position| self.key_at(*position) == key)?;
        Some(*position as usize)
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(self.position(key)?)
    }

    fn definition(&self, part: Part) -> Definition<'_> {
        Definition::new(self, part)
    }

    /// The unit of a key, with its definition.
    #[inline]
    pub(crate) fn find(&self, key: &str) -> Option<(&Arc<Unit>, Definition<'_>)> {
        let position = self.position(key)?;
        let entry = self.entries.get(position)?;
        Some((&entry.unit, self.definition(Part::Member(position))))
    }

    /// All units in the order of their keys: key, unit, definition.
    pub(crate) fn units(&self) -> impl Iterator<Item = (&str, &Arc<Unit>, Definition<'_>)> {
        self.places().filter_map(|(key, place)| {
            let unit = &self.entries.get(place)?.unit;
            Some((key, unit, self.definition(Part::Member(place))))
        })
    }

    /// By what the service's change stream knows it.
    pub(crate) fn stream_key(&self) -> Option<String> {
        self.composition.as_ref()?.stream_key()
    }

    /// How many segments it has.
    pub(crate) fn segments_len(&self) -> usize {
        self.segments.len()
    }

    /// Whether its service tells of segments.
    pub(crate) fn has_segments(&self) -> bool {
        self.composition.is_some()
    }

    /// The unit whose answers are those of all flags in the order of the document, then those of all segments; none where a
    /// service has no such units.
    pub(crate) fn all(&self) -> Option<(&Arc<Unit>, Definition<'_>)> {
        self.composition.as_ref().map(|_| (&self.all, self.definition(Part::All)))
    }

    /// The flags in the order of their keys, each with its place in the document.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, usize)> {
        let order = self.order.get_or_init(|| {
            let mut order: Vec<u32> = (0..self.entries.len() as u32).collect();
            order.sort_unstable_by_key(|place| self.key_at(*place));
            Box::new(order)
        });
        order.iter().map(|place| (self.key_at(*place), *place as usize))
    }

    /// All segments in the order of the document: name, unit, definition.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (SegmentName, &Arc<Unit>, Definition<'_>)> {
        self.segments.iter().enumerate().filter_map(|(number, unit)| {
            let name = self.composition.as_ref()?.segment_name(&self.document, number);
            Some((name, unit, self.definition(Part::Segment(number))))
        })
    }

    fn sorted_keys(&self) -> Vec<String> {
        self.units().map(|(key, _, _)| key.to_owned()).collect()
    }

    /// How many flags it has.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Its document.
    pub(crate) fn document(&self) -> &str {
        &self.document
    }

    /// Bytes of its document.
    pub(crate) fn bytes(&self) -> usize {
        self.document.len()
    }

    /// Its number among the client's snapshots.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// What it adds to every context, encoded; empty where it adds nothing.
    pub(crate) fn enrichment(&self) -> &[u8] {
        &self.enrichment
    }

    /// The JSON of what it adds to every context; none where it adds nothing.
    #[cfg(feature = "modules")]
    pub(crate) fn enrichment_json(&self) -> Option<&str> {
        self.enrichment_json.as_deref()
    }

    /// Whether its document is this one.
    pub(crate) fn is(&self, document: &str) -> bool {
        *self.document == document
    }

    /// The same ruleset for the child of a fork: the document is shared, units and their places are new.
    pub(crate) fn in_child(&self, registry: &Arc<Registry>) -> Self {
        let entry =
            |entry: &Entry| Entry { member: entry.member.clone(), unit: Arc::new(Unit::new(registry)) };
        Self {
            document: Arc::clone(&self.document),
            generation: self.generation,
            entries: self.entries.iter().map(entry).collect(),
            index: self.index.clone(),
            hasher: self.hasher.clone(),
            has_duplicates: self.has_duplicates,
            inside: self.inside.clone(),
            enrichment_json: self.enrichment_json.clone(),
            enrichment: Arc::clone(&self.enrichment),
            service: self.service,
            composition: self.composition.clone(),
            segments: self.segments.iter().map(|_| Arc::new(Unit::new(registry))).collect(),
            all: Arc::new(Unit::new(registry)),
            order: OnceBox::new(),
        }
    }
}

impl Member {
    fn key_in<'a>(&'a self, document: &'a str) -> &'a str {
        self.decoded.as_deref().unwrap_or_else(|| text(document, &self.key))
    }
}

impl Entry {
    #[inline]
    fn key<'a>(&'a self, document: &'a str) -> &'a str {
        self.member.key_in(document)
    }

    /// Where it starts, with the quote before its key; where its value starts if the key has escapes.
    fn outer_start(&self) -> usize {
        match self.member.decoded {
            None => (self.member.key.start as usize).saturating_sub(1),
            Some(_) => self.member.value.start as usize,
        }
    }

    fn moved(&self, shift: i64) -> Self {
        let moved = |range: &Range<u32>| {
            (i64::from(range.start) + shift) as u32..(i64::from(range.end) + shift) as u32
        };
        let Member { key, decoded, value } = &self.member;
        let member = Member { key: moved(key), decoded: decoded.clone(), value: moved(value) };
        Self { member, unit: Arc::clone(&self.unit) }
    }
}

fn text<'a>(document: &'a str, range: &Range<u32>) -> &'a str {
    document.get(range.start as usize..range.end as usize).unwrap_or_default()
}

#[inline]
fn hash(hasher: &DefaultHashBuilder, key: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(key.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str) -> Vec<String> {
        let registry = Arc::new(Registry::default());
        let options = Options::new(Service::Goff);
        let (previous, _) = Snapshot::new(old.into(), Form::Either, &options, None, &registry).unwrap();
        let (updated, changes) =
            Snapshot::new(new.into(), Form::Either, &options, Some(&previous), &registry).unwrap();
        let mut whole = Snapshot::parse(new.into(), Form::Either, &options, &registry).unwrap();
        let whole_changes = whole.adopt(&previous);
        let list = |snapshot: &Snapshot| -> Vec<(String, String)> {
            snapshot.units().map(|(key, _, value)| (key.to_owned(), value.text().into_owned())).collect()
        };
        assert_eq!(list(&updated), list(&whole), "{old} -> {new}");
        assert_eq!(changes, whole_changes, "{old} -> {new}");
        for (key, unit, _) in whole.units() {
            let (found, _) = updated.find(key).unwrap();
            let kept = previous.find(key).is_some_and(|(old, _)| Arc::ptr_eq(old, unit));
            let kept_here = previous.find(key).is_some_and(|(old, _)| Arc::ptr_eq(old, found));
            assert_eq!(kept, kept_here, "{key}: {old} -> {new}");
        }
        assert_eq!(updated.inside, whole.inside, "{old} -> {new}");
        changes.keys
    }

    #[test]
    fn an_update_is_the_same_as_a_whole_parse() {
        let documents = [
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"a":12,"b":2,"c":3}"#,
            r#"{"a":1,"b":{"x":2},"c":3}"#,
            r#"{"a":1,"c":3}"#,
            r#"{"a":1,"b":2,"bb":22,"c":3}"#,
            r#"{"a":1,"b":2}"#,
            r#"{}"#,
            r#"{"a":1}"#,
            r#"{"c":3}"#,
            r#"{"a":1,"b":2,"c":3,"a":4}"#,
            r#"{ "a":1,"b":2 ,"c":3}"#,
            r#"{"a":1,"b":"x\"","c":3}"#,
            r#"{"flags":{"a":1,"b":2,"c":3}}"#,
            r#"{"flags":{"a":1,"c":3}}"#,
            r#"{"flags":{"a":1,"b":2},"evaluationContextEnrichment":{"e":1}}"#,
            r#"{"flags":{"a":1,"b":3},"evaluationContextEnrichment":{"e":1}}"#,
            r#"{"flags":{"a":1,"b":3},"evaluationContextEnrichment":{"e":2}}"#,
            r#"{"a":1,"b\n":2,"c":3}"#,
            r#"{"a":1,"b\n":4,"c":3}"#,
            r#"{"b":2,"c":3}"#,
        ];
        for old in documents {
            for new in documents {
                check(old, new);
            }
        }
    }

    #[test]
    fn random_edits_are_the_same_as_a_whole_parse() {
        let mut state: u64 = 7;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        };
        let render = |flags: &[(u64, u64)]| {
            let flags: Vec<_> = flags.iter().map(|(k, v)| format!("\"k{k}\": {{\"v\": {v}}}")).collect();
            format!("{{{}}}", flags.join(", "))
        };
        let mut flags: Vec<(u64, u64)> = (0..8).map(|n| (n, n)).collect();
        for _ in 0..2000 {
            let old = render(&flags);
            for _ in 0..=next(2) {
                let at = next(flags.len() as u64 + 1) as usize;
                match next(3) {
                    0 if flags.len() > 1 && at < flags.len() => {
                        flags.remove(at);
                    }
                    1 if flags.len() < 12 => flags.insert(at, (next(30), next(5))),
                    _ => flags.iter_mut().skip(at).take(1).for_each(|flag| flag.1 = next(50)),
                }
            }
            check(&old, &render(&flags));
        }
    }

    #[test]
    fn one_changed_flag_is_the_only_change() {
        assert_eq!(check(r#"{"a":{"x":1},"b":{"x":2}}"#, r#"{"a":{"x":1},"b":{"x":3}}"#), ["b"]);
        assert_eq!(check(r#"{"a":{"x":1},"b":{"x":2}}"#, r#"{"a":{"x":1}}"#), ["b"]);
    }
}
