//! What one flag is made of, and why it answers as it does.

use pennon_wire::report::LoadReport;

use super::core::{Core, Subject};
use super::record::Ask;
use crate::clock;
use crate::context::Context;
use crate::engine::{EngineError, Instance};
use crate::evaluation::FlagType;
use crate::events::Fallback;
use crate::json::{quoted, text_list};

/// Which attributes of a context can change what a flag answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributesRead {
    /// Names of top-level attributes, sorted; `targetingKey` is the targeting key.
    pub names: Vec<String>,
    /// Whether a rule may read attributes that only an evaluation can name: then `names` is empty.
    pub any: bool,
    /// Whether the time changes it too.
    pub time: bool,
}

impl AttributesRead {
    fn new(report: LoadReport) -> Self {
        let any = report.attributes.is_none();
        Self { names: report.attributes.unwrap_or_default(), any, time: report.depends_on_time }
    }

    /// `{"attributes": [NAME, ...], "any": BOOL, "time": BOOL}`.
    pub fn to_json(&self) -> String {
        let Self { names, any, time } = self;
        format!("{{\"attributes\":{},\"any\":{any},\"time\":{time}}}", text_list(names))
    }
}

impl Core {
    /// The attributes that a flag reads; none where there is no such flag.
    pub(super) fn attributes_read(&self, key: &str) -> Option<Result<AttributesRead, EngineError>> {
        self.on_unit(key, |instance, subject| self.report_on(instance, subject).map(AttributesRead::new))
    }

    /// The evaluation of a flag and the reasons for it, as a JSON object.
    pub(super) fn explain(&self, key: &str, context: &Context) -> String {
        let ask = Ask { is_reported: false, ..Ask::new(FlagType::Any, Fallback::None) };
        let answer = self
            .resolve(key, context, ask, |resolved| resolved.into_evaluation(key, FlagType::Any))
            .to_json();
        let Ok(context) = context.encoded() else { return answer };
        let explained = self.on_unit(key, |instance, subject| {
            instance.explain(subject.request(&subject.definition.text()), context, clock::now())
        });
        let explanation = match explained {
            None => return answer,
            Some(Ok(explanation)) => explanation,
            Some(Err(error)) => {
                format!("{{\"decidedBy\":\"flag\",\"because\":{}}}", quoted(&error.to_string()))
            }
        };
        // One object of both: the answer's members, then those of the explanation.
        let members = explanation.strip_prefix('{').unwrap_or_default();
        format!("{},{members}", answer.strip_suffix('}').unwrap_or_default())
    }

    /// Calls `ask` on an instance, with the unit of `key`; none where there is no such flag.
    fn on_unit<T>(
        &self,
        key: &str,
        ask: impl Fn(&mut Instance, Subject<'_>) -> Result<T, EngineError>,
    ) -> Option<Result<T, EngineError>> {
        let snapshot = self.snapshot.load_full()?;
        let (unit, definition) = snapshot.find(key)?;
        let subject = Subject { snapshot: &snapshot, key, unit, definition };
        let asked =
            subject.check_size().and_then(|()| self.on_instance(unit, |instance| ask(instance, subject)));
        Some(asked)
    }
}
