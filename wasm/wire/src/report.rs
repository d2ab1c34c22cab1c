//! What a guest says of a unit when it loads it.
//!
//! Encoded as little-endian numbers and length-prefixed text in the order of the fields below; it crosses the sandbox
//! once per unit and instance, so it is plain rather than clever. The host takes nothing in it on trust: see
//! [`LoadReport::decode`].

use std::fmt;

use crate::answer::Answer;
use crate::limits::MAX_OUTCOMES;

/// One of the finitely many answers that a unit can give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// Name of the variant, where there is one.
    pub variant: Option<String>,
    /// The value as JSON text; none where the caller's default is the value.
    pub value: Option<String>,
    /// Flag metadata as the text of a JSON object; empty where there is none.
    pub metadata: String,
    /// Of a flag that is switched on or off beside its value.
    pub switch: Option<Switch>,
}

/// The switch of a flag that has one beside its value. Its values are texts more often than not: an object is the text of its
/// JSON, and a number may be a text of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Switch {
    /// Whether the flag is switched on.
    pub is_on: bool,
    /// Whether this, and not the value, answers who asks for a boolean.
    pub answers_booleans: bool,
    /// Whether who asks for the value by its type is refused.
    pub is_withheld: bool,
}

impl Switch {
    fn pack(switch: Option<Self>) -> u32 {
        switch.map_or(0, |switch| {
            1 | u32::from(switch.is_on) << 1
                | u32::from(switch.answers_booleans) << 2
                | u32::from(switch.is_withheld) << 3
        })
    }

    fn unpack(bits: u32) -> Result<Option<Self>, InvalidReport> {
        let has = |bit: u32| bits & 1 << bit != 0;
        match bits {
            0 => Ok(None),
            1..16 if has(0) => {
                Ok(Some(Self { is_on: has(1), answers_booleans: has(2), is_withheld: has(3) }))
            }
            _ => Err(InvalidReport),
        }
    }
}

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Severity {
    /// The flag works, and probably not as its author meant.
    Warning = 1,
    /// The flag, or a part of it, cannot work.
    Error = 2,
}

impl Severity {
    /// In lower case, as diagnostics print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something in a unit that its author will want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// Stable name of the kind of fault, in kebab-case.
    pub code: String,
    /// Which rule: `targeting[2]`, `targeting[2] "name"`, `defaultRule`; empty for the whole flag.
    pub rule: String,
    /// Column in the rule's query (or in the flag's JSON), from 1; 0 where there is none.
    pub column: u32,
    /// What is wrong and what the service will do with it.
    pub message: String,
    /// What was probably meant; may be empty.
    pub suggestion: String,
}

/// What the host needs to know of a loaded unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadReport {
    /// By what the instance calls the unit.
    pub handle: u32,
    /// The answer that no context and no clock can change, where there is one.
    pub constant: Option<Answer>,
    /// Whether an evaluation needs the time.
    pub depends_on_time: bool,
    /// Whether evaluations of it are reported as events.
    pub tracked: bool,
    /// The version that its author gave it; may be empty.
    pub version: String,
    /// All answers; an [`Answer`] holds an index into them.
    pub outcomes: Vec<Outcome>,
    /// All error messages; an [`Answer`] holds an index into them.
    pub messages: Vec<String>,
    /// Names of the top-level attributes it reads; none where it may read any.
    pub attributes: Option<Vec<String>>,
    /// What its author will want to know.
    pub diagnostics: Vec<Diagnostic>,
}

/// A load report that no guest of ours writes: the instance that wrote it is not to be trusted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidReport;

impl fmt::Display for InvalidReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest's load report is malformed")
    }
}

impl std::error::Error for InvalidReport {}

