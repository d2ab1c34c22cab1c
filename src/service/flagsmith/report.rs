//! What is reported to Flagsmith: how often flags were evaluated, and events of experiments (reference 3.5, 3.6, 4.3).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::api::{DEFAULT_ENDPOINT, origin};
use super::fields::text;
use crate::json::{members, quoted};
use crate::service::report::Tracked;

/// Where events go of environments on Flagsmith's own service.
const DEFAULT_EVENTS: &str = "https://events.api.flagsmith.com";

/// OpenFeature's name for an exposure.
const EXPOSURE: &str = "feature_flag.exposure";

/// The service's own.
const OWN_EXPOSURE: &str = "$flag_exposure";

/// What begins a count, and an event.
const COUNT: &str = "{\"flag\":";

/// A number of evaluations of a flag.
pub(crate) fn counted(flag: &str, count: u64) -> String {
    format!("{COUNT}{},\"count\":{count}}}", quoted(flag))
}

/// Whether a report is a number of evaluations; else it is an event.
pub(crate) fn is_count(report: &str) -> bool {
    report.starts_with(COUNT)
}

/// Where numbers of evaluations go.
pub(crate) fn analytics_url(endpoint: &str) -> String {
    format!("{endpoint}/analytics/flags/")
}

/// Where events go.
pub(crate) fn events_url(endpoint: &str, events: Option<&str>) -> String {
    let base = match events {
        Some(events) => events,
        None if endpoint == DEFAULT_ENDPOINT => DEFAULT_EVENTS,
        None => origin(endpoint),
    };
    format!("{base}/v1/events")
}

#[derive(Deserialize)]
struct Count {
    flag: String,
    count: u64,
}

/// The request for numbers of evaluations: of each flag the sum.
pub(crate) fn analytics<T: AsRef<str>>(reports: &[T]) -> Vec<u8> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for report in reports {
        if let Ok(Count { flag, count }) = serde_json::from_str(report.as_ref()) {
            *sums.entry(flag).or_default() += count;
        }
    }
    serde_json::to_vec(&sums).unwrap_or_default()
}

/// The request for events. Of several exposures of one identity to one variant the first counts.
pub(crate) fn events<T: AsRef<str>>(reports: &[T]) -> Vec<u8> {
    let mut seen = BTreeSet::new();
    let is_first = |report: &&T| exposure_of(report.as_ref()).is_none_or(|exposure| seen.insert(exposure));
    let events: Vec<&str> = reports.iter().filter(is_first).map(AsRef::as_ref).collect();
    format!("{{\"events\":[{}]}}", events.join(",")).into_bytes()
}

/// Feature, identity and variant of an exposure.
fn exposure_of(report: &str) -> Option<[String; 3]> {
    let members = members(report).ok()?;
    let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value.get());
    let is_exposure = member("event").and_then(text).is_some_and(|event| event == OWN_EXPOSURE);
    let parts =
        ["feature_name", "identifier", "value"].map(|name| member(name).unwrap_or_default().to_owned());
    is_exposure.then_some(parts)
}

/// An event as the service takes it. `variant` finds the variant of a flag that is switched on, for exposures that name none.
///
/// # Errors
/// When the service takes no such event.
pub(crate) fn tracked(
    event: &Tracked<'_>,
    milliseconds: u64,
    variant: impl FnOnce(&str) -> Option<String>,
) -> Result<String, String> {
    let mut details = members(event.details).map_err(|error| error.to_string())?;
    if event.name != EXPOSURE {
        if event.name.starts_with('$') {
            return Err(format!("name `{}` is the service's; exposures are `{EXPOSURE}`", event.name));
        }
        let value = take(&mut details, "value").filter(|value| is_number(value));
        let value = value.map_or_else(|| "null".into(), quoted);
        return Ok(written(event, milliseconds, event.name, ["null", &value], &details));
    }
    let flag = take(&mut details, "flag_key").and_then(text);
    let flag = flag.ok_or("an exposure needs a detail `flag_key`, a string")?;
    let identifier = event.user.key.filter(|identifier| !identifier.is_empty());
    identifier.ok_or("an exposure needs a context with a targeting key")?;
    let given = match take(&mut details, "variant") {
        None | Some("null") => None,
        Some(json) => Some(text(json).ok_or("detail `variant` is no string")?.into_owned()),
    };
    let value = given.or_else(|| variant(&flag));
    let value = value.ok_or("the flag is switched off, or has no variants: nobody is exposed to one")?;
    Ok(written(event, milliseconds, OWN_EXPOSURE, [&quoted(&flag), &quoted(&value)], &details))
}

