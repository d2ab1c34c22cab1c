//! A query of the relay's own language, taken apart for its reader.

use pennon_wire::Value;

use super::evaluate::run_alone;
use super::parser::{self, Chain, Logical, Path, Term};
use crate::explain::{Comparison, Tree, value_json};
use crate::scope::Scope;

/// The query's comparisons, each with what it finds in `scope`.
pub fn explain(text: &str, scope: &Scope<'_>) -> Tree {
    chain(&parser::parse(text).chain, text, scope)
}

/// `and` and `or` bind equally and to the left.
fn chain(chain: &Chain, text: &str, scope: &Scope<'_>) -> Tree {
    let mut tree = term(&chain.first, text, scope);
    for (logical, next) in &chain.rest {
        let next = term(next, text, scope);
        tree = match (tree, logical) {
            (Tree::All(mut trees), Logical::And) => {
                trees.push(next);
                Tree::All(trees)
            }
            (Tree::Any(mut trees), Logical::Or) => {
                trees.push(next);
                Tree::Any(trees)
            }
            (first, Logical::And) => Tree::All(vec![first, next]),
            (first, Logical::Or) => Tree::Any(vec![first, next]),
        };
    }
    tree
}

fn term(term: &Term, text: &str, scope: &Scope<'_>) -> Tree {
    match term {
        Term::Comparison(comparison) => Tree::Comparison(Comparison {
            text: text.get(comparison.start..comparison.end).unwrap_or_default().trim_end().to_owned(),
            operands: vec![operand(&comparison.path, scope)],
            holds: run_alone(comparison, scope).ok(),
        }),
        Term::Group { negated: true, chain } => Tree::Not(Box::new(self::chain(chain, text, scope))),
        // A group of its own, so that what follows it is not taken into it.
        Term::Group { negated: false, chain } => Tree::All(vec![self::chain(chain, text, scope)]),
        Term::Faulty => Tree::Faulty,
    }
}

fn operand(path: &Path, scope: &Scope<'_>) -> (String, String) {
    let mut name = path.first.name().to_owned();
    let mut value = scope.get(&path.first).unwrap_or_default();
    for segment in &path.rest {
        name.push('.');
        name.push_str(segment.as_str());
        value = match value {
            Value::Map(map) => map.get(segment).unwrap_or_default(),
            _ => Value::Null,
        };
    }
    (name, value_json(value))
}