impl LoadReport {
    /// Appends the encoded report to `bytes`.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let mut writer = Writer { bytes };
        writer.number(self.handle);
        writer.flag(self.constant.is_some());
        writer.long(self.constant.map_or(0, Answer::pack));
        writer.flag(self.depends_on_time);
        writer.flag(self.tracked);
        writer.text(&self.version);
        writer.number(self.outcomes.len() as u32);
        for outcome in &self.outcomes {
            writer.optional(outcome.variant.as_deref());
            writer.optional(outcome.value.as_deref());
            writer.text(&outcome.metadata);
            writer.number(Switch::pack(outcome.switch));
        }
        writer.texts(&self.messages);
        writer.flag(self.attributes.is_some());
        writer.texts(self.attributes.as_deref().unwrap_or_default());
        writer.number(self.diagnostics.len() as u32);
        for diagnostic in &self.diagnostics {
            writer.number(diagnostic.severity as u32);
            writer.text(&diagnostic.code);
            writer.text(&diagnostic.rule);
            writer.number(diagnostic.column);
            writer.text(&diagnostic.message);
            writer.text(&diagnostic.suggestion);
        }
    }

    /// Reads an encoded report, trusting nothing in it: counts and lengths are checked against the bytes that are
    /// there, text against UTF-8, and the constant answer against the tables.
    ///
    /// # Errors
    /// When the bytes are no report.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidReport> {
        let mut reader = Reader { rest: bytes };
        let handle = reader.number()?;
        let has_constant = reader.flag()?;
        let constant = reader.long()?;
        let mut report = Self {
            handle,
            constant: None,
            depends_on_time: reader.flag()?,
            tracked: reader.flag()?,
            version: reader.text()?,
            outcomes: reader.items(|reader| {
                let (variant, value) = (reader.optional()?, reader.optional()?);
                let metadata = reader.text()?;
                let switch = Switch::unpack(reader.number()?)?;
                Ok(Outcome { variant, value, metadata, switch })
            })?,
            messages: reader.items(Reader::text)?,
            attributes: None,
            diagnostics: Vec::new(),
        };
        let knows_attributes = reader.flag()?;
        let attributes = reader.items(Reader::text)?;
        report.attributes = knows_attributes.then_some(attributes);
        report.diagnostics = reader.items(|reader| {
            Ok(Diagnostic {
                severity: if reader.number()? == 2 { Severity::Error } else { Severity::Warning },
                code: reader.text()?,
                rule: reader.text()?,
                column: reader.number()?,
                message: reader.text()?,
                suggestion: reader.text()?,
            })
        })?;
        if has_constant {
            let answer = Answer::unpack(constant).ok_or(InvalidReport)?;
            report.constant = Some(report.check(answer).ok_or(InvalidReport)?);
        }
        if reader.rest.is_empty() && report.outcomes.len() <= MAX_OUTCOMES {
            Ok(report)
        } else {
            Err(InvalidReport)
        }
    }

    /// The handle in an encoded report, for a unit whose report is known already.
    pub fn decode_handle(bytes: &[u8]) -> Option<u32> {
        bytes.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The answer, if its outcome and message exist.
    pub fn check(&self, answer: Answer) -> Option<Answer> {
        let outcome = self.outcomes.get(answer.outcome as usize).is_some();
        let message = answer.message.is_none_or(|index| self.messages.get(usize::from(index)).is_some());
        (outcome && message).then_some(answer)
    }
}

struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn long(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.bytes.push(u8::from(flag));
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        self.text(text.unwrap_or_default());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u32);
        texts.iter().for_each(|text| self.text(text));
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], InvalidReport> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(InvalidReport)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, InvalidReport> {
        let bytes = self.take(4)?.first_chunk::<4>().ok_or(InvalidReport)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn long(&mut self) -> Result<u64, InvalidReport> {
        let bytes = self.take(8)?.first_chunk::<8>().ok_or(InvalidReport)?;
        Ok(u64::from_le_bytes(*bytes))
    }

    fn flag(&mut self) -> Result<bool, InvalidReport> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(InvalidReport),
        }
    }

    fn text(&mut self) -> Result<String, InvalidReport> {
        let length = self.number()? as usize;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| InvalidReport)
    }

    fn optional(&mut self) -> Result<Option<String>, InvalidReport> {
        let is_there = self.flag()?;
        let text = self.text()?;
        Ok(is_there.then_some(text))
    }

    fn items<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, InvalidReport>,
    ) -> Result<Vec<T>, InvalidReport> {
        let count = self.number()? as usize;
        // No capacity from a number that the guest chose: each item has to be there before it is kept.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Reason;

    fn report() -> LoadReport {
        LoadReport {
            handle: 7,
            constant: Some(Answer::value(0, Reason::Static)),
            depends_on_time: true,
            tracked: true,
            version: "v1".into(),
            outcomes: vec![Outcome {
                variant: Some("A".into()),
                value: Some("null".into()),
                metadata: "{\"a\":1}".into(),
                switch: Some(Switch { is_on: true, answers_booleans: false, is_withheld: true }),
            }],
            messages: vec!["no".into()],
            attributes: Some(vec!["email".into()]),
            diagnostics: vec![Diagnostic {
                severity: Severity::Error,
                code: "x".into(),
                rule: "defaultRule".into(),
                column: 3,
                message: "m".into(),
                suggestion: "s".into(),
            }],
        }
    }

    #[test]
    fn a_report_reads_back() {
        let mut bytes = Vec::new();
        report().encode(&mut bytes);
        assert_eq!(LoadReport::decode(&bytes), Ok(report()));
    }

    #[test]
    fn damaged_reports_are_refused_and_never_panic() {
        let mut good = Vec::new();
        report().encode(&mut good);
        for length in 0..good.len() {
            assert!(LoadReport::decode(&good[..length]).is_err(), "cut at {length}");
        }
        for offset in 0..good.len() {
            let mut bad = good.clone();
            bad[offset] ^= 0xff;
            let _ = LoadReport::decode(&bad);
        }
        let mut lying = report();
        lying.constant = Some(Answer::value(1, Reason::Static));
        let mut bytes = Vec::new();
        lying.encode(&mut bytes);
        assert_eq!(LoadReport::decode(&bytes), Err(InvalidReport), "an outcome that does not exist");
    }
}
