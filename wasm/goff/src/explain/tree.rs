//! A query as comparisons under `and`, `or` and `not`: which of them were come to, and what would have to differ.

use super::json::{Object, quoted};

/// A query.
#[derive(Debug)]
pub enum Tree {
    Comparison(Comparison),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    /// What could not be read: the query is false when it comes to it.
    Faulty,
}

/// A part of a query that is not taken apart.
#[derive(Debug)]
pub struct Comparison {
    /// As the query has it.
    pub text: String,
    /// What it reads, and what was there, as JSON.
    pub operands: Vec<(String, String)>,
    /// Whether it holds; none where it makes the query fail.
    pub holds: Option<bool>,
}

/// Comparisons that are shown, and looked at for what would have to differ.
pub const MAX_COMPARISONS: usize = 256;

/// The query came to a fault.
struct Fault;

/// The fewest comparisons that would have to come out differently, and how; none where nothing would do.
type Differences<'t> = Option<Vec<&'t Comparison>>;

impl Tree {
    /// The comparisons that decide, in the order in which they are come to.
    pub fn trace(&self) -> Vec<&Comparison> {
        let mut visited = Vec::new();
        let _ = self.visit(&mut visited);
        visited
    }

    /// Whether the comparisons alone make it match.
    pub fn matches(&self) -> bool {
        self.visit(&mut Vec::new()).unwrap_or(false)
    }

    fn visit<'t>(&'t self, visited: &mut Vec<&'t Comparison>) -> Result<bool, Fault> {
        match self {
            Self::Comparison(comparison) => {
                visited.push(comparison);
                comparison.holds.ok_or(Fault)
            }
            Self::Not(tree) => tree.visit(visited).map(|holds| !holds),
            Self::All(trees) => Self::visit_until(trees, false, visited),
            Self::Any(trees) => Self::visit_until(trees, true, visited),
            Self::Faulty => Err(Fault),
        }
    }

    fn visit_until<'t>(
        trees: &'t [Self],
        decisive: bool,
        visited: &mut Vec<&'t Comparison>,
    ) -> Result<bool, Fault> {
        for tree in trees {
            if tree.visit(visited)? == decisive {
                return Ok(decisive);
            }
        }
        Ok(!decisive)
    }

    /// What would have to differ for the query to come out as `wanted`, as JSON strings.
    pub fn differences(&self, wanted: bool) -> Vec<String> {
        if self.size() > MAX_COMPARISONS {
            return Vec::new();
        }
        let differ = self.need(wanted).unwrap_or_default();
        let say = |comparison: &Comparison| match comparison.holds {
            Some(true) => quoted(&format!("not ({})", comparison.text)),
            _ => quoted(&comparison.text),
        };
        differ.into_iter().map(say).collect()
    }

    fn size(&self) -> usize {
        match self {
            Self::Comparison(_) | Self::Faulty => 1,
            Self::Not(tree) => tree.size(),
            Self::All(trees) | Self::Any(trees) => trees.iter().map(Self::size).sum(),
        }
    }

    fn need(&self, wanted: bool) -> Differences<'_> {
        match (self, wanted) {
            (Self::Comparison(comparison), _) => match comparison.holds {
                Some(holds) if holds == wanted => Some(Vec::new()),
                _ => Some(vec![comparison]),
            },
            (Self::Faulty, true) => None,
            (Self::Faulty, false) => Some(Vec::new()),
            (Self::Not(tree), _) => tree.need(!wanted),
            (Self::All(trees), true) | (Self::Any(trees), false) => {
                let needs: Option<Vec<_>> = trees.iter().map(|tree| tree.need(wanted)).collect();
                Some(needs?.concat())
            }
            (Self::All(trees), false) | (Self::Any(trees), true) => {
                trees.iter().filter_map(|tree| tree.need(wanted)).min_by_key(Vec::len)
            }
        }
    }
}

impl Comparison {
    /// As JSON.
    pub fn to_json(&self) -> String {
        let operand = |(name, value): &(String, String)| {
            Object::default().text("attribute", name).json("value", value).finish()
        };
        let operands: Vec<_> = self.operands.iter().map(operand).collect();
        let object = Object::default().text("comparison", &self.text).list("operands", &operands);
        match self.holds {
            Some(holds) => object.json("holds", if holds { "true" } else { "false" }),
            None => object.json("holds", "false").text("fault", "it makes the whole query false"),
        }
        .finish()
    }
}
