//! The option `default_flags`: what flags are that the service says nothing of.

use serde_json::value::RawValue;

use super::invalid;
use super::read::{Given, shown};
use crate::error::Error;
use crate::json::members;
use crate::limits::{MAX_ANSWER_BYTES, MAX_DEFAULT_FLAGS};
use crate::service::DefaultFlag;

const ALLOWED: &str = "an object of \"enabled\" (true, false) and \"value\" (any)";

/// Reads `{NAME: {"enabled": BOOL, "value": ANY}, ...}`.
pub(super) fn default_flags(value: Given<'_>) -> Result<Vec<DefaultFlag>, Error> {
    let json = value.json();
    if json.len() as u64 > MAX_ANSWER_BYTES {
        return Err(value.not_allowed(&format!("at most {MAX_ANSWER_BYTES} bytes")));
    }
    let given = members(&json)
        .map_err(|_| value.not_allowed(&format!("an object of names of flags, each with {ALLOWED}")))?;
    if given.len() > MAX_DEFAULT_FLAGS {
        return Err(value.not_allowed(&format!("at most {MAX_DEFAULT_FLAGS} flags")));
    }
    let mut flags: Vec<DefaultFlag> =
        given.into_iter().map(|(key, json)| default_flag(key, json)).collect::<Result<_, _>>()?;
    flags.sort_by(|one, other| one.key.cmp(&other.key));
    let twice = flags.windows(2).find_map(|pair| match pair {
        [one, other] if one.key == other.key => Some(&one.key),
        _ => None,
    });
    twice.map_or(Ok(()), |key| Err(refused(key, "is given twice")))?;
    Ok(flags)
}

fn default_flag(key: String, json: &RawValue) -> Result<DefaultFlag, Error> {
    let refused = |what: &str| refused(&key, what);
    let is = |json: &RawValue, allowed: &str| format!("is {}; allowed: {allowed}", shown(json.get()));
    let fields = members(json.get()).map_err(|_| refused(&is(json, ALLOWED)))?;
    let (mut enabled, mut value) = (None, None);
    for (name, json) in &fields {
        let field = match name.as_str() {
            "enabled" => &mut enabled,
            "value" => &mut value,
            _ => return Err(refused(&format!("has {}; allowed: {ALLOWED}", shown(name)))),
        };
        if field.replace(json.get()).is_some() {
            return Err(refused(&format!("has {name} twice")));
        }
        if name == "enabled" && !matches!(json.get(), "true" | "false") {
            return Err(refused(&format!("has enabled, which {}", is(json, "true, false"))));
        }
    }
    let (is_on, value) = (enabled == Some("true"), value.unwrap_or("null").to_owned());
    Ok(DefaultFlag { key, is_on, value })
}

fn refused(key: &str, what: &str) -> Error {
    invalid(format!("option default_flags: flag {} {what}", shown(key)))
}

#[cfg(test)]
mod tests {
    use crate::Options;
    use crate::limits::{MAX_ANSWER_BYTES, MAX_DEFAULT_FLAGS};
    use crate::service::DefaultFlag;

    fn read(json: &str) -> Result<Vec<DefaultFlag>, String> {
        let json = format!("{{\"service\": \"flagsmith\", \"default_flags\": {json}}}");
        let options = Options::from_json(&json).map_err(|error| error.to_string())?;
        Ok(options.default_flags.unwrap_or_default())
    }

    #[test]
    fn what_is_left_out_is_switched_off_and_null() {
        let flag =
            |key: &str, is_on, value: &str| DefaultFlag { key: key.into(), is_on, value: value.into() };
        assert_eq!(read("{}"), Ok(vec![]));
        assert_eq!(
            read(r#"{"b": {"enabled": true, "value": [1, "x"]}, "a": {}, "c": {"value": null}}"#),
            Ok(vec![flag("a", false, "null"), flag("b", true, "[1, \"x\"]"), flag("c", false, "null")])
        );
    }

    #[test]
    fn what_is_no_default_flag_is_refused_with_its_name_its_value_and_what_is_allowed() {
        let error = |json: &str| read(json).unwrap_err();
        assert_eq!(
            error("[1]"),
            "option default_flags is [1]; allowed: an object of names of flags, each with an object of \"enabled\" (true, false) \
             and \"value\" (any)"
        );
        assert_eq!(
            error(r#"{"a": true}"#),
            "option default_flags: flag a is true; allowed: an object of \"enabled\" (true, false) and \"value\" (any)"
        );
        assert_eq!(
            error(r#"{"a": {}, "b": {"enabled": "yes"}}"#),
            "option default_flags: flag b has enabled, which is \"yes\"; allowed: true, false"
        );
        assert!(error(r#"{"a": {"enabled": null}}"#).contains("which is null; allowed: true, false"));
        assert!(error(r#"{"a": {"on": true}}"#).contains("flag a has on; allowed: an object of"));
        assert!(error(r#"{"a": [true, 1]}"#).contains("flag a is [true, 1]; allowed: an object of"));
        assert!(error(r#"{"a": {"value": 1, "value": 2}}"#).contains("flag a has value twice"));
        assert!(error(r#"{"a": {}, "b": {}, "a": {}}"#).contains("flag a is given twice"));
    }

    #[test]
    fn there_are_no_more_than_there_is_room_for() {
        let flags = |count: usize| {
            let flags: Vec<_> = (0..count).map(|number| format!("\"{number}\":{{}}")).collect();
            format!("{{{}}}", flags.join(","))
        };
        assert_eq!(read(&flags(MAX_DEFAULT_FLAGS)).map(|flags| flags.len()), Ok(MAX_DEFAULT_FLAGS));
        assert!(read(&flags(MAX_DEFAULT_FLAGS + 1)).unwrap_err().ends_with("allowed: at most 10000 flags"));
        let large = format!("{{\"a\": {{\"value\": \"{}\"}}}}", "x".repeat(MAX_ANSWER_BYTES as usize));
        assert!(read(&large).unwrap_err().ends_with("allowed: at most 4194304 bytes"));
    }
}
