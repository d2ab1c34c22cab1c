//! What concerns every flag: evaluate-all and diagnostics.

use std::collections::HashSet;
use std::sync::Arc;

use pennon_wire::ErrorCode;
use pennon_wire::report::{Diagnostic, LoadReport, Severity};

use super::FlagDiagnostics;
use super::core::{Core, MALFORMED, Subject};
use crate::context::Context;
use crate::engine::{EngineError, Instance, Lent, Pool};
use crate::evaluation::{Evaluation, Evaluations, FlagType, Loaded, Resolved};
use crate::log::LogLevel;
use crate::options::Mode;
use crate::sync::registry::Unit;

/// Uses of one instance after which it is given back for others.
const LEND_BATCH: usize = 256;

/// An instance for many calls in a row, given back from time to time.
pub(super) struct Loan<'p> {
    pool: &'p Pool,
    lent: Option<Lent<'p>>,
    uses: usize,
}

impl<'p> Loan<'p> {
    pub(super) fn new(pool: &'p Pool) -> Self {
        Self { pool, lent: None, uses: 0 }
    }

    /// Calls `ask` on an instance as [`Core::ask_lent`] does; one whose call fails is not used again.
    fn run<T>(
        &mut self,
        core: &Core,
        unit: &Arc<Unit>,
        ask: impl Fn(&mut Instance) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.uses += 1;
        if self.uses.is_multiple_of(LEND_BATCH) {
            self.give_back();
        }
        let mut lent = match self.lent.take() {
            Some(lent) => lent,
            None => self.pool.lend()?,
        };
        let result = core.ask_lent(&mut lent, unit, ask)?;
        self.lent = Some(lent);
        Ok(result)
    }

