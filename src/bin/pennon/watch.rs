//! `pennon watch`: follows a live service and says what happens, as it happens.

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, Context, Evaluation, FlagType, Listener, ProviderEvent};
use serde_json::value::RawValue;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::Outcome;
use crate::moment;
use crate::source::Source;

/// Follow a live service: a line for each state, change, evaluation and delivery, as it happens.
///
/// Ends on SIGINT or SIGTERM, or when --count evaluations are done: then it sends what is pending and prints `stats` last.
/// Exit status: 0 done; 2 wrong arguments; 3 events remain unsent, or a file cannot be used.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Evaluate these questions, one a line, `{"flag": KEY, "context": {...}}`, in a loop; `-` is standard input, read to its
    /// end first.
    #[arg(long, value_name = "FILE|-")]
    batch: Option<PathBuf>,
    /// Evaluations a second; 0 is as many as possible.
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = rate, requires = "batch")]
    rate: f64,
    /// End after so many evaluations.
    #[arg(long, value_name = "N", requires = "batch")]
    count: Option<u64>,
    /// A folder for the last good ruleset, with which the next run begins where the service cannot be reached.
    #[arg(long, value_name = "DIR")]
    cache: Option<String>,
    /// A folder in which events survive a crash.
    #[arg(long, value_name = "DIR")]
    spool: Option<String>,
    /// How long waiting for the first ruleset, and sending what is pending at the end, may take.
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    timeout_ms: u32,
    /// Print JSON objects with `at` and `event`.
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1e9).contains(&rate) => Ok(rate),
        _ => Err("allowed: 0 to 1000000000".into()),
    }
}

/// How often the command looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// A question of the batch.
struct Question {
    flag: Option<String>,
    user: String,
    context: Context,
}

/// Prints lines, from any thread.
#[derive(Debug)]
struct Printer {
    out: Mutex<io::Stdout>,
    is_json: bool,
    /// Whether nobody reads any more.
    is_broken: AtomicBool,
}

impl Printer {
    /// Prints what happened: `json` is an object that begins with its member `event`.
    fn print(&self, json: &str, readable: &str) {
        let at = moment::now();
        let line = match self.is_json {
            true => format!("{{\"at\":\"{at}\",{}\n", json.strip_prefix('{').unwrap_or_default()),
            false => format!("{at}  {readable}\n"),
        };
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.is_broken.store(true, Ordering::Relaxed);
        }
    }
}

impl Listener for Printer {
    fn hear(&self, event: &ProviderEvent) {
        let readable = match event {
            ProviderEvent::State { state, reason } => format!("state {} {reason}", state.name()),
            ProviderEvent::ConfigurationChanged { flags, source, took } => {
                let ms = took.as_secs_f64() * 1e3;
                format!("configuration_changed {} (from {}, {ms:.1} ms)", flags.join(" "), source.name())
            }
            ProviderEvent::RefreshFailed { error } => format!("refresh_failed {error}"),
            ProviderEvent::EventsDropped { count, reason } => format!("events_dropped {count}: {reason}"),
            ProviderEvent::EventsSent { count } | ProviderEvent::EventsSpooled { count } => {
                format!("{} {count}", event.name())
            }
            _ => event.name().to_owned(),
        };
        self.print(&event.to_json(), readable.trim_end());
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let questions = arguments.batch.as_ref().map(questions).transpose()?.unwrap_or_default();
    let end = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&end)).map_err(|error| error.to_string())?;
    }
    let printer = Arc::new(Printer {
        out: Mutex::new(io::stdout()),
        is_json: arguments.json,
        is_broken: AtomicBool::new(false),
    });
    let mut defaults = Vec::new();
    defaults.extend(arguments.cache.as_deref().map(|folder| ("cache_dir", folder)));
    defaults.extend(arguments.spool.as_deref().map(|folder| ("spool_dir", folder)));
    let listener = Arc::clone(&printer);
    let options = arguments.source.options_with(&defaults).listener(listener);
    let client = Client::new(options).map_err(|error| error.to_string())?;
    let is_over = || end.load(Ordering::Relaxed) || printer.is_broken.load(Ordering::Relaxed);
    if questions.is_empty() {
        while !is_over() {
            thread::sleep(LOOK);
        }
    } else {
        wait_ready(&client, arguments.timeout_ms, &is_over);
        evaluate(&client, arguments, &questions, &printer, &is_over);
    }
    let remaining = client.shutdown(Duration::from_millis(arguments.timeout_ms.into()));
    let stats = client.stats().to_json();
    printer.print(
        &format!("{{\"event\":\"stats\",{}", stats.strip_prefix('{').unwrap_or_default()),
        &format!("stats {stats}"),
    );
    Ok(if remaining == 0 { Outcome::Done } else { Outcome::Unusable })
}

