//! Evaluation by the service: remote mode with its cache, and the fallback of a flag that cannot be evaluated here.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use pennon_wire::report::Outcome;
use pennon_wire::{ErrorCode, Reason};
use sha2::{Digest, Sha256};

use super::core::Core;
use super::link::Link;
use super::record::Ask;
use super::refresh::PATIENCE;
use crate::context::Context;
use crate::evaluation::{Evaluations, FlagType, HostOutcome, Resolved};
use crate::http::Http;
use crate::limits::MAX_ANSWER_BYTES;
use crate::listener::ProviderEvent;
use crate::log::LogLevel;
use crate::options::{Mode, Options};
use crate::retry::MAX_RETRY_AFTER;
use crate::service::remote::{RemoteAnswer, RemoteQuestion};
use crate::service::{Service, ValueOptions};
use crate::state::{Severity, State};

/// The longest that an evaluation in this process waits for the service to help out.
const FALLBACK_TIMEOUT: Duration = Duration::from_secs(2);

/// How often the service is asked to help out: no more than so many evaluations in a period, so that a flag that is broken for
/// everybody does not become a request for everybody.
const FALLBACKS: u32 = 10;
const PERIOD: Duration = Duration::from_secs(1);

/// After the service failed to help out it is left alone for so long.
const FALLBACK_PAUSE: Duration = Duration::from_secs(10);

/// By what an answer is known: the hash of the flag's key and the context.
type Question = [u8; 32];

/// Asks the service to evaluate.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) mode: Mode,
    service: Service,
    values: ValueOptions,
    endpoint: String,
    http: Http,
    metadata: Option<String>,
    cache: Option<Mutex<LruCache<Question, Kept>>>,
    /// Rises when answers are forgotten: one that was asked for before is not kept.
    epoch: AtomicU64,
    ttl: Duration,
    pace: Mutex<Pace>,
}

#[derive(Clone, Debug)]
struct Kept {
    answers: Arc<Answers>,
    since: Instant,
}

/// The answers that came at once, by flag.
type Answers = HashMap<String, Arc<Answer>>;

/// Why there is no answer.
#[derive(Debug)]
struct Failure {
    message: String,
    cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The context cannot be asked about.
    Question,
    /// The service wants to be left alone.
    Pause,
    /// The service does not answer as it is asked to, with what that says about it.
    Service(Severity),
}

impl Failure {
    fn of(message: String) -> Self {
        Self { message, cause: Cause::Service(Severity::After(PATIENCE)) }
    }
}

/// When the service may be asked again.
#[derive(Debug, Default)]
struct Pace {
    /// Not before then: the service said so, or failed.
    paused_until: Option<Instant>,
    period: Option<Instant>,
    asked: u32,
}

/// An answer in the form of our own.
#[derive(Debug)]
struct Answer {
    outcome: HostOutcome,
    reason: Reason,
    error: Option<ErrorCode>,
    message: String,
}

impl Answer {
    fn new(answer: RemoteAnswer) -> Self {
        let RemoteAnswer { outcome, reason, error, message, .. } = answer;
        Self { outcome: HostOutcome::new(outcome), reason, error, message }
    }

    fn failure(message: String) -> Self {
        Self::of_error(ErrorCode::General, message)
    }

    /// Of a flag that the service does not have.
    fn unknown() -> Self {
        Self::of_error(ErrorCode::FlagNotFound, "no flag has this key".into())
    }

    fn of_error(error: ErrorCode, message: String) -> Self {
        let outcome = HostOutcome::new(Outcome::default());
        Self { outcome, reason: Reason::Error, error: Some(error), message }
    }

    fn resolved(&self) -> Resolved<'_> {
        Resolved {
            outcome: Some(&self.outcome),
            reason: self.reason,
            error: self.error,
            message: &self.message,
        }
    }
}

