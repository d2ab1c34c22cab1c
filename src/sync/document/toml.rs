//! TOML as BurntSushi/toml reads it into flags. There are no conversions: but for dates, a field takes its own type.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use ::toml::value::{Datetime, Offset};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::error::Error;
use crate::sync::source::Format;

use super::fields::{CONFIGURATION, FLAG, FLAGS, Kind, OF_EVERY_FLAG};
use super::moment::Moment;
use super::output::Output;
use super::{Fault, Place};

/// Levels of tables and arrays. The parser takes more than a KiB of stack for each of its own, and `MAX_DEPTH` of them would
/// be too much for the smallest threads.
const MAX_DEPTH: usize = 50;

/// The largest integer that the service takes for a float.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The JSON of a document.
///
/// # Errors
/// With what is wrong and where.
pub(super) fn to_json(text: &str) -> Result<String, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    convert(text).map_err(|fault| fault.into_error(Format::Toml))
}

fn convert(text: &str) -> Result<String, Fault> {
    check_depth(text)?;
    let table = DeTable::parse(text).map_err(|error| {
        let place = Place::of(text, error.span().map_or(0, |span| span.start));
        Fault::document(error.message().replace('\n', ", "), place)
    })?;
    let table = table.get_ref();
    let mut converter = Converter { text, output: Output::default() };
    if is_configuration(table) {
        converter.configuration(table)?;
    } else {
        converter.members(table, |_| Some(FLAG))?;
    }
    Ok(converter.output.into_text())
}

/// Checks that nothing is nested too deeply for those who call themselves once a level, the parser's destructors among
/// them: dotted keys nest as tables do.
fn check_depth(text: &str) -> Result<(), Fault> {
    // Levels of the last header, of the statement so far, and where the open brackets of the statement began.
    let (mut header, mut level) = (0, 0);
    let mut open = Vec::new();
    let mut is_header = false;
    let mut starts = true;
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                if starts {
                    (is_header, header, level) = (true, 0, 0);
                }
                open.push(level);
                level += 1;
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                header = if is_header { header.max(level) } else { header };
                level = open.pop().unwrap_or(header);
            }
            TokenKind::Dot => level += 1,
            TokenKind::Comma => level = open.last().map_or(header, |level| level + 1),
            TokenKind::Newline if open.is_empty() => {
                (is_header, starts, level) = (false, true, header);
                continue;
            }
            _ => {}
        }
        if level > MAX_DEPTH {
            let place = Place::of(text, token.span().start());
            return Err(Fault::document(format!("more than {MAX_DEPTH} levels"), place));
        }
        starts &= matches!(token.kind(), TokenKind::Whitespace | TokenKind::Newline);
    }
    Ok(())
}

/// Whether the document has the flags and the enrichment beside each other; a flag may be named `flags`, too.
fn is_configuration(table: &DeTable<'_>) -> bool {
    let is_flag = |value: &DeValue<'_>| {
        let member = |name: &&str| {
            value
                .as_table()
                .and_then(|table| table.get(*name))
                .is_some_and(|member| member.get_ref().is_table())
        };
        OF_EVERY_FLAG.iter().all(member)
    };
    !table.is_empty()
        && table.iter().all(|(name, value)| {
            CONFIGURATION.contains(&name.get_ref().as_ref()) && !is_flag(value.get_ref())
        })
}

struct Converter<'a> {
    text: &'a str,
    output: Output,
}

