//! The end of an evaluation: it is counted and reported, and its answer shown to who asked.

use std::sync::Arc;

use pennon_wire::{Answer, ErrorCode, Reason};

use super::core::{Core, MALFORMED, Subject};
use super::module::Module;
use crate::clock;
use crate::context::Context;
use crate::engine::EngineError;
use crate::error::Error;
use crate::evaluation::{FlagType, HostOutcome, Loaded, Resolved};
use crate::events::{Counted, Event, Exposure, Fallback, Small};
use crate::limits::MAX_DETAILS_BYTES;
use crate::options::{Mode, Reporting};
use crate::service::report::{self, Evaluated, Tracked};
use crate::sync::registry::Unit;
use crate::user::User;

/// What an evaluation is asked for, as far as the report on it needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) flag_type: FlagType,
    /// The caller's default.
    pub(super) fallback: Fallback<'a>,
    /// Whether it is counted and reported: `explain` is not.
    pub(super) is_reported: bool,
}

impl<'a> Ask<'a> {
    #[inline]
    pub(super) fn new(flag_type: FlagType, fallback: Fallback<'a>) -> Self {
        Self { flag_type, fallback, is_reported: true }
    }
}

impl Core {
    /// Shows an answer of our own guest's.
    #[inline]
    pub(super) fn answer<T>(
        &self,
        subject: Subject<'_>,
        loaded: &Loaded,
        answer: Answer,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        let resolved = loaded.resolve(answer).unwrap_or(MALFORMED);
        match resolved.outcome {
            Some(outcome) if resolved.error.is_none() && outcome.is(ask.flag_type) && ask.is_reported => {
                let event = if !loaded.tracked || !self.events.is_open() {
                    None
                } else if self.events.reporting() != Reporting::Exposures {
                    self.counted(subject.unit)
                } else {
                    let small = if outcome.gives_none() { ask.fallback.small() } else { Some(Small::None) };
                    match small {
                        Some(fallback) => Some(exposure(subject.unit, answer, context, fallback)),
                        None => self.defaulted(loaded, outcome.variant().unwrap_or_default(), context, ask),
                    }
                };
                self.events.take(Counted::Success, event);
                with(resolved)
            }
            _ => {
                let unit = Some(subject.unit).filter(|_| loaded.tracked);
                self.answer_failure(unit, loaded.tracked, subject.key, resolved, context, ask, with)
            }
        }
    }

    /// What is reported of an evaluation where only the number matters.
    #[inline]
    fn counted(&self, unit: &Arc<Unit>) -> Option<Event> {
        (self.events.reporting() == Reporting::Counts).then(|| Event::Count(unit.key()))
    }

    /// The event of a flag that leaves its value to a caller whose default is a text.
    #[cold]
    fn defaulted(&self, loaded: &Loaded, variation: &str, context: &Context, ask: Ask<'_>) -> Option<Event> {
        let value = ask.fallback.to_json();
        Some(written(&loaded.key, context.user().user(), variation, &value, false, &loaded.version))
    }

