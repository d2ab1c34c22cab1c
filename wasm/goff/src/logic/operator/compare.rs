//! Comparisons: `==`, `===`, `<` and their kin.

use std::mem::discriminant;

use super::Operator;
use crate::logic::Fault;
use crate::logic::machine::Machine;
use crate::logic::number;
use crate::logic::value::Val;

impl<'e> Machine<'e> {
    #[inline(never)]
    pub(super) fn equality(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let count = self.first(arguments, data, &mut first)?;
        let [a, b] = first;
        let equal = count.ok_or(Fault::Argument(None))? >= 2 && self.equal(a, b)?;
        Ok(Val::Bool(equal == (operator == Operator::Equal)))
    }

    #[inline(never)]
    pub(super) fn sameness(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let count = self.first(arguments, data, &mut first)?;
        let [a, b] = first;
        let kinds = discriminant(&a) == discriminant(&b);
        let same = matches!(count, Some(2..)) && kinds && self.equal(a, b)?;
        Ok(Val::Bool(same == (operator == Operator::Same)))
    }

    #[inline(never)]
    pub(super) fn order(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 3];
        let count = self.first(arguments, data, &mut first)?;
        let [a, b, c] = first;
        let in_order = match count.ok_or(Fault::Argument(None))? {
            0 | 1 => false,
            3 => self.in_order(operator, a, b)? && self.in_order(operator, b, c)?,
            _ => self.in_order(operator, a, b)?,
        };
        Ok(Val::Bool(in_order))
    }

    fn in_order(&self, operator: Operator, a: Val<'e>, b: Val<'e>) -> Result<bool, Fault> {
        match operator {
            Operator::Less => self.less(a, b),
            Operator::Greater => self.less(b, a),
            Operator::LessOrEqual => Ok(self.less(a, b)? || self.equal(a, b)?),
            _ => Ok(self.less(b, a)? || self.equal(b, a)?),
        }
    }

    fn less(&self, a: Val<'e>, b: Val<'e>) -> Result<bool, Fault> {
        if let (Val::Text(a), Val::Text(b)) = (a, b) {
            self.budget.pass(a)?;
            return Ok(a < b);
        }
        Ok(self.coerced(a)? < self.coerced(b)?)
    }

    fn equal(&self, a: Val<'e>, b: Val<'e>) -> Result<bool, Fault> {
        match (a, b) {
            (Val::Text(a), Val::Text(b)) => {
                self.budget.pass(a)?;
                Ok(a == b)
            }
            (Val::Null, Val::Null) => Ok(true),
            (Val::Null, _) | (_, Val::Null) => Ok(false),
            _ => Ok(self.coerced(a)? == self.coerced(b)?),
        }
    }

    /// The number that comparisons take a value for, as JavaScript does but for the texts that are numbers.
    fn coerced(&self, value: Val<'e>) -> Result<f64, Fault> {
        Ok(match value {
            Val::Number(number) => number,
            Val::Null => 0.0,
            Val::Bool(value) => f64::from(u8::from(value)),
            Val::Text(text) => {
                self.budget.pass(text)?;
                let number = number::parse(text);
                if number.valid {
                    number.value
                } else if is_blank(text) {
                    0.0
                } else {
                    f64::NAN
                }
            }
            Val::List(_) | Val::Map(_) | Val::GoZero => f64::NAN,
        })
    }
}

fn is_blank(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty())
}