impl Remote {
    pub(super) fn new(options: &Options, link: &Link) -> Option<Self> {
        let network = &options.network;
        let endpoint = link.endpoint.clone()?;
        let is_remote = network.mode == Mode::Remote;
        let size =
            NonZeroUsize::new(network.cache_size).filter(|_| is_remote && !network.cache_ttl.is_zero());
        let timeout = if is_remote { network.timeout } else { network.timeout.min(FALLBACK_TIMEOUT) };
        Some(Self {
            mode: network.mode,
            service: options.service,
            values: options.values,
            endpoint,
            http: link.transport.connect_within(timeout).retrying(network.retries.unwrap_or_default()),
            metadata: options.events.exporter_metadata.clone(),
            // Made with room for few: it grows with what comes.
            cache: size.map(|size| Mutex::new(bounded(size))),
            epoch: AtomicU64::new(0),
            ttl: network.cache_ttl,
            pace: Mutex::default(),
        })
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all answers: flags have changed.
    pub(super) fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if let Some(cache) = &self.cache {
            cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    fn kept(&self, question: &Question) -> Option<Arc<Answers>> {
        let mut cache = self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = cache.get(question)?;
        if kept.since.elapsed() < self.ttl {
            return Some(Arc::clone(&kept.answers));
        }
        cache.pop(question);
        None
    }

    /// Keeps answers that were asked for at `epoch`.
    fn keep(&self, question: Question, answers: Answers, epoch: u64) {
        let Some(cache) = &self.cache else { return };
        let kept = Kept { answers: Arc::new(answers), since: Instant::now() };
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::SeqCst) == epoch {
            cache.put(question, kept);
        }
    }

    /// Leaves the service alone for a while, or for as long as it asked.
    fn rest(&self, pause: Duration) {
        let mut pace = self.pace();
        pace.paused_until = pace.paused_until.max(Instant::now().checked_add(pause));
    }

    /// How long the service wants to be left alone yet.
    fn pause(&self) -> Option<Duration> {
        let until = self.pace().paused_until?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Asks about a flag, or about all.
    fn ask(&self, link: &Link, flag: Option<&str>, context: &Context) -> Result<Vec<RemoteAnswer>, Failure> {
        if let Some(left) = self.pause() {
            let message = format!("{} wants to be left alone for {} ms", self.endpoint, left.as_millis());
            return Err(Failure { message, cause: Cause::Pause });
        }
        let key = link.key();
        let question = RemoteQuestion {
            endpoint: &self.endpoint,
            key: key.as_deref().map(String::as_str),
            flag,
            context: context.json(),
            metadata: self.metadata.as_deref(),
        };
        let request = self.service.remote_request(&question);
        let request = request.map_err(|message| Failure { message, cause: Cause::Question })?;
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = match &request.body {
            Some(body) => self.http.post(&request.url, &headers, body.as_bytes(), MAX_ANSWER_BYTES),
            None => self.http.get(&request.url, &headers, MAX_ANSWER_BYTES),
        };
        let response = response.map_err(|error| Failure::of(format!("{}: {error}", self.endpoint)))?;
        let (status, excerpt) = (response.status, response.excerpt());
        if status == 429 {
            self.rest(response.retry_after.unwrap_or(PERIOD).min(MAX_RETRY_AFTER));
        }
        if !self.service.is_remote_answer(status) {
            let failure = Failure::of(format!("{} answers with status {status}: {excerpt}", self.endpoint));
            let refuses = self.service.refuses_key(&response);
            return Err(if refuses {
                Failure { cause: Cause::Service(Severity::Refused), ..failure }
            } else {
                failure
            });
        }
        self.service.remote_answers(&question, &response.body, self.values).map_err(|cause| {
            Failure::of(format!("{} gives no evaluation: status {status}, {cause}: {excerpt}", self.endpoint))
        })
    }

    /// Evaluates a flag, and whatever else the service evaluates with it. Which of them may be kept is the flag's answer's to say.
    fn evaluate(
        &self,
        link: &Link,
        flag: &str,
        context: &Context,
    ) -> Result<(Arc<Answer>, Option<Answers>), Failure> {
        let answers = self.ask(link, Some(flag), context)?;
        let is_cacheable = answers.iter().all(|answer| answer.is_cacheable);
        // One that is about a flag alone is about the flag that was asked for.
        let key = |answer: &RemoteAnswer| {
            if self.service.answers_for_all() { answer.key.clone() } else { flag.to_owned() }
        };
        let answers: Answers =
            answers.into_iter().map(|answer| (key(&answer), Arc::new(Answer::new(answer)))).collect();
        let answer = answers.get(flag).map_or_else(|| Arc::new(Answer::unknown()), Arc::clone);
        Ok((answer, is_cacheable.then_some(answers)))
    }

    /// Whether the service may be asked to help out now.
    fn may_help(&self) -> bool {
        let now = Instant::now();
        let mut pace = self.pace();
        if pace.paused_until.is_some_and(|until| until > now) {
            return false;
        }
        if pace.period.is_none_or(|since| now.saturating_duration_since(since) >= PERIOD) {
            pace.period = Some(now);
            pace.asked = 0;
        }
        pace.asked += 1;
        pace.asked <= FALLBACKS
    }

    /// Makes who waits for an answer give up.
    pub(super) fn interrupt(&self) {
        self.http.interrupt();
    }
}

/// A cache that takes memory for what is in it, not for what may be.
fn bounded(size: NonZeroUsize) -> LruCache<Question, Kept> {
    let mut cache = LruCache::unbounded();
    cache.resize(size);
    cache
}

/// By what the answers are known that are about a flag, or about all flags of a context.
fn question(flag: &str, context: &Context) -> Question {
    let mut hash = Sha256::new();
    hash.update((flag.len() as u64).to_le_bytes());
    hash.update(flag.as_bytes());
    hash.update(context.json().as_bytes());
    hash.finalize().into()
}

impl Core {
    /// The way of an evaluation in remote mode.
    pub(super) fn resolve_remotely<T>(
        &self,
        remote: &Remote,
        link: &Link,
        key: &str,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        if let Err(error) = context.encoded() {
            return self.fail(ask, ErrorCode::InvalidContext, &error.to_string(), with);
        }
        let question = question(if remote.service.answers_for_all() { "" } else { key }, context);
        if let Some(answers) = remote.kept(&question) {
            let answer = answers.get(key).map_or_else(|| Arc::new(Answer::unknown()), Arc::clone);
            let resolved = answer.resolved();
            let reason = if resolved.error.is_some() { resolved.reason } else { Reason::Cached };
            return self.show_remote(key, Resolved { reason, ..resolved }, ask, with);
        }
        let epoch = remote.epoch.load(Ordering::SeqCst);
        let answer = match remote.evaluate(link, key, context) {
            Ok((answer, answers)) => {
                answers.into_iter().for_each(|answers| remote.keep(question, answers, epoch));
                self.remote_answered();
                answer
            }
            Err(failure) => {
                self.remote_failed(&failure);
                if failure.cause != Cause::Question
                    && let Some(default) = self.default_flag(key)
                {
                    return self.show_unreported(default, ask, with);
                }
                Arc::new(Answer::failure(failure.message))
            }
        };
        self.show_remote(key, answer.resolved(), ask, with)
    }

    /// The service has evaluated: it is there.
    fn remote_answered(&self) {
        if self.signal().state() != State::Ready
            && let Some(state) = self.signal().succeed()
        {
            self.outbox.tell(ProviderEvent::State { state, reason: String::new() });
        }
    }

    /// The service has not evaluated.
    fn remote_failed(&self, failure: &Failure) {
        let Cause::Service(severity) = failure.cause else { return };
        if let Some(state) = self.signal().fail_remote(&failure.message, severity) {
            self.say(LogLevel::Error, &failure.message);
            self.outbox.tell(ProviderEvent::State { state, reason: failure.message.clone() });
        }
    }

    /// Shows what the service answers, or the default flag where it has no such flag.
    fn show_remote<T>(
        &self,
        key: &str,
        resolved: Resolved<'_>,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        let is_unknown = resolved.error == Some(ErrorCode::FlagNotFound);
        let default = is_unknown.then(|| self.default_flag(key)).flatten();
        self.show_unreported(default.unwrap_or(resolved), ask, with)
    }

    /// Lets the service evaluate a flag that could not be evaluated here; `with` back where it does not either.
    pub(super) fn help_out<T, W: FnOnce(Resolved<'_>) -> T>(
        &self,
        code: ErrorCode,
        key: &str,
        context: &Context,
        ask: Ask<'_>,
        with: W,
    ) -> Result<T, W> {
        let may_help = matches!(code, ErrorCode::ParseError | ErrorCode::General)
            && ask.is_reported
            && self.options.service.helps_out();
        let (Some(remote), Some(link)) = (self.remote.as_ref().filter(|_| may_help), &self.link) else {
            return Err(with);
        };
        if !remote.may_help() {
            return Err(with);
        }
        let answer = match remote.ask(link, Some(key), context) {
            Ok(answers) => answers.into_iter().next().filter(|answer| answer.error.is_none()),
            Err(_) => {
                remote.rest(FALLBACK_PAUSE);
                return Err(with);
            }
        };
        let Some(mut answer) = answer.map(Answer::new) else { return Err(with) };
        let metadata = self.options.service.marked(answer.outcome.metadata());
        answer.outcome.set_metadata(metadata);
        Ok(self.show_unreported(answer.resolved(), ask, with))
    }

    /// Evaluates all flags in remote mode; none where the service does not answer, which is said to the log.
    pub(super) fn evaluate_all_remotely(
        &self,
        remote: &Remote,
        link: &Link,
        context: &Context,
        selects: impl Fn(&str) -> bool,
    ) -> Result<Evaluations, String> {
        context.encoded().map_err(|error| error.to_string())?;
        let answers = remote.ask(link, None, context);
        let answers =
            answers.inspect_err(|failure| self.remote_failed(failure)).map_err(|failure| failure.message)?;
        let selected = answers.into_iter().filter(|answer| selects(&answer.key));
        let evaluation = |answer: RemoteAnswer| {
            let key = answer.key.clone();
            Answer::new(answer).resolved().into_evaluation(&key, FlagType::Any)
        };
        Ok(selected.map(evaluation).collect())
    }
}
