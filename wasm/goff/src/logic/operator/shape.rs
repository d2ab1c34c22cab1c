//! Making lists and maps: `merge` and `set`.

use crate::logic::Fault;
use crate::logic::machine::{Given, Machine};
use crate::logic::value::Val;

impl<'e> Machine<'e> {
    #[inline(never)]
    pub(super) fn merge(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut merged = Vec::new();
        let given = self.arguments(arguments, data, |_, value| match value {
            Val::List(list) => {
                self.budget.step(list.len())?;
                merged.extend(list.iter());
                Ok(())
            }
            value => {
                merged.push(value);
                Ok(())
            }
        })?;
        match given {
            Given::One(value) if value.is_primitive() => merged.push(value),
            Given::One(_) => return Err(Fault::Argument(None)),
            Given::List(_) => {}
        }
        self.make_list(merged)
    }

    /// The first argument with the member that the other two give.
    #[inline(never)]
    pub(super) fn set(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 3];
        let Some(count) = self.first(arguments, data, &mut first)? else { return Ok(Val::Null) };
        let [target, name, value] = first;
        let (3.., Val::Map(map), Val::Text(name)) = (count, target, name) else { return Ok(target) };
        // A second evaluation, as with the clauses of `if`.
        let value = self.value(value, data)?;
        let mut members = map.members();
        self.budget.step(members.len())?;
        match members.iter_mut().find(|(own, _)| *own == name) {
            Some(member) => member.1 = value,
            None => members.push((name, value)),
        }
        self.make_map(members)
    }
}
