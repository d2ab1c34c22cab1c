//! What a document or a context says of a feature: its default, or what a segment or an identity has instead (reference 1.3).

use std::cmp::Ordering;

use crate::condition::Terms;
use crate::integer::Integer;
use crate::json::{Json, Kind, Node};
use crate::python::value_text;

/// In which of the two forms features and segments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The environment document of the API.
    Document,
    /// The evaluation context of the engine.
    Context,
}

/// The state of a feature, read and not compiled.
#[derive(Debug)]
pub struct Feature<'j> {
    /// By what identities are hashed for its variants.
    pub key: String,
    /// Its name.
    pub name: &'j str,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its value.
    pub value: Node<'j>,
    /// Its id, as JSON; none where it has no metadata that says one.
    pub id: Option<Node<'j>>,
    /// All of its metadata, in the engine's form.
    pub metadata: Option<Node<'j>>,
    /// In the order in which identities are laid out.
    pub variants: Vec<Variant<'j>>,
    /// Of overrides: of several the lowest wins.
    pub priority: Priority,
    /// Whether that is null where it has to be a number.
    pub has_null_priority: bool,
}

/// One of several values.
#[derive(Debug)]
pub struct Variant<'j> {
    /// Its name.
    pub key: Option<&'j str>,
    /// The value.
    pub value: Node<'j>,
    /// The percentage of identities that have it.
    pub weight: Node<'j>,
    /// Its place among them.
    pub priority: Priority,
    /// Its place in the document.
    number: usize,
}

/// A priority: the lower, the stronger.
#[derive(Clone, Debug, PartialEq)]
pub enum Priority {
    /// An integer.
    Int(Integer),
    /// Any other number.
    Float(f64),
}

impl Priority {
    /// Of what has none.
    pub const WEAKEST: Self = Self::Float(f64::INFINITY);

    fn new(node: Option<Node<'_>>) -> Self {
        match node.map(Node::kind) {
            Some(Kind::Int(value)) => Self::Int(value.clone()),
            Some(Kind::Float(value)) => Self::Float(value),
            Some(Kind::Bool(value)) => Self::Int(Integer::Small(value.into())),
            _ => Self::WEAKEST,
        }
    }

    /// Whether nothing is stronger.
    pub fn is_strongest(&self) -> bool {
        *self == Self::Float(f64::NEG_INFINITY)
    }

    /// The order of two; NaN is the same as anything.
    pub fn compare(&self, other: &Self) -> Ordering {
        let order = match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Float(b)) => a.compare_f64(*b),
            (Self::Float(a), Self::Int(b)) => b.compare_f64(*a).map(Ordering::reverse),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
        };
        order.unwrap_or(Ordering::Equal)
    }
}

impl<'j> Feature<'j> {
    /// Its variants in the order of the document.
    pub fn variants_as_written(&self) -> Vec<&Variant<'j>> {
        let mut variants: Vec<_> = self.variants.iter().collect();
        variants.sort_by_key(|variant| variant.number);
        variants
    }
}

/// A part that is not there or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl Fault {
    fn missing(field: &str) -> Self {
        Self(format!("`{field}` is missing"))
    }
}

fn need<'j>(node: Node<'j>, field: &str) -> Result<Node<'j>, Fault> {
    node.get(field).ok_or_else(|| Fault::missing(field))
}

fn is_null(node: Option<Node<'_>>) -> bool {
    node.is_some_and(Node::is_null)
}

fn truthy<'j>(node: Node<'j>, field: &str) -> Option<Node<'j>> {
    node.get(field).filter(|value| value.is_truthy())
}

impl Form {
    /// How the states are called that a segment has instead.
    pub fn overrides(self) -> &'static str {
        if self == Self::Document { "feature_states" } else { "overrides" }
    }

    /// The name of a feature.
    pub fn name<'j>(self, node: Node<'j>) -> Option<&'j str> {
        let named = if self == Self::Document { node.get("feature")? } else { node };
        named.get("name")?.text()
    }

    /// Reads a state.
    ///
    /// # Errors
    /// With the part for which the vendor's client refuses the whole document.
    pub fn read(self, node: Node<'_>) -> Result<Feature<'_>, Fault> {
        let mut feature = match self {
            Self::Document => document(node)?,
            Self::Context => context(node)?,
        };
        // Stable: of two with one priority the earlier comes first.
        feature.variants.sort_by(|a, b| a.priority.compare(&b.priority));
        Ok(feature)
    }
}