    /// Shows an answer that is a failure for who asked, or what the service has for it.
    #[cold]
    #[expect(clippy::too_many_arguments, reason = "all that is known of an evaluation that failed")]
    fn answer_failure<T>(
        &self,
        unit: Option<&Arc<Unit>>,
        is_tracked: bool,
        key: &str,
        resolved: Resolved<'_>,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        if !ask.is_reported {
            return with(resolved);
        }
        let code = resolved.error_for(ask.flag_type);
        let with = match self.help_out(code, key, context, ask, with) {
            Ok(shown) => return shown,
            Err(with) => with,
        };
        let is_tracked = is_tracked && self.events.is_open();
        let event = match self.events.reporting() {
            _ if !is_tracked => None,
            Reporting::Exposures => {
                Some(written(key, context.user().user(), "", &ask.fallback.to_json(), true, ""))
            }
            _ => unit.and_then(|unit| self.counted(unit)),
        };
        self.events.take(Counted::Failure(code), event);
        with(resolved)
    }

    /// No instance could answer.
    #[cold]
    pub(super) fn resolve_failed<T>(
        &self,
        subject: Subject<'_>,
        error: &EngineError,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        let message = error.to_string();
        let resolved = Resolved::failure(ErrorCode::General, &message);
        let is_tracked = subject.unit.loaded().is_none_or(|loaded| loaded.tracked);
        self.answer_failure(Some(subject.unit), is_tracked, subject.key, resolved, context, ask, with)
    }

    /// The ruleset has no such flag.
    #[cold]
    pub(super) fn resolve_unknown<T>(
        &self,
        key: &str,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        if let Some(default) = self.default_flag(key) {
            return self.show_unreported(default, ask, with);
        }
        let resolved = Resolved::failure(ErrorCode::FlagNotFound, "no flag has this key");
        self.answer_failure(None, true, key, resolved, context, ask, with)
    }

    /// There is no ruleset.
    #[cold]
    pub(super) fn resolve_without_ruleset<T>(
        &self,
        key: &str,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        if let (Some(remote), Some(link)) =
            (self.remote.as_ref().filter(|remote| remote.mode == Mode::Remote), &self.link)
        {
            return self.resolve_remotely(remote, link, key, context, ask, with);
        }
        if let Some(default) = self.default_flag(key) {
            return self.show_unreported(default, ask, with);
        }
        self.fail(ask, ErrorCode::ProviderNotReady, "client has no ruleset yet", with)
    }

    /// Shows an answer that is counted here, and reported to nobody: the service's own, which it reports itself, or that of the
    /// options.
    pub(super) fn show_unreported<T>(
        &self,
        resolved: Resolved<'_>,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        let fits = resolved.outcome.is_none_or(|outcome| outcome.is(ask.flag_type));
        let has_failed = resolved.error.is_some() || !fits;
        let counted =
            if has_failed { Counted::Failure(resolved.error_for(ask.flag_type)) } else { Counted::Success };
        if ask.is_reported {
            self.events.take(counted, None);
        }
        with(resolved)
    }

    /// A failure that says nothing about a flag, and is not reported to the service.
    #[cold]
    pub(super) fn fail<T>(
        &self,
        ask: Ask<'_>,
        code: ErrorCode,
        message: &str,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        if ask.is_reported {
            self.events.take(Counted::Failure(code), None);
        }
        with(Resolved::failure(code, message))
    }

    /// Apart from [`Core::resolve`], which is small for the sake of our own guest.
    #[cold]
    #[inline(never)]
    pub(super) fn resolve_by_module<T>(
        &self,
        module: &Module,
        subject: Subject<'_>,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        let answer = match self.ask_module(module, subject, context) {
            Ok(answer) => answer,
            Err(error) => return self.resolve_failed(subject, &error, context, ask, with),
        };
        let resolved = answer.resolved();
        let fits = resolved.outcome.is_none_or(|outcome| outcome.is(ask.flag_type));
        if !ask.is_reported {
            return with(resolved);
        }
        if resolved.error.is_some() || !fits {
            let is_tracked = answer.is_tracked();
            return self.answer_failure(
                Some(subject.unit),
                is_tracked,
                subject.key,
                resolved,
                context,
                ask,
                with,
            );
        }
        let event = || {
            let given = resolved.outcome.and_then(HostOutcome::given_json);
            let value = given.unwrap_or_else(|| ask.fallback.to_json());
            let variation = resolved.outcome.and_then(HostOutcome::variant).unwrap_or_default();
            written(subject.key, context.user().user(), variation, &value, false, answer.version())
        };
        let is_tracked = answer.is_tracked() && self.events.is_open();
        self.events.take(Counted::Success, is_tracked.then(event));
        with(resolved)
    }

    /// Reports an event of the application's own. `details` is a JSON object, or nothing.
    ///
    /// # Errors
    /// When the name is empty, or the details are no JSON object or too large.
    pub(super) fn track(&self, name: &str, context: &Context, details: Option<&str>) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::InvalidArgument("name is empty".into()));
        }
        let details = details.map(str::trim).filter(|details| !details.is_empty()).unwrap_or("{}");
        if details.len() > MAX_DETAILS_BYTES {
            return Err(Error::InvalidArgument(format!("details have more than {MAX_DETAILS_BYTES} bytes")));
        }
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(details);
        if let Err(error) = is_json {
            return Err(Error::InvalidArgument(format!("details are no JSON: {error}")));
        }
        if !details.starts_with('{') {
            return Err(Error::InvalidArgument("details are no JSON object".into()));
        }
        context.encoded()?;
        if self.events.is_open() && self.options.events.tracks {
            let details = crate::evaluation::on_one_line(details);
            let text = self.tracked(name, context, &details).map_err(Error::InvalidArgument)?;
            self.events.take(Counted::Nothing, Some(Event::Written(text.into())));
        }
        Ok(())
    }
}

impl Core {
    /// An event of the application's own as the service takes it.
    fn tracked(&self, name: &str, context: &Context, details: &str) -> Result<String, String> {
        let event = Tracked { name, user: context.user().user(), context: context.json(), details };
        self.options.service.tracked(event, |flag| self.variant_of(flag, context))
    }

    /// The variant of a flag that is switched on.
    fn variant_of(&self, flag: &str, context: &Context) -> Option<String> {
        let ask = Ask { is_reported: false, ..Ask::new(FlagType::Any, Fallback::None) };
        let variant = |resolved: Resolved<'_>| {
            let outcome = resolved.outcome.filter(|_| resolved.reason != Reason::Disabled)?;
            outcome.variant().map(str::to_owned)
        };
        self.resolve(flag, context, ask, variant)
    }
}

#[inline]
fn exposure(unit: &Arc<Unit>, answer: Answer, context: &Context, fallback: Small) -> Event {
    Event::Exposure(Exposure {
        unit: unit.key(),
        outcome: answer.outcome,
        seconds: clock::seconds(),
        user: context.user().clone(),
        fallback,
    })
}

/// An event in the form in which it is sent.
fn written(
    flag: &str,
    user: User<'_>,
    variation: &str,
    value: &str,
    has_failed: bool,
    version: &str,
) -> Event {
    let seconds = clock::seconds();
    let evaluated = Evaluated { flag, user, seconds, variation, value, has_failed, version };
    Event::Written(report::evaluated(evaluated).into())
}
