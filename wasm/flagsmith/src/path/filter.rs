//! The expressions of filters.
//!
//! Operators of one level are right-associative in the library, and it evaluates both sides of each, so chains of `&&` and
//! `||` are lists here: nobody can tell, and a chain of hundreds needs no stack.

use super::expression::{Call, Comparison, Expression, Operator, PatternCall};
use super::lexer::{Kind, Token};
use super::parser::Parser;
use super::{Exception, Extent, PathError, literal, pattern};

/// How tightly an operator binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Relation,
    /// No operator: what `!` is applied to.
    Operand,
}

impl Parser<'_> {
    /// The expression of a filter.
    pub fn filter(&mut self) -> Result<Expression, PathError> {
        let expression = self.expression(Level::Or)?;
        if expression.call().is_some_and(Call::gives_value) {
            return Err(PathError::Raises(Exception::Type));
        }
        if expression.is_literal() {
            return self.fail("a literal must be compared");
        }
        Ok(expression)
    }

    /// An expression of operators that bind at least as `level` does.
    fn expression(&mut self, level: Level) -> Result<Expression, PathError> {
        let first = self.operand()?;
        self.operators(first, level)
    }

    /// The rest of an expression that begins with `left`.
    fn operators(&mut self, mut left: Expression, level: Level) -> Result<Expression, PathError> {
        loop {
            let kind = self.kind();
            left = match kind {
                Kind::Or if level <= Level::Or => Expression::Any(self.chain(left, kind, Level::And)?),
                Kind::And if level <= Level::And => {
                    Expression::All(self.chain(left, kind, Level::Relation)?)
                }
                _ => match operator(kind) {
                    Some(operator) if level <= Level::Relation => self.comparison(left, operator)?,
                    _ => return Ok(left),
                },
            };
        }
    }

    fn chain(&mut self, first: Expression, sign: Kind, level: Level) -> Result<Vec<Expression>, PathError> {
        let mut expressions = vec![first];
        while self.kind() == sign {
            self.advance();
            expressions.push(self.expression(level)?);
        }
        if expressions.iter().any(Expression::is_literal) {
            return self.fail("a literal must be compared");
        }
        Ok(expressions)
    }

    /// A comparison; of several the last is the innermost, and gives a boolean.
    fn comparison(&mut self, left: Expression, operator: Operator) -> Result<Expression, PathError> {
        self.advance();
        let right = self.below(1, |parser| parser.expression(Level::Relation))?;
        if is_comparable(&left) && is_comparable(&right) {
            Ok(Expression::Comparison(Box::new(Comparison { left, operator, right })))
        } else {
            Err(PathError::Raises(Exception::Type))
        }
    }

    fn operand(&mut self) -> Result<Expression, PathError> {
        match self.kind() {
            Kind::Parenthesis => {
                self.advance();
                self.below(1, Self::group)
            }
            Kind::Not => {
                self.advance();
                let expression = self.below(1, |parser| parser.expression(Level::Operand))?;
                Ok(Expression::Not(Box::new(expression)))
            }
            _ => self.argument(),
        }
    }

    /// What is in parentheses, and the closing one.
    fn group(&mut self) -> Result<Expression, PathError> {
        let expression = self.expression(Level::Or)?;
        let kind = self.kind();
        if kind != Kind::EndParenthesis {
            // The library takes any token for an operator, and finds that it is none after the right side, whose own error
            // comes first.
            self.advance();
            self.expression(if kind == Kind::Not { Level::Operand } else { Level::Or })?;
            return self.fail("an operator or ')' is expected");
        }
        self.advance();
        Ok(expression)
    }

    /// What an argument may begin with: any operand but `!` and parentheses.
    fn argument(&mut self) -> Result<Expression, PathError> {
        let token = self.token();
        let literal = match token.kind {
            Kind::Function => return self.call(),
            Kind::Root | Kind::Current => {
                self.advance();
                let query = self.query()?;
                let is_root = token.kind == Kind::Root;
                return Ok(if is_root { Expression::Absolute(query) } else { Expression::Relative(query) });
            }
            Kind::SingleQuoted | Kind::DoubleQuoted => Expression::Text(literal::text(&token)?),
            Kind::Int => literal::int(&token)?,
            Kind::Float => literal::float(&token)?,
            Kind::True => Expression::Bool(true),
            Kind::False => Expression::Bool(false),
            Kind::Null => Expression::Null,
            _ => return self.fail("an operand is expected"),
        };
        self.advance();
        Ok(literal)
    }

    /// A call; its last argument may have a comma behind it.
    fn call(&mut self) -> Result<Expression, PathError> {
        let function = self.token();
        self.advance();
        let arguments = self.below(1, Self::arguments)?;
        Ok(Expression::Call(Box::new(self.typed(&function, arguments)?)))
    }

    /// Arguments, and the closing parenthesis.
    fn arguments(&mut self) -> Result<Vec<Expression>, PathError> {
        let mut arguments = Vec::new();
        while self.kind() != Kind::EndParenthesis {
            let first = self.argument()?;
            arguments.push(self.operators(first, Level::Or)?);
            match self.kind() {
                Kind::EndParenthesis => {}
                Kind::Comma => self.advance(),
                _ => return self.fail("',' or ')' is expected"),
            }
        }
        self.advance();
        Ok(arguments)
    }

    /// The call of a function that exists, with arguments that it takes.
    fn typed(&self, function: &Token<'_>, arguments: Vec<Expression>) -> Result<Call, PathError> {
        if !matches!(function.text, "length" | "count" | "value" | "match" | "search") {
            return Err(PathError::Raises(Exception::Name));
        }
        let mut arguments = arguments.into_iter();
        let call = match (function.text, arguments.next(), arguments.next(), arguments.next()) {
            ("length", Some(value), None, None) if is_value(&value) => Call::Length(value),
            ("count", Some(nodes), None, None) if nodes.query().is_some() => Call::Count(nodes),
            ("value", Some(nodes), None, None) if nodes.query().is_some() => Call::Value(nodes),
            ("match" | "search", Some(text), Some(pattern), None)
                if is_value(&text) && is_value(&pattern) =>
            {
                let extent = if function.text == "match" { Extent::Whole } else { Extent::Part };
                let compiled = match &pattern {
                    Expression::Text(literal) => pattern::compile(literal, extent, self.patterns),
                    _ => None,
                };
                Call::Pattern(PatternCall { extent, text, pattern, compiled })
            }
            _ => return Err(PathError::Raises(Exception::Type)),
        };
        Ok(call)
    }
}

fn operator(kind: Kind) -> Option<Operator> {
    Some(match kind {
        Kind::Equal => Operator::Equal,
        Kind::NotEqual => Operator::NotEqual,
        Kind::Less => Operator::Less,
        Kind::LessOrEqual => Operator::LessOrEqual,
        Kind::Greater => Operator::Greater,
        Kind::GreaterOrEqual => Operator::GreaterOrEqual,
        _ => return None,
    })
}

/// Whether the library compares it: anything but several nodes and what `match()` and `search()` answer.
fn is_comparable(expression: &Expression) -> bool {
    expression.query().is_none_or(|query| query.is_singular())
        && expression.call().is_none_or(Call::gives_value)
}

/// Whether it can be an argument that is a value.
fn is_value(expression: &Expression) -> bool {
    expression.is_literal()
        || expression.query().is_some_and(|query| query.is_singular())
        || expression.call().is_some_and(Call::gives_value)
}