/// Waits for the first ruleset; an evaluation before it says only that there is none.
fn wait_ready(client: &Client, timeout_ms: u32, is_over: &impl Fn() -> bool) {
    let start = Instant::now();
    while !client.wait_ready(LOOK) && !is_over() && start.elapsed() < Duration::from_millis(timeout_ms.into())
    {
        // A client whose key is refused does not wait at all.
        thread::sleep(LOOK);
    }
}

fn questions(path: &PathBuf) -> Result<Vec<Question>, String> {
    let name = path.display();
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| format!("batch {name}: {error}"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let questions: Vec<_> = lines
        .map(|(index, line)| {
            question(line).map_err(|cause| format!("batch {name}, line {}: {cause}", index + 1))
        })
        .collect::<Result<_, _>>()?;
    if questions.is_empty() { Err(format!("batch {name}: there is no question")) } else { Ok(questions) }
}

fn question(line: &str) -> Result<Question, String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line<'a> {
        flag: Option<String>,
        #[serde(borrow)]
        context: Option<&'a RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct User {
        #[serde(rename = "targetingKey")]
        targeting_key: Option<serde_json::Value>,
    }
    let Line { flag, context } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let json = context.map_or("{}", RawValue::get);
    let user = serde_json::from_str::<User>(json).ok().and_then(|user| user.targeting_key);
    let user = user.map_or("null".into(), |user| user.to_string());
    Ok(Question { flag, user, context: Context::from_json(json).map_err(|error| error.to_string())? })
}

/// Evaluates the questions in turn, at the rate, until the count.
fn evaluate(
    client: &Client,
    arguments: &Arguments,
    questions: &[Question],
    printer: &Printer,
    is_over: &impl Fn() -> bool,
) {
    let start = Instant::now();
    let count = arguments.count.unwrap_or(u64::MAX);
    for (number, question) in (0..count).zip(questions.iter().cycle()) {
        let due = match arguments.rate {
            0.0 => Duration::ZERO,
            rate => Duration::from_secs_f64(number as f64 / rate),
        };
        while start.elapsed() < due && !is_over() {
            thread::sleep(due.saturating_sub(start.elapsed()).min(LOOK));
        }
        if is_over() {
            return;
        }
        match &question.flag {
            Some(flag) => print(printer, question, &client.evaluate(flag, FlagType::Any, &question.context)),
            None => {
                let all = client.evaluate_all(&question.context).unwrap_or_default();
                all.iter().for_each(|evaluation| print(printer, question, evaluation));
            }
        }
    }
}

fn print(printer: &Printer, question: &Question, evaluation: &Evaluation) {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let value = match evaluation.value_json() {
        "" => "null".to_owned(),
        json => json.replace(['\n', '\r'], " "),
    };
    let (flag, reason) = (evaluation.key(), evaluation.reason().name());
    let mut json = format!(
        "{{\"event\":\"evaluation\",\"flag\":{},\"targetingKey\":{},\"value\":{value},\"variant\":{},\"reason\":\"{reason}\"",
        quoted(flag),
        question.user,
        if evaluation.has_variant() || evaluation.error_code().is_some() {
            quoted(evaluation.variant())
        } else {
            "null".into()
        }
    );
    let mut readable =
        format!("evaluation {flag} {} {value} {} {reason}", question.user, evaluation.variant());
    if let Some(code) = evaluation.error_code() {
        let details = quoted(evaluation.error_message());
        json.push_str(&format!(",\"errorCode\":\"{}\",\"errorDetails\":{details}", code.name()));
        readable.push_str(&format!(" {}: {}", code.name(), evaluation.error_message()));
    }
    json.push('}');
    printer.print(&json, &readable);
}
