//! A client's options.

use std::collections::BTreeMap;

use pennon::{Error, OPTION_NAMES, Options};
use serde_json::value::RawValue;

use super::input::texts;

/// What is accepted is accepted again as the same; what is refused is named.
pub fn run(data: &[u8]) {
    let Some([json]) = texts(data) else { return };
    match (Options::from_json(json), Options::from_json(json)) {
        (Ok(first), Ok(second)) => assert_eq!(format!("{first:?}"), format!("{second:?}")),
        (Err(Error::InvalidOption(message)), Err(second)) => {
            assert_eq!(message, second.to_string());
            assert!(names_what_is_wrong(&message, json), "{message:?}");
        }
        (first, second) => panic!("{first:?}, then {second:?}"),
    }
}

fn names_what_is_wrong(message: &str, json: &str) -> bool {
    let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(json).ok();
    let Some(option) = message.strip_prefix("option ") else {
        return message.starts_with("options are not a JSON object: ");
    };
    let is_known = OPTION_NAMES.iter().any(|name| option.starts_with(&format!("{name} ")));
    // A member that is none of the options is named as the document has it, on one line and not at any length.
    let is_member = || {
        let (name, _) = option.split_once(" is unknown; known: ")?;
        let begins = |member: &String| {
            let shown = member.replace(char::is_control, " ");
            shown == name || name.strip_suffix("...").is_some_and(|start| shown.starts_with(start))
        };
        members?.keys().any(begins).then_some(())
    };
    is_known || is_member().is_some()
}