    fn give_back(&mut self) {
        if let Some(lent) = self.lent.take() {
            lent.give_back();
        }
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl Core {
    pub(super) fn evaluate_all(
        &self,
        context: &Context,
        selects: impl Fn(&str) -> bool,
    ) -> Option<Evaluations> {
        let Some(snapshot) = self.snapshot.load_full() else {
            let remote = self.remote.as_ref().filter(|remote| remote.mode == Mode::Remote);
            let all = self.evaluate_all_remotely(remote?, self.link.as_ref()?, context, selects);
            return all.inspect_err(|cause| self.say(LogLevel::Error, cause)).ok();
        };
        let encoded = context.encoded();
        if let (Ok(encoded), None) = (&encoded, &self.module)
            && let Some(at_once) = self.evaluate_at_once(&snapshot, encoded)
            && let Some(all) = Self::all_of(&snapshot, &at_once, &selects)
        {
            return Some(all);
        }
        let mut loan = Loan::new(&self.pool);
        let evaluations =
            snapshot.units().filter(|(key, _, _)| selects(key)).map(|(key, unit, definition)| {
                let subject = Subject { snapshot: &snapshot, key, unit, definition };
                let failure = |code, message: &str| {
                    Resolved::failure(code, message).into_evaluation(key, FlagType::Any)
                };
                match (&encoded, &self.module) {
                    (Err(error), _) => failure(ErrorCode::InvalidContext, &error.to_string()),
                    (Ok(_), Some(module)) => match self.ask_module(module, subject, context) {
                        Ok(answer) => answer.resolved().into_evaluation(key, FlagType::Any),
                        Err(error) => failure(ErrorCode::General, &error.to_string()),
                    },
                    (Ok(context), None) => {
                        self.evaluate_one(&mut loan, subject, context).unwrap_or_else(|error| {
                            self.count(&error);
                            failure(ErrorCode::General, &error.to_string())
                        })
                    }
                }
            });
        Some(evaluations.collect())
    }

    /// Evaluates a unit as part of all.
    fn evaluate_one(
        &self,
        loan: &mut Loan<'_>,
        subject: Subject<'_>,
        context: &[u8],
    ) -> Result<Evaluation, EngineError> {
        self.ask_one(loan, subject, context, |resolved| resolved.into_evaluation(subject.key, FlagType::Any))
    }

    /// Asks about a unit as part of many, and shows the answer to `with`: one that is not in use is unloaded again.
    pub(super) fn ask_one<T>(
        &self,
        loan: &mut Loan<'_>,
        subject: Subject<'_>,
        context: &[u8],
        with: impl Fn(Resolved<'_>) -> T,
    ) -> Result<T, EngineError> {
        let with = |resolved: Option<Resolved<'_>>| with(resolved.unwrap_or(MALFORMED));
        self.refuse_oversize(subject);
        if let Some(loaded) = subject.unit.loaded() {
            if let Some(constant) = loaded.constant {
                return Ok(with(loaded.resolve(constant)));
            }
            let asked =
                loan.run(self, subject.unit, |instance| self.ask_instance(instance, subject, context));
            return asked.map(|(loaded, answer)| {
                self.heed(subject.unit, subject.key, loaded, answer);
                with(loaded.resolve(answer))
            });
        }
        loan.run(self, subject.unit, |instance| {
            let (handle, report) = self.load_for_once(instance, subject)?;
            let loaded = Loaded::new(subject.key, report);
            let answer = match loaded.constant {
                Some(constant) => constant,
                None => instance.evaluate(handle, context, loaded.now())?,
            };
            instance.unload(handle)?;
            self.heed(subject.unit, subject.key, &loaded, answer);
            Ok(with(loaded.resolve(answer)))
        })
    }

    /// Loads a unit that is not to stay.
    fn load_for_once(
        &self,
        instance: &mut Instance,
        subject: Subject<'_>,
    ) -> Result<(u32, LoadReport), EngineError> {
        instance
            .load_unnamed(subject.request(&subject.definition.text()), |report| {
                LoadReport::decode(report).ok()
            })
            .map_err(|error| self.load_failed(instance, subject, error))
    }

    /// The report on a unit that is not to stay.
    pub(super) fn report_on(
        &self,
        instance: &mut Instance,
        subject: Subject<'_>,
    ) -> Result<LoadReport, EngineError> {
        let (handle, report) = self.load_for_once(instance, subject)?;
        instance.unload(handle)?;
        Ok(report)
    }

    /// What there is to say about every flag that there is something to say about, in the order of their keys.
    pub(super) fn diagnostics(&self) -> Vec<FlagDiagnostics> {
        let Some(snapshot) = self.snapshot.load_full() else { return Vec::new() };
        let mut loan = Loan::new(&self.pool);
        let mut all = Vec::new();
        for (key, unit, definition) in snapshot.units() {
            let diagnostics =
                self.diagnostics_of(&mut loan, Subject { snapshot: &snapshot, key, unit, definition });
            if !diagnostics.is_empty() {
                all.push(FlagDiagnostics { key: key.to_owned(), diagnostics });
            }
        }
        // Of a segment that flags depend on they have said it, at places that begin with the segment's number among theirs.
        let place = |rule: &str| rule.split_once(' ').map_or_else(String::new, |(_, place)| place.to_owned());
        let flags = all.iter().flat_map(|flag| &flag.diagnostics);
        let said: HashSet<_> = flags.map(|one| (place(&one.rule), one.code.clone())).collect();
        for (name, unit, definition) in snapshot.segments() {
            let subject = Subject { snapshot: &snapshot, key: "", unit, definition };
            let mut diagnostics = self.diagnostics_of(&mut loan, subject);
            let nameless = diagnostics.iter_mut().filter(|one| one.rule.is_empty());
            nameless.for_each(|one| one.rule = format!("segment {}", name.name));
            diagnostics.retain(|one| !said.contains(&(place(&one.rule), one.code.clone())));
            if !diagnostics.is_empty() {
                all.push(FlagDiagnostics { key: String::new(), diagnostics });
            }
        }
        all
    }

    /// What there is to say about one unit, the gravest first.
    fn diagnostics_of(&self, loan: &mut Loan<'_>, subject: Subject<'_>) -> Vec<Diagnostic> {
        let diagnostic = |severity, code: &str, message: String| Diagnostic {
            severity,
            code: code.into(),
            rule: String::new(),
            column: 0,
            message,
            suggestion: String::new(),
        };
        self.refuse_oversize(subject);
        let report = subject
            .check_size()
            .and_then(|()| loan.run(self, subject.unit, |instance| self.report_on(instance, subject)));
        let mut diagnostics = match report {
            Ok(report) => report.diagnostics,
            Err(error) => vec![diagnostic(Severity::Error, "unloadable-flag", error.to_string())],
        };
        let remark = subject.unit.remark().map(str::to_owned);
        diagnostics.extend(remark.map(|remark| diagnostic(Severity::Warning, "evaluation", remark)));
        diagnostics.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        diagnostics
    }
}
