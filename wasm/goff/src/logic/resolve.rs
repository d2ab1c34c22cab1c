//! What `filter`, `all`, `none` and `some` do to their body before they run it: outer variables take the place of the
//! `var` that reads them, where they are not null. What is inserted is run with the rest.

use super::Fault;
use super::json::Call;
use super::machine::Machine;
use super::path::is_relative;
use super::value::{List, Map, Member, Val};

impl<'e> Machine<'e> {
    /// The body with the outer variables in it.
    pub fn resolved(&self, body: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        Ok(self.resolve(body, data)?.unwrap_or(body))
    }

    /// None where nothing changes.
    fn resolve(&self, body: Val<'e>, data: &Val<'e>) -> Result<Option<Val<'e>>, Fault> {
        match body {
            Val::List(list) if is_closed(list) => Ok(None),
            Val::Map(Map::Rule(object)) if !object.open => Ok(None),
            Val::Map(map) => self.budget.deeper(|| self.resolve_map(map, data)),
            Val::List(list) => self.budget.deeper(|| self.resolve_list(list, data)),
            _ => Ok(None),
        }
    }

    fn resolve_list(&self, list: List<'e>, data: &Val<'e>) -> Result<Option<Val<'e>>, Fault> {
        self.budget.step(list.len())?;
        let mut made: Option<Vec<Val<'e>>> = None;
        for (index, item) in list.iter().enumerate() {
            if let Some(resolved) = self.resolve(item, data)? {
                let made = made.get_or_insert_with(|| list.iter().collect());
                if let Some(place) = made.get_mut(index) {
                    *place = resolved;
                }
            }
        }
        made.map(|made| self.make_list(made)).transpose()
    }

    fn resolve_map(&self, map: Map<'e>, data: &Val<'e>) -> Result<Option<Val<'e>>, Fault> {
        if let Map::Rule(object) = map
            && let Call::Read(path) = &object.call
        {
            let value = path.read(data);
            return Ok((!value.is_null()).then_some(value));
        }
        let mut members: Vec<Member<'e>> = map.members();
        self.budget.step(members.len())?;
        let mut changed = false;
        for (name, value) in &mut members {
            if *name != b"var" {
                let resolved = match *value {
                    // An operator's arguments add no level to it.
                    Val::List(list) if !is_closed(list) => self.resolve_list(list, data)?,
                    value => self.resolve(value, data)?,
                };
                if let Some(resolved) = resolved {
                    *value = resolved;
                    changed = true;
                }
                continue;
            }
            if matches!(value, Val::Text(path) if is_relative(path)) {
                continue;
            }
            let read = self.var(*value, data)?;
            if !read.is_null() {
                return Ok(Some(read));
            }
        }
        if changed { self.make_map(members).map(Some) } else { Ok(None) }
    }
}

fn is_closed(list: List<'_>) -> bool {
    matches!(list, List::Rule(items) if !items.open)
}
