//! Bytes of a trimmed query to columns of the query as it was written.

use std::iter::Peekable;
use std::str::Chars;

/// Counts columns from the start of a query on, each character once, so that offsets are best asked for in order.
pub struct Columns<'q> {
    text: &'q str,
    rest: Peekable<Chars<'q>>,
    /// Characters before `rest`.
    column: u32,
    /// Bytes before `rest` that trimming keeps.
    kept: usize,
    /// Whether only spaces stand between here and the start of the line.
    is_indentation: bool,
}

impl<'q> Columns<'q> {
    /// Columns of a query as a rule has it.
    pub fn new(text: &'q str) -> Self {
        Self { text, rest: text.chars().peekable(), column: 0, kept: 0, is_indentation: true }
    }

    /// The column, from 1, of the character that starts at this byte of the trimmed query.
    pub fn of(&mut self, offset: usize) -> u32 {
        if offset < self.kept {
            *self = Self::new(self.text);
        }
        while let Some(&c) = self.rest.peek() {
            let is_kept = c != '\n' && !(self.is_indentation && c == ' ');
            if is_kept && self.kept >= offset {
                break;
            }
            self.is_indentation = !is_kept;
            self.kept += if is_kept { c.len_utf8() } else { 0 };
            self.column += 1;
            self.rest.next();
        }
        self.column + 1
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;
    use crate::query::trim;

    #[test]
    fn columns_are_those_of_the_text_before_trimming() {
        let text = "  é eq 1 \n   and b eq 2";
        let trimmed = trim(text);
        let mut columns = Columns::new(text);
        for (found, column) in [("é", 3), ("1", 8), ("and", 14), ("2", 23), ("é", 3)] {
            assert_eq!(columns.of(trimmed.rfind(found).unwrap_or_default()), column, "{found}");
        }
    }
}
