//! Flags: loaded and evaluated as an ordinary library, and in the sandbox.

use std::sync::{Mutex, OnceLock, PoisonError};

use pennon::{Client, Context as ClientContext, Options, Service};
use pennon_goff::{Goff, Unit};
use pennon_wire::guest::{Evaluator, LoadRequest, Time};
use pennon_wire::report::{LoadReport, Outcome};
use pennon_wire::{Answer, Context};
use serde_json::value::RawValue;

use super::input::{encoded, encoded_some, texts};
use super::ruling::{self, answer};

/// Contexts that every flag is asked for, beside the input's own.
const CONTEXTS: [&str; 4] = [
    "{}",
    r#"{"targetingKey": "user-1", "a": "x", "b": 2, "c": {"d": "k"}}"#,
    r#"{"targetingKey": "user-2", "anonymous": true, "a": ["x"], "b": "2", "gofeatureflag": {"currentDateTime": "2025-06-01T00:00:00Z"}}"#,
    r#"{"targetingKey": "", "a": null, "b": 1.5}"#,
];

/// Moments before, amid and after the dates that flags have.
const TIMES: [Time; 4] = [
    Time { seconds: -1, nanoseconds: 999_999_999 },
    Time { seconds: 1_717_243_200, nanoseconds: 0 },
    Time { seconds: 1_800_000_000, nanoseconds: 1 },
    Time { seconds: 40_000_000_000, nanoseconds: 0 },
];

/// A flag keeps to what its report says: one answer for one context and time, of those it lists, the same for what it does not
/// depend on; its report reads back; and the sandbox gives the answer that the library gives.
pub fn run(data: &[u8]) {
    let Some([flag, context, enrichment]) = texts(data) else { return };
    let encoded_enrichment = encoded(enrichment).unwrap_or_default();
    let request = LoadRequest { key: "flag", unit: flag.as_bytes(), enrichment: &encoded_enrichment };
    let (unit, report) = Goff::default().load(request);
    let (twin, same) = Goff::default().load(request);
    assert_eq!(report, same, "loaded again");
    let mut bytes = Vec::new();
    report.encode(&mut bytes);
    assert_eq!(LoadReport::decode(&bytes).as_ref(), Ok(&report));
    for context in CONTEXTS.into_iter().chain([context]) {
        if let Some(bytes) = encoded(context) {
            keeps_to_its_report(&unit, &twin, &report, context, Context::new(&bytes));
        }
    }
    if let (false, Ok(flag)) = (report.depends_on_time, serde_json::from_str::<&RawValue>(flag)) {
        let enrichment = if encoded_enrichment.is_empty() { "null" } else { enrichment };
        is_the_same_in_the_sandbox(&unit, &report, flag.get(), context, enrichment);
    }
}

fn keeps_to_its_report(unit: &Unit, twin: &Unit, report: &LoadReport, json: &str, context: Context<'_>) {
    let some = report
        .attributes
        .as_ref()
        .map(|names| encoded_some(json, |name| names.iter().any(|known| known == name)).unwrap_or_default());
    // The host asks no unit that has a constant answer; one that cannot work has nothing but that.
    if let Some(constant) = report.constant {
        let answer = Goff::evaluate(unit, context, TIMES[0]);
        assert!(constant.error.is_some() || answer == constant, "{constant:?} is not {answer:?}");
        return;
    }
    let mut first = None;
    for time in TIMES {
        let answer = Goff::evaluate(unit, context, time);
        assert_eq!(Goff::evaluate(unit, context, time), answer, "asked again");
        assert_eq!(Goff::evaluate(twin, context, time), answer, "loaded again");
        assert_eq!(report.check(answer), Some(answer), "an answer that the report has not");
        if !report.depends_on_time {
            assert_eq!(*first.get_or_insert(answer), answer, "it depends on time");
        }
        if let Some(some) = &some {
            let without = Goff::evaluate(unit, Context::new(some), time);
            assert_eq!(without, answer, "it names {:?} alone, and reads more of {json}", report.attributes);
        }
    }
}

fn is_the_same_in_the_sandbox(unit: &Unit, report: &LoadReport, flag: &str, context: &str, enrichment: &str) {
    static CLIENT: OnceLock<Mutex<Client>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        let client = Client::new(Options::new(Service::Goff).pool_size(1));
        Mutex::new(client.unwrap_or_else(|error| panic!("a client without a ruleset: {error}")))
    });
    let client = client.lock().unwrap_or_else(PoisonError::into_inner);
    let ruleset =
        format!("{{\"flags\": {{\"flag\": {flag}}}, \"evaluationContextEnrichment\": {enrichment}}}");
    if client.set_ruleset(ruleset).is_err() {
        return;
    }
    for context in CONTEXTS.into_iter().chain([context]) {
        let (Some(bytes), Ok(context)) = (encoded(context), ClientContext::from_json(context)) else {
            continue;
        };
        let evaluated = || Goff::evaluate(unit, Context::new(&bytes), TIMES[1]);
        let expected = looked_up(report, report.constant.unwrap_or_else(evaluated));
        let given = answer(&client, "flag", &context);
        // How much CPU time a flag takes is no property of it.
        if !given.message.contains("CPU time") {
            assert_eq!(given, expected, "in the sandbox, and as a library");
        }
    }
}

/// An answer with its parts, as the host looks them up.
fn looked_up(report: &LoadReport, answer: Answer) -> ruling::Answer {
    let Outcome { variant, value, metadata, .. } =
        report.outcomes.get(answer.outcome as usize).cloned().unwrap_or_default();
    let message = answer.message.and_then(|index| report.messages.get(usize::from(index)));
    ruling::Answer {
        value: value.unwrap_or_default(),
        variant: variant.unwrap_or_default(),
        metadata,
        reason: answer.reason,
        error: answer.error,
        message: message.cloned().unwrap_or_default(),
    }
}
