//! Membership: `in`, `contains_all`, `contains_any`, `contains_none`.

use std::mem::discriminant;

use super::Operator;
use crate::logic::Fault;
use crate::logic::machine::Machine;
use crate::logic::value::{List, Val};

/// Byte comparisons up to which a text is searched by the plain way, which needs no check of UTF-8.
const PLAIN_SEARCH: usize = 1024;

impl<'e> Machine<'e> {
    #[inline(never)]
    pub(super) fn is_in(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let Some(1..) = self.first(arguments, data, &mut first)? else { return Err(Fault::Argument(None)) };
        let [needle, place] = first;
        Ok(Val::Bool(match (place, needle) {
            (Val::Text(place), Val::Text(needle)) => self.is_within(needle, place)?,
            (Val::Text(_), _) => return Err(Fault::Argument(None)),
            (Val::List(List::Rule(items)), Val::Text(text)) => match items.has_text(text) {
                Some(found) => found,
                None => self.is_among(needle, List::Rule(items))?,
            },
            (Val::List(list), _) => self.is_among(needle, list)?,
            _ => false,
        }))
    }

    fn is_within(&self, needle: &[u8], place: &[u8]) -> Result<bool, Fault> {
        // A search passes over a text more slowly than a comparison.
        self.budget.step(place.len() / 16)?;
        if needle.len() > place.len() {
            return Ok(false);
        }
        if needle.is_empty() {
            return Ok(true);
        }
        if needle.len() * place.len() <= PLAIN_SEARCH {
            return Ok(place.windows(needle.len()).any(|window| window == needle));
        }
        Ok(match (std::str::from_utf8(place), std::str::from_utf8(needle)) {
            (Ok(place), Ok(needle)) => place.contains(needle),
            _ => false,
        })
    }

    fn is_among(&self, needle: Val<'e>, list: List<'e>) -> Result<bool, Fault> {
        self.budget.step(list.len() / 4)?;
        for element in list.iter() {
            let found = match (element, needle) {
                (Val::List(range), _) => self.is_between(needle, range)?,
                (_, Val::Number(needle)) => self.number(element)? == needle,
                _ => self.alike(element, needle)?,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A list within the list is a range with both its ends.
    fn is_between(&self, needle: Val<'e>, range: List<'e>) -> Result<bool, Fault> {
        let (Some(low), Some(high)) = (range.get(0), range.get(1)) else { return Err(Fault::Argument(None)) };
        let needle = self.number(needle)?;
        // The upper end may be no number where the lower one decides.
        Ok(needle >= self.number(low)? && self.number(high)? >= needle)
    }

    /// Go's `==` of two values, which panics for two lists and for two maps.
    fn alike(&self, a: Val<'e>, b: Val<'e>) -> Result<bool, Fault> {
        match (a, b) {
            (Val::Text(a), Val::Text(b)) => {
                self.budget.pass(a)?;
                Ok(a == b)
            }
            (Val::Number(a), Val::Number(b)) => Ok(a == b),
            (Val::Bool(a), Val::Bool(b)) => Ok(a == b),
            (Val::List(_), Val::List(_)) | (Val::Map(_), Val::Map(_)) => Err(Fault::Argument(None)),
            _ => Ok(discriminant(&a) == discriminant(&b)),
        }
    }

    #[inline(never)]
    pub(super) fn contains(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let count = self.first(arguments, data, &mut first)?;
        let (Some(2), [Val::List(list), Val::List(wanted)]) = (count, first) else {
            return Ok(Val::Bool(operator == Operator::ContainsNone));
        };
        let all = operator == Operator::ContainsAll;
        for value in wanted.iter() {
            self.budget.step(1 + list.len() / 4)?;
            let mut has = false;
            for own in list.iter() {
                if self.alike(own, value)? {
                    has = true;
                    break;
                }
            }
            if has != all {
                return Ok(Val::Bool(operator == Operator::ContainsAny));
            }
        }
        Ok(Val::Bool(operator != Operator::ContainsAny))
    }
}
