//! `and`, `or`, `if`, `!` and `!!`.

use crate::logic::Fault;
use crate::logic::machine::Machine;
use crate::logic::value::{List, Val};

impl<'e> Machine<'e> {
    /// The first argument whose truth is `decisive`, else the last one.
    #[inline(never)]
    pub(super) fn and_or(
        &self,
        arguments: Val<'e>,
        data: &Val<'e>,
        decisive: bool,
    ) -> Result<Val<'e>, Fault> {
        let mut last = Val::Null;
        match arguments {
            Val::List(List::Rule(items)) => {
                for json in items.iter() {
                    last = self.rule(json, data)?;
                    if last.is_true() == decisive {
                        break;
                    }
                }
            }
            Val::List(list) => {
                for item in list.iter() {
                    last = self.value(item, data)?;
                    if last.is_true() == decisive {
                        break;
                    }
                }
            }
            _ => return Err(Fault::Argument(None)),
        }
        Ok(last)
    }

    /// Whether the argument, or the first of a list of them, is true.
    #[inline(never)]
    pub(super) fn truth(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<bool, Fault> {
        let mut first = [Val::Null];
        self.first(arguments, data, &mut first)?;
        let [first] = first;
        Ok(first.is_true())
    }

    /// The value after the first true condition, else the last value that follows no condition.
    #[inline(never)]
    pub(super) fn choose(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let Val::List(clauses) = arguments else { return Err(Fault::Argument(None)) };
        let clause = |index| clauses.get(index).unwrap_or_default();
        let count = clauses.len();
        let mut index = 0;
        while index + 1 < count {
            if self.value(clause(index), data)?.is_true() {
                return self.chosen(clause(index + 1), data);
            }
            index += 2;
        }
        if count % 2 == 1 { self.chosen(clause(count - 1), data) } else { Ok(Val::Null) }
    }

    /// The relay evaluates a chosen map twice: an attribute that is one is run as a rule.
    fn chosen(&self, clause: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match self.value(clause, data)? {
            Val::Map(map) => self.map(map, data),
            value => Ok(value),
        }
    }
}
