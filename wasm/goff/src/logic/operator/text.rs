//! Text: `cat` and `substr`.

use crate::logic::Fault;
use crate::logic::machine::{Given, Machine};
use crate::logic::number::to_int;
use crate::logic::value::Val;

impl<'e> Machine<'e> {
    #[inline(never)]
    pub(super) fn cat(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first: &[u8] = &[];
        let mut all = Vec::new();
        let given = self.arguments(arguments, data, |index, value| {
            let part = self.text(value)?;
            self.budget.pass(part)?;
            if index == 0 {
                first = part;
                return Ok(());
            }
            if index == 1 {
                all.extend_from_slice(first);
            }
            all.extend_from_slice(part);
            self.budget.make(part.len())
        })?;
        match given {
            Given::List(0 | 1) => Ok(Val::Text(first)),
            Given::List(_) => {
                let text = std::str::from_utf8(&all).unwrap_or_default();
                Ok(Val::Text(self.make_text(text.trim().to_owned())?))
            }
            Given::One(value @ Val::Text(_)) => Ok(value),
            Given::One(_) => Err(Fault::Argument(None)),
        }
    }

    /// From a start, counted from the end where negative, so many characters; all but so many where negative.
    #[inline(never)]
    pub(super) fn substr(&self, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let mut first = [Val::Null; 3];
        let given = self.first(arguments, data, &mut first)?;
        let (Some(2..), [text, start, length]) = (given, first) else { return Err(Fault::Argument(None)) };
        let text = self.text(text)?;
        self.budget.pass(text)?;
        let characters = std::str::from_utf8(text).unwrap_or_default();
        let count = characters.chars().count() as i64;
        let mut start = to_int(self.number(start)?);
        if start < 0 {
            start += count;
        }
        if !(0..=count).contains(&start) {
            return Ok(Val::Text(text));
        }
        let length = if given == Some(3) { to_int(self.number(length)?) } else { count };
        let end = if length < 0 { length + count } else { start.saturating_add(length) }.min(count);
        if end < start {
            return Err(Fault::Argument(None));
        }
        let byte = |character: i64| {
            let found = characters.char_indices().nth(character as usize);
            found.map_or(characters.len(), |(byte, _)| byte)
        };
        Ok(Val::Text(text.get(byte(start)..byte(end)).unwrap_or_default()))
    }
}
