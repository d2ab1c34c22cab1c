//! The expressions of filters, evaluated.
//!
//! Nothing is short-circuited, as in the library: what the right side of an `||` raises is raised even if the left is true.

use super::compare;
use super::expression::{Call, Comparison, Expression, Operator, PatternCall, Query};
use super::tree::{Kind, Tree};
use super::walk::{Run, Walk};
use super::{Exception, Raised, pattern};

/// What an expression is evaluated for.
pub struct Scope<'a, T> {
    /// `@`
    pub current: &'a T,
    /// `$`
    pub root: &'a T,
    pub run: &'a Run<'a>,
}

impl<T> Clone for Scope<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Scope<'_, T> {}

/// What an expression gives.
#[derive(Clone, Debug)]
pub enum Operand<'a, T> {
    /// No value, which `==` takes for the same as no node.
    Nothing,
    /// The nodes of a query: how many, and the first.
    Nodes(usize, Option<T>),
    /// A value of the data.
    Item(T),
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
}

impl<T: Tree> Operand<'_, T> {
    /// What it is, if it is one value.
    pub fn kind(&self) -> Option<Kind<'_>> {
        Some(match self {
            Self::Nothing => return None,
            Self::Nodes(count, node) => return node.as_ref().filter(|_| *count == 1).map(T::kind),
            Self::Item(item) => item.kind(),
            Self::Null => Kind::Null,
            Self::Bool(value) => Kind::Bool(*value),
            Self::Number(value) => Kind::Float(*value),
            Self::Text(text) => Kind::Text(text),
        })
    }

    /// The value of the data that it is, if it is one.
    pub fn item(&self) -> Option<&T> {
        match self {
            Self::Item(item) | Self::Nodes(1, Some(item)) => Some(item),
            _ => None,
        }
    }

    /// The text that it is, if it is one.
    fn text(&self) -> Option<&str> {
        match self.kind() {
            Some(Kind::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Self::Nodes(count, _) => *count > 0,
            other => other.kind().is_some_and(Kind::is_true),
        }
    }
}

/// Whether the expression selects `scope.current`.
pub fn holds<T: Tree>(expression: &Expression, scope: Scope<'_, T>) -> Result<bool, Raised> {
    match expression {
        Expression::Not(operand) => Ok(!holds(operand, scope)?),
        Expression::All(operands) => {
            operands.iter().try_fold(true, |holding, operand| Ok(holds(operand, scope)? && holding))
        }
        Expression::Any(operands) => {
            operands.iter().try_fold(false, |holding, operand| Ok(holds(operand, scope)? || holding))
        }
        Expression::Comparison(comparison) => compared(comparison, scope),
        other => Ok(evaluate(other, scope)?.is_true()),
    }
}

fn evaluate<'a, T: Tree>(expression: &'a Expression, scope: Scope<'_, T>) -> Result<Operand<'a, T>, Raised> {
    Ok(match expression {
        Expression::Null => Operand::Null,
        Expression::Bool(value) => Operand::Bool(*value),
        Expression::Number(value) => Operand::Number(*value),
        Expression::Text(text) => Operand::Text(text),
        Expression::Relative(query) if scope.current.kind().items().is_some() => {
            nodes(query, scope.current, scope.run)?
        }
        // A scalar has no nodes below it, and is not in a list of nodes itself: `[?@]` asks for its truth.
        Expression::Relative(query) if query.segments.is_empty() => Operand::Item(scope.current.clone()),
        Expression::Relative(_) => Operand::Nodes(0, None),
        Expression::Absolute(query) => nodes(query, scope.root, scope.run)?,
        Expression::Call(call) => called(call, scope)?,
        Expression::Not(_) | Expression::All(_) | Expression::Any(_) | Expression::Comparison(_) => {
            Operand::Bool(holds(expression, scope)?)
        }
    })
}

/// All nodes, although two would do: what the last of them raises is raised.
fn nodes<'a, T: Tree>(query: &Query, root: &T, run: &Run<'_>) -> Result<Operand<'a, T>, Raised> {
    let mut walk = Walk::new(query, root.clone(), run);
    let first = walk.next()?;
    let mut count = usize::from(first.is_some());
    while walk.next()?.is_some() {
        count += 1;
    }
    Ok(Operand::Nodes(count, first))
}

fn compared<T: Tree>(comparison: &Comparison, scope: Scope<'_, T>) -> Result<bool, Raised> {
    let left = evaluate(&comparison.left, scope)?;
    let right = evaluate(&comparison.right, scope)?;
    Ok(match comparison.operator {
        Operator::Equal => compare::equal(&left, &right),
        Operator::NotEqual => !compare::equal(&left, &right),
        Operator::Less => compare::less(&left, &right),
        Operator::Greater => compare::less(&right, &left),
        Operator::LessOrEqual => compare::less(&left, &right) || compare::equal(&left, &right),
        Operator::GreaterOrEqual => compare::less(&right, &left) || compare::equal(&left, &right),
    })
}

fn called<'a, T: Tree>(call: &'a Call, scope: Scope<'_, T>) -> Result<Operand<'a, T>, Raised> {
    match call {
        Call::Length(value) => {
            let value = evaluate(value, scope)?;
            let length = match value.kind() {
                Some(Kind::Text(text)) => text.chars().count(),
                Some(Kind::List(length) | Kind::Map(length)) => length,
                _ => return Ok(Operand::Nothing),
            };
            Ok(Operand::Number(length as f64))
        }
        Call::Count(nodes) => Ok(Operand::Number(counted(nodes, scope)?.0 as f64)),
        Call::Value(nodes) => match counted(nodes, scope)? {
            (1, Some(item)) => Ok(Operand::Item(item)),
            (1, None) => Err(Raised::Exception(Exception::Attribute)),
            _ => Ok(Operand::Nothing),
        },
        Call::Pattern(call) => Ok(Operand::Bool(matched(call, scope)?)),
    }
}

/// The number of nodes and the first. The library counts whatever it is given: a text, which `@` can be, has its characters.
fn counted<T: Tree>(nodes: &Expression, scope: Scope<'_, T>) -> Result<(usize, Option<T>), Raised> {
    let operand = evaluate(nodes, scope)?;
    if let Operand::Nodes(count, first) = operand {
        return Ok((count, first));
    }
    match operand.text() {
        Some(text) => Ok((text.chars().count(), None)),
        None => Err(Raised::Exception(Exception::Argument)),
    }
}

/// Whether the text matches. What is no text, and what is no regular expression, does not.
fn matched<T: Tree>(call: &PatternCall, scope: Scope<'_, T>) -> Result<bool, Raised> {
    let text = evaluate(&call.text, scope)?;
    if let Expression::Text(_) = &call.pattern {
        let compiled = call.compiled.as_ref().zip(text.text());
        return Ok(compiled.is_some_and(|(compiled, text)| compiled.matches(text)));
    }
    let pattern = evaluate(&call.pattern, scope)?;
    let Some((text, pattern)) = text.text().zip(pattern.text()) else { return Ok(false) };
    Ok(pattern::compile(pattern, call.extent, scope.run.patterns)
        .is_some_and(|compiled| compiled.matches(text)))
}