impl Form {
    /// Reads what an identity has of its own: no more than four fields (reference 1.3, M11).
    ///
    /// # Errors
    /// With the field for which the vendor's client refuses the whole document.
    pub fn read_identity(self, node: Node<'_>) -> Result<Feature<'_>, Fault> {
        let feature = need(node, "feature")?;
        let scalar = |field: &str, value: Node<'_>| match value.kind() {
            Kind::List | Kind::Map => Err(Fault(format!("`{field}` is a list or an object"))),
            _ => Ok(()),
        };
        let (enabled, value) = (need(node, "enabled")?, need(node, "feature_state_value")?);
        let id = feature.get("id").ok_or_else(|| Fault::missing("feature.id"))?;
        scalar("enabled", enabled)?;
        scalar("feature_state_value", value)?;
        scalar("feature.id", id)?;
        Ok(Feature {
            key: String::new(),
            name: self.name(node).ok_or_else(|| Fault::missing("feature.name"))?,
            enabled: enabled.is_truthy(),
            value,
            id: Some(id),
            metadata: None,
            variants: Vec::new(),
            priority: Priority::Float(f64::NEG_INFINITY),
            has_null_priority: false,
        })
    }
}

fn document(node: Node<'_>) -> Result<Feature<'_>, Fault> {
    let feature = need(node, "feature")?;
    let id = feature.get("id").ok_or_else(|| Fault::missing("feature.id"))?;
    let key = match truthy(node, "django_id") {
        Some(id) => id,
        None => need(node, "featurestate_uuid")?,
    };
    let variants = truthy(node, "multivariate_feature_state_values");
    let priority = match truthy(node, "feature_segment") {
        Some(segment) => {
            Some(segment.get("priority").ok_or_else(|| Fault::missing("feature_segment.priority"))?)
        }
        None => None,
    };
    Ok(Feature {
        key: value_text(key),
        name: Form::Document.name(node).ok_or_else(|| Fault::missing("feature.name"))?,
        enabled: need(node, "enabled")?.is_truthy(),
        value: need(node, "feature_state_value")?,
        id: Some(id),
        metadata: None,
        variants: variants
            .iter()
            .flat_map(|list| list.items())
            .enumerate()
            .map(document_variant)
            .collect::<Result<_, _>>()?,
        has_null_priority: is_null(priority),
        priority: Priority::new(priority),
    })
}

fn document_variant((number, node): (usize, Node<'_>)) -> Result<Variant<'_>, Fault> {
    let option = need(node, "multivariate_feature_option")?;
    let priority = match truthy(node, "id") {
        Some(id) => Priority::new(Some(id)),
        None => Priority::Int(uuid(need(node, "mv_fs_value_uuid")?)?),
    };
    Ok(Variant {
        key: option.get("key").and_then(Node::text),
        value: option.get("value").ok_or_else(|| Fault::missing("multivariate_feature_option.value"))?,
        weight: need(node, "percentage_allocation")?,
        priority,
        number,
    })
}

/// The number that a UUID is.
fn uuid(node: Node<'_>) -> Result<Integer, Fault> {
    let text = node.text().unwrap_or_default();
    // As Python: without its marks, 32 hexadecimal digits have to be left.
    let digits = text.replace("urn:", "").replace("uuid:", "");
    let digits = digits.trim_matches(['{', '}']).replace('-', "");
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let number = number.and_then(|number| Integer::parse(&number.to_string()));
    number.ok_or_else(|| Fault(format!("`mv_fs_value_uuid` is `{text}`, which is no UUID")))
}

fn context(node: Node<'_>) -> Result<Feature<'_>, Fault> {
    let metadata = truthy(node, "metadata");
    let variant = |(number, node)| {
        Ok(Variant {
            key: Node::get(node, "key").and_then(Node::text),
            value: need(node, "value")?,
            weight: need(node, "weight")?,
            priority: Priority::new(Some(need(node, "priority")?)),
            number,
        })
    };
    let variants = truthy(node, "variants");
    Ok(Feature {
        key: value_text(need(node, "key")?),
        name: Form::Context.name(node).ok_or_else(|| Fault::missing("name"))?,
        enabled: need(node, "enabled")?.is_truthy(),
        value: need(node, "value")?,
        id: metadata.and_then(|metadata| metadata.get("id")),
        metadata,
        variants: variants
            .iter()
            .flat_map(|list| list.items())
            .enumerate()
            .map(variant)
            .collect::<Result<_, _>>()?,
        has_null_priority: is_null(node.get("priority")),
        priority: Priority::new(node.get("priority")),
    })
}

/// A segment, read and not compiled.
#[derive(Debug)]
pub struct Segment<'j> {
    /// By what identities are hashed for its splits.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Node<'j>,
    /// The states that it has instead of the defaults.
    pub overrides: Vec<Node<'j>>,
    /// The segment itself.
    pub node: Node<'j>,
}

impl Form {
    /// Reads a segment.
    pub fn segment(self, node: Node<'_>) -> Segment<'_> {
        let field = |name| node.get(name).unwrap_or(node.absent());
        let overrides = field(self.overrides());
        Segment {
            key: value_text(field(if self == Self::Document { "id" } else { "key" })),
            name: value_text(field("name")),
            rules: field("rules"),
            overrides: overrides.items().collect(),
            node,
        }
    }
}

/// Identities that have the same states instead of the defaults.
#[derive(Debug)]
pub struct Group<'j> {
    /// Their identifiers.
    pub identifiers: Vec<&'j str>,
    /// The states, in the form of documents.
    pub states: Vec<Node<'j>>,
}

impl<'j> Group<'j> {
    /// Reads `{"identifiers": [...], "states": [...]}`.
    pub fn new(node: Node<'j>) -> Self {
        let items = |name| node.get(name).into_iter().flat_map(Node::items);
        Self {
            identifiers: items("identifiers").filter_map(Node::text).collect(),
            states: items("states").collect(),
        }
    }
}

/// What a guest is given of a document: see `definition` in the host's `service::flagsmith`.
#[derive(Debug)]
pub struct Definition<'j> {
    /// In which form features and segments are.
    pub form: Form,
    /// The features, in their order.
    pub features: Vec<Node<'j>>,
    /// The segments, in their order.
    pub segments: Vec<Node<'j>>,
    /// Identities with states of their own.
    pub groups: Vec<Group<'j>>,
    /// Whether it is the whole document, since what is asked for can depend on any part of it.
    pub is_whole: bool,
    /// Whether all features and segments are asked for.
    pub is_all: bool,
    /// The number of the segment that is asked for; none where a feature is.
    pub segment: Option<usize>,
    /// The characters that patterns call by their names: an object from the name to the character.
    pub characters: Option<Node<'j>>,
}

impl<'j> Definition<'j> {
    /// How its conditions are written.
    pub fn terms(&self) -> Terms<'j> {
        let property = if self.form == Form::Document { "property_" } else { "property" };
        Terms { property, characters: self.characters }
    }

    /// Reads the host's definition.
    pub fn new(json: &'j Json) -> Self {
        let root = json.root();
        let items = |name| root.get(name).into_iter().flat_map(Node::items);
        Self {
            form: Form::Document,
            features: items("features").collect(),
            segments: items("segments").collect(),
            groups: items("groups").map(Group::new).collect(),
            characters: root.get("characters"),
            is_all: root.get("all").is_some_and(Node::is_truthy),
            is_whole: root.get("whole").is_some_and(Node::is_truthy),
            segment: match root.get("segment").map(Node::kind) {
                Some(Kind::Int(Integer::Small(number))) => usize::try_from(*number).ok(),
                _ => None,
            },
        }
    }
}
