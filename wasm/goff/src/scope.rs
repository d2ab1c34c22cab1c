//! What rules see: the caller's attributes, the service's enrichment over them, and three injected keys.

use pennon_wire::{Context, Map, Name, Value};

/// The attributes of one evaluation (reference 3.2).
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The caller's context.
    context: Context<'a>,
    /// `evaluationContextEnrichment`: its members win over the caller's.
    enrichment: Option<Map<'a>>,
}

/// A top-level attribute that a rule reads, resolved as far as it can be without a context.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// `key` and `targetingKey`: always the targeting key, never a caller's attribute.
    TargetingKey,
    /// `anonymous`: true only where the attribute is the boolean true.
    Anonymous(Name),
    /// Any other.
    Named(Name),
}

impl Attribute {
    /// The attribute of this name.
    pub fn new(name: &str) -> Self {
        match name {
            "key" | "targetingKey" => Self::TargetingKey,
            "anonymous" => Self::Anonymous(Name::new(name)),
            _ => Self::Named(Name::new(name)),
        }
    }

    /// The name under which a context holds it.
    pub fn name(&self) -> &str {
        match self {
            Self::TargetingKey => "targetingKey",
            Self::Anonymous(name) | Self::Named(name) => name.as_str(),
        }
    }
}

impl<'a> Scope<'a> {
    /// The scope of an evaluation of `context` under `enrichment`.
    #[inline]
    pub fn new(context: Context<'a>, enrichment: Option<Map<'a>>) -> Self {
        Self { context, enrichment }
    }

    /// The targeting key, empty where there is none.
    #[inline]
    pub fn targeting_key(&self) -> &'a [u8] {
        self.context.targeting_key().unwrap_or_default()
    }

    /// What a rule sees under `attribute`; numbers are as the context wrote them.
    #[inline]
    pub fn get(&self, attribute: &Attribute) -> Option<Value<'a>> {
        match attribute {
            Attribute::TargetingKey => Some(Value::String(self.targeting_key())),
            Attribute::Anonymous(name) => {
                Some(Value::Bool(matches!(&self.merged(name), Some((Value::Bool(true), _)))))
            }
            Attribute::Named(name) => self.merged(name).map(|(value, _)| value),
        }
    }

    /// The attribute under its plain name, without the injected keys, and whether the enrichment gave it.
    #[inline]
    pub fn merged(&self, name: &Name) -> Option<(Value<'a>, bool)> {
        if let Some(value) = self.enrichment.and_then(|enrichment| enrichment.get(name)) {
            return Some((value, true));
        }
        self.own(name).map(|value| (value, false))
    }

    /// Whether the enrichment has an attribute of this name.
    #[inline]
    pub fn enriches(&self, name: &Name) -> bool {
        self.enrichment.is_some_and(|enrichment| enrichment.get(name).is_some())
    }

    /// The caller's own attribute, without enrichment.
    #[inline]
    pub fn own(&self, name: &Name) -> Option<Value<'a>> {
        self.context.attributes().get(name)
    }

    /// Everything that rules see, in no particular order: for rules that ask for the whole of it.
    pub fn all(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        const INJECTED: [&[u8]; 3] = [b"key", b"targetingKey", b"anonymous"];
        let enrichment = self.enrichment;
        let injected = [
            (b"key".as_slice(), Value::String(self.targeting_key())),
            (b"targetingKey".as_slice(), Value::String(self.targeting_key())),
            (
                b"anonymous".as_slice(),
                self.get(&Attribute::Anonymous(Name::new("anonymous"))).unwrap_or_default(),
            ),
        ];
        let own =
            self.context.attributes().iter().filter(move |(name, _)| {
                enrichment.is_none_or(|enrichment| enrichment.get_text(name).is_none())
            });
        let enriched = enrichment.into_iter().flat_map(|enrichment| enrichment.iter());
        own.chain(enriched).filter(|(name, _)| !INJECTED.contains(name)).chain(injected)
    }
}
