//! Reading data: `var`, `missing` and `missing_some`.

use crate::logic::Fault;
use crate::logic::machine::Machine;
use crate::logic::number::{self, to_int};
use crate::logic::path;
use crate::logic::value::{List, Val};

impl<'e> Machine<'e> {
    /// `var` where the rule's text alone does not give the path.
    #[inline(never)]
    pub(in crate::logic) fn var(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let count = self.first(arguments, data, &mut first)?;
        let [path, default] = first;
        let (value, default) = match (count, path) {
            (Some(0), _) => return Ok(*data),
            (Some(count), Val::Text(path)) => {
                let value = if data.is_null() { Val::Null } else { path::read(path, data) };
                (value, if count == 2 { default } else { Val::Null })
            }
            (Some(_), _) => return Err(Fault::Argument(None)),
            (None, path) => (self.at(path, data)?, Val::Null),
        };
        Ok(if value.is_null() { default } else { value })
    }

    fn at(&self, path: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match path {
            Val::Null if data.is_primitive() => Ok(*data),
            Val::Null => Ok(Val::Null),
            Val::Text(path) => {
                self.budget.pass(path)?;
                Ok(path::read(path, data))
            }
            Val::Number(number) => {
                let mut text = String::new();
                number::write(number, &mut text);
                Ok(path::read(text.as_bytes(), data))
            }
            _ if data.is_null() => Ok(Val::Null),
            _ => Err(Fault::Argument(None)),
        }
    }

    #[inline(never)]
    pub(super) fn missing(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match self.value(arguments, data)? {
            Val::List(paths) => self.absent(paths, data),
            path @ Val::Text(_) if self.var(path, data)?.is_null() => self.make_list(vec![path]),
            Val::Text(_) => self.make_list(Vec::new()),
            _ => Err(Fault::Argument(None)),
        }
    }

    #[inline(never)]
    pub(super) fn missing_some(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 2];
        let Some(2..) = self.first(arguments, data, &mut first)? else { return Err(Fault::Argument(None)) };
        let [needed, paths] = first;
        let needed = to_int(self.number(needed)?);
        let none = List::Made(&[]);
        let Val::List(paths) = paths else { return Ok(Val::List(none)) };
        let absent = self.absent(paths, data)?;
        let Val::List(missing) = absent else { return Ok(absent) };
        let present = paths.len() as i64 - missing.len() as i64;
        Ok(if needed > present { absent } else { Val::List(none) })
    }

    /// The paths that lead to nothing.
    fn absent(&self, paths: List<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        self.budget.step(paths.len())?;
        let mut absent = Vec::new();
        for path in paths.iter() {
            if self.var(path, data)?.is_null() {
                absent.push(path);
            }
        }
        self.make_list(absent)
    }
}