impl Converter<'_> {
    fn configuration(&mut self, table: &DeTable<'_>) -> Result<(), Fault> {
        self.members(table, |name| Some(if name == "flags" { FLAGS } else { Kind::Free }))
    }

    /// Writes what a value is at a place of some kind. A fault in a typed place stays there; one of a free value is
    /// carried to the field that it belongs to.
    fn typed(&mut self, value: &Spanned<DeValue<'_>>, kind: Kind) -> Result<(), Fault> {
        let start = self.output.len();
        let result = self.value(value, kind);
        match kind {
            Kind::Free => result,
            _ => self.output.settle(start, result),
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, kind: Kind) -> Result<(), Fault> {
        match (value.get_ref(), kind) {
            (DeValue::Table(table), Kind::Struct(fields)) => self.fields(table, fields),
            (DeValue::Table(table), Kind::Map(kind)) => self.members(table, |_| Some(*kind)),
            (DeValue::Table(table), _) => self.members(table, |_| Some(Kind::Free)),
            // What is no table leaves an object empty, without a complaint.
            (_, Kind::Map(_)) => {
                self.output.raw("{}");
                Ok(())
            }
            (DeValue::Array(items), kind) => {
                let kind = if let Kind::List(kind) = kind { *kind } else { Kind::Free };
                self.output.raw("[");
                for (index, item) in items.iter().enumerate() {
                    self.output.comma(index == 0);
                    self.typed(item, kind)?;
                }
                self.output.raw("]");
                Ok(())
            }
            (scalar, kind) => self.scalar(scalar, kind, || Place::of(self.text, value.span().start)),
        }
    }

    fn scalar(&mut self, value: &DeValue<'_>, kind: Kind, place: impl Fn() -> Place) -> Result<(), Fault> {
        match value {
            DeValue::String(text) => self.output.text(text),
            DeValue::Boolean(value) => self.output.raw(if *value { "true" } else { "false" }),
            DeValue::Integer(integer) => {
                let number = i64::from_str_radix(integer.as_str(), integer.radix());
                let number =
                    number.map_err(|_| Fault::value(format!("{integer} is beyond 64 bits"), place()))?;
                if matches!(kind, Kind::Number) && number.unsigned_abs() > MAX_SAFE_INTEGER {
                    return Err(Fault::value(format!("{number} is no float"), place()));
                }
                self.output.raw(&number.to_string());
            }
            DeValue::Float(float) => {
                let number = float.as_str().parse().unwrap_or(f64::NAN);
                self.output.float(number, place())?;
            }
            DeValue::Datetime(_) if matches!(kind, Kind::Text) => {
                return Err(Fault::value("a date is no string", place()));
            }
            DeValue::Datetime(date) => {
                let moment = Some(moment(date)).filter(Moment::exists).and_then(Moment::to_rfc3339);
                self.output
                    .text(&moment.ok_or_else(|| Fault::value(format!("there is no {date}"), place()))?);
            }
            DeValue::Array(_) | DeValue::Table(_) => {}
        }
        Ok(())
    }

    fn members(&mut self, table: &DeTable<'_>, kind: impl Fn(&str) -> Option<Kind>) -> Result<(), Fault> {
        let members = table.iter().filter_map(|(name, value)| {
            let name = name.get_ref();
            kind(name).map(|kind| (name, value, kind))
        });
        self.output.raw("{");
        for (index, (name, value, kind)) in members.enumerate() {
            self.output.name(index == 0, name);
            self.typed(value, kind)?;
        }
        self.output.raw("}");
        Ok(())
    }

    /// Writes the members that are fields, whatever the case of their names: the exact name wins.
    fn fields(&mut self, table: &DeTable<'_>, fields: &[(&'static str, Kind)]) -> Result<(), Fault> {
        self.output.raw("{");
        let mut first = true;
        for (field, kind) in fields {
            let similar =
                || table.iter().find(|(name, _)| is_field(name.get_ref(), field)).map(|(_, value)| value);
            if let Some(value) = table.get(*field).or_else(similar) {
                self.output.name(first, field);
                self.typed(value, *kind)?;
                first = false;
            }
        }
        self.output.raw("}");
        Ok(())
    }
}

/// Whether Go takes `name` for the field `field`: equal but for case, by Unicode's simple folding.
fn is_field(name: &str, field: &str) -> bool {
    let fold = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(field.chars().map(fold))
}

/// A date as the service has it: what is local is taken for UTC, a time alone is of the year zero.
fn moment(date: &Datetime) -> Moment {
    let mut moment = Moment { year: 0, month: 1, day: 1, ..Moment::default() };
    if let Some(date) = date.date {
        (moment.year, moment.month, moment.day) = (date.year.into(), date.month.into(), date.day.into());
    }
    if let Some(time) = date.time {
        (moment.hour, moment.minute) = (time.hour.into(), time.minute.into());
        moment.second = time.second.unwrap_or_default().into();
        moment.nanosecond = time.nanosecond.unwrap_or_default();
    }
    moment.offset = match date.offset {
        Some(Offset::Custom { minutes }) => minutes.into(),
        Some(Offset::Z) | None => 0,
    };
    moment
}
