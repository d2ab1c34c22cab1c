//! Operators over the elements of a list: `map`, `filter`, `reduce`, `all`, `none` and `some`.

use std::cell::Cell;

use super::Operator;
use crate::logic::Fault;
use crate::logic::machine::Machine;
use crate::logic::value::{List, Map, Reduction, Val};

impl<'e> Machine<'e> {
    /// The list that an operator goes over. One that the rule writes out is taken as it is, not evaluated.
    fn subject(&self, arguments: List<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match arguments.get(0) {
            None => Err(Fault::Argument(None)),
            Some(list @ Val::List(_)) => Ok(list),
            Some(Val::Map(map)) => self.map(map, data),
            Some(_) => Ok(Val::Null),
        }
    }

    /// The elements of a subject, none where it is null.
    fn elements(&self, subject: Val<'e>) -> Result<List<'e>, Fault> {
        match subject {
            Val::Null => Ok(List::Made(&[])),
            Val::List(list) => {
                self.budget.step(list.len())?;
                Ok(list)
            }
            _ => Err(Fault::Argument(None)),
        }
    }

    /// A body, which has to be a map.
    fn body(&self, body: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match body {
            Val::Map(map) => self.map(map, data),
            _ => Err(Fault::Argument(None)),
        }
    }

    #[inline(never)]
    pub(super) fn map_list(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let Val::List(arguments) = arguments else { return Err(Fault::Argument(None)) };
        let Some(body) = arguments.get(1) else { return Ok(Val::List(List::Made(&[]))) };
        let mut results = Vec::new();
        for element in self.elements(self.subject(arguments, data)?)?.iter() {
            results.push(self.value(body, &element)?);
        }
        self.make_list(results)
    }

    #[inline(never)]
    pub(super) fn filter(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let Val::List(arguments) = arguments else { return Err(Fault::Argument(None)) };
        let Some(body) = arguments.get(1) else { return Ok(Val::List(List::Made(&[]))) };
        let subject = self.subject(arguments, data)?;
        if subject.is_null() {
            return Ok(Val::List(List::Made(&[])));
        }
        let elements = self.elements(subject)?;
        let body = self.resolved(body, data)?;
        let mut results = Vec::new();
        for element in elements.iter() {
            if self.value(body, &element)?.is_true() {
                results.push(element);
            }
        }
        self.make_list(results)
    }

    #[inline(never)]
    pub(super) fn quantify(
        &self,
        operator: Operator,
        arguments: Val<'e>,
        data: &Val<'e>,
    ) -> Result<Val<'e>, Fault> {
        let Val::List(arguments) = arguments else { return Err(Fault::Argument(None)) };
        let subject = self.subject(arguments, data)?;
        if !subject.is_true() {
            return Ok(Val::Bool(operator == Operator::None));
        }
        let body = arguments.get(1).ok_or(Fault::Argument(None))?;
        let elements = self.elements(subject)?;
        let body = self.resolved(body, data)?;
        let all = operator == Operator::All;
        for element in elements.iter() {
            if self.body(body, &element)?.is_true() != all {
                return Ok(Val::Bool(operator == Operator::Some));
            }
        }
        Ok(Val::Bool(operator != Operator::Some))
    }

    #[inline(never)]
    pub(super) fn reduce(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let Val::List(arguments) = arguments else { return Err(Fault::Argument(None)) };
        let (Some(body), Some(initial)) = (arguments.get(1), arguments.get(2)) else {
            return Ok(Val::Number(0.0));
        };
        let initial = match initial {
            Val::Map(map) => self.map(map, data)?,
            value => value,
        };
        let kind = match initial {
            Val::Bool(_) => "bool",
            Val::Number(_) => "number",
            Val::Text(_) => "string",
            _ => return Err(Fault::Argument(None)),
        };
        let subject = self.subject(arguments, data)?;
        if subject.is_null() {
            return Ok(Val::Number(0.0));
        }
        let (current, accumulator) = (Cell::new(Val::Number(0.0)), Cell::new(initial));
        let reduction = self.make_reduction(Reduction { current, accumulator, kind })?;
        let Some(reduction) = reduction else { return Ok(initial) };
        for element in self.elements(subject)?.iter().filter(|element| !element.is_null()) {
            reduction.current.set(element);
            let result = self.body(body, &Val::Map(Map::Reduction(reduction)))?;
            reduction.accumulator.set(match initial {
                Val::Bool(_) => Val::Bool(result.is_true()),
                Val::Number(_) => Val::Number(self.number(result)?),
                _ => Val::Text(self.text(result)?),
            });
        }
        Ok(reduction.accumulator.get())
    }
}
