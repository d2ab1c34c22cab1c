//! Arithmetic.

use super::Operator;
use crate::logic::Fault;
use crate::logic::machine::{Given, Machine};
use crate::logic::value::Val;

impl<'e> Machine<'e> {
    /// `+` and `*`.
    #[inline(never)]
    pub(super) fn total(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let add = operator == Operator::Add;
        let mut total = if add { 0.0 } else { 1.0 };
        let given = self.arguments(arguments, data, |_, value| {
            let number = self.number(value)?;
            total = if add { total + number } else { total * number };
            Ok(())
        })?;
        Ok(Val::Number(match given {
            Given::One(value) if add => self.number(value)?,
            _ => total,
        }))
    }

    /// `-`, `/`, `max` and `min`: from the first argument on.
    #[inline(never)]
    pub(super) fn fold(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let mut result = 0.0;
        let given = self.arguments(arguments, data, |index, value| {
            let number = self.number(value)?;
            result = match operator {
                _ if index == 0 => number,
                Operator::Subtract => result - number,
                Operator::Divide => result / number,
                Operator::Max if number > result => number,
                Operator::Min if result > number => number,
                _ => result,
            };
            Ok(())
        })?;
        Ok(match (given, operator) {
            (Given::List(1), Operator::Subtract) => Val::Number(-result),
            (Given::List(1..), _) => Val::Number(result),
            (_, Operator::Subtract | Operator::Divide) => Val::GoZero,
            _ => Val::Null,
        })
    }

    #[inline(never)]
    pub(super) fn remainder(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let Some(2..) = self.first(arguments, data, &mut first)? else { return Err(Fault::Argument(None)) };
        let [a, b] = first;
        Ok(Val::Number(self.number(a)? % self.number(b)?))
    }

    #[inline(never)]
    pub(super) fn abs(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Number(0.0)];
        self.first(arguments, data, &mut first)?;
        let [first] = first;
        Ok(Val::Number(self.number(first)?.abs()))
    }
}
