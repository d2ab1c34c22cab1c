//! What calls are given: texts, good and bad, and bytes that choose among them.

use std::ffi::{CStr, c_char};
use std::ptr;

use pennon::ffi::PENNON_ZERO_TERMINATED;

/// Documents of options: good ones, of which the last has no file, and ones that are refused here or by the client.
pub const OPTIONS: [&CStr; 7] = [
    cr#"{"service": "goff", "pool_size": 1, "ruleset": {"on": {"variations": {"a": true}, "defaultRule": {"variation": "a"}}}}"#,
    cr#"{"service": "goff", "pool_size": 1, "pool_wait_ms": 1}"#,
    cr#"{"service": "goff", "pool_size": 1, "ruleset_format": "yaml"}"#,
    cr#"{"service": "goff", "pool_size": 2, "ruleset_file": "no/such/file.json", "watch_interval_ms": 1}"#,
    cr#"{"service": "goff", "ruleset": {}, "ruleset_file": "no/such/file.json"}"#,
    cr#"{"service": "goff", "pool_size": "1"}"#,
    c"{",
];

/// Rulesets of which some are refused.
pub const RULESETS: [&CStr; 5] = [
    cr#"{"on": {"variations": {"a": true, "b": false}, "targeting": [{"query": "plan eq \"pro\"", "variation": "a"}], "defaultRule": {"variation": "b"}}, "text": {"variations": {"a": "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"}, "defaultRule": {"variation": "a"}}}"#,
    cr#"{"flags": {"on": {"variations": {"a": 1.5, "b": {"c": [1]}}, "defaultRule": {"percentage": {"a": 50, "b": 50}}}, "text": {}}, "evaluationContextEnrichment": {"plan": "pro"}}"#,
    c"{}",
    c"{\"on\": ",
    c"on: {variations: {a: text}, defaultRule: {variation: a}}",
];

/// Keys of flags, and names of attributes.
pub const NAMES: [&CStr; 5] = [c"on", c"text", c"plan", c"", c"targetingKey"];

/// Values of attributes, contexts and filters.
pub const VALUES: [&CStr; 6] = [
    c"pro",
    c"{\"plan\": \"pro\", \"targetingKey\": \"u\"}",
    c"{\"prefix\": \"o\"}",
    c"[1, {}]",
    c"1e999",
    c"",
];

/// A text as C gives it.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    pub start: *const c_char,
    pub length: usize,
}

impl Text {
    /// One of `texts`, by its length or its NUL; now and then one that is none.
    pub fn chosen(choice: u8, texts: &[&'static CStr]) -> Self {
        let nothing = ptr::null();
        match choice >> 3 {
            0 => Self { start: nothing, length: 0 },
            1 => Self { start: nothing, length: 5 },
            2 => Self { start: c"\xff\xfe".as_ptr(), length: 2 },
            3 => Self { start: c"too long".as_ptr(), length: usize::MAX - 1 },
            _ => {
                let text = texts.get(usize::from(choice) % texts.len()).copied().unwrap_or_default();
                let length = if choice > 127 { PENNON_ZERO_TERMINATED } else { text.count_bytes() };
                Self { start: text.as_ptr(), length }
            }
        }
    }
}