fn take<'d>(details: &mut Vec<(String, &'d RawValue)>, name: &str) -> Option<&'d str> {
    let found = details.iter().rposition(|(known, _)| known == name)?;
    Some(details.remove(found).1.get())
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

fn written(
    event: &Tracked<'_>,
    milliseconds: u64,
    name: &str,
    [feature, value]: [&str; 2],
    details: &[(String, &RawValue)],
) -> String {
    let identifier = event.user.key.map_or_else(|| "null".into(), quoted);
    let mut traits = members(event.context).unwrap_or_default();
    traits.retain(|(name, _)| !super::remote::NO_TRAITS.contains(&name.as_str()));
    let object = |members: &[(String, &RawValue)]| {
        members
            .iter()
            .map(|(name, value)| format!("{}:{}", quoted(name), value.get()))
            .collect::<Vec<_>>()
            .join(",")
    };
    let traits = if traits.is_empty() { "null".into() } else { format!("{{{}}}", object(&traits)) };
    let more = if details.is_empty() { String::new() } else { format!("{},", object(details)) };
    format!(
        "{{\"event\":{},\"feature_name\":{feature},\"identifier\":{identifier},\"value\":{value},\"traits\":{traits},\
         \"metadata\":{{{more}\"sdk_version\":\"{}\"}},\"timestamp\":{}}}",
        quoted(name),
        env!("CARGO_PKG_VERSION"),
        milliseconds
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::User;

    #[test]
    fn counts_are_summed_and_exposures_are_sent_once() {
        let reports = [counted("a\"", 2), counted("b", 1), counted("a\"", 3)];
        assert!(reports.iter().all(|report| is_count(report)));
        assert_eq!(String::from_utf8(analytics(&reports)).unwrap(), r#"{"a\"":5,"b":1}"#);
        let exposure = |identifier| {
            let user = User { key: Some(identifier), is_anonymous: false };
            let context = "{\"targetingKey\":\"x\",\"n\":1}";
            let event = Tracked { name: EXPOSURE, user, context, details: "{\"flag_key\":\"f\",\"page\":2}" };
            tracked(&event, 7, |flag| (flag == "f").then(|| "blue".into())).unwrap()
        };
        let one = exposure("u");
        assert_eq!(
            one,
            format!(
                r#"{{"event":"$flag_exposure","feature_name":"f","identifier":"u","value":"blue","traits":{{"n":1}},"metadata":{{"page":2,"sdk_version":"{}"}},"timestamp":7}}"#,
                env!("CARGO_PKG_VERSION")
            )
        );
        let sent = String::from_utf8(events(&[one.clone(), one, exposure("v")])).unwrap();
        assert_eq!(sent.matches("$flag_exposure").count(), 2);
    }

    #[test]
    fn what_the_service_does_not_take_is_refused() {
        let event = |name, identifier, details| {
            let user = User { key: identifier, is_anonymous: false };
            tracked(&Tracked { name, user, context: "{}", details }, 7, |_| None)
        };
        assert!(event("$x", None, "{}").is_err());
        assert!(event(EXPOSURE, Some("u"), "{}").is_err());
        assert!(event(EXPOSURE, None, "{\"flag_key\":\"f\",\"variant\":\"a\"}").is_err());
        assert!(event(EXPOSURE, Some("u"), "{\"flag_key\":\"f\"}").is_err());
        let bought = event("bought", None, "{\"value\":99.5}").unwrap();
        assert!(bought.contains("\"value\":\"99.5\"") && bought.contains("\"identifier\":null"), "{bought}");
    }
}
