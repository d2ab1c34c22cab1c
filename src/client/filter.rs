//! Which flags evaluate-all answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::error::Error;

/// Lets flags pass by their keys.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    prefix: Option<String>,
    keys: Option<BTreeSet<String>>,
}

impl Filter {
    /// A filter from `{"prefix": TEXT, "keys": [KEY, ...]}`; the empty text lets all flags pass.
    ///
    /// # Errors
    /// When the text is no such object.
    pub(crate) fn from_json(json: &str) -> Result<Self, Error> {
        let mut filter = Self::default();
        if json.is_empty() {
            return Ok(filter);
        }
        let invalid = |message: String| Error::InvalidArgument(message);
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(json)
            .map_err(|error| invalid(format!("filter is not a JSON object: {error}")))?;
        for (name, value) in members {
            let wrong = |allowed: &str| invalid(format!("filter's {name} is not {allowed}"));
            match name.as_str() {
                "prefix" => {
                    filter.prefix = Some(serde_json::from_str(value.get()).map_err(|_| wrong("a string"))?);
                }
                "keys" => {
                    filter.keys =
                        Some(serde_json::from_str(value.get()).map_err(|_| wrong("a list of strings"))?);
                }
                _ => return Err(invalid(format!("filter's {name} is unknown; known: prefix, keys"))),
            }
        }
        Ok(filter)
    }

    /// Whether a flag passes.
    pub(crate) fn selects(&self, key: &str) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix))
            && self.keys.as_ref().is_none_or(|keys| keys.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_conditions_have_to_hold() {
        let filter = Filter::from_json(r#"{"prefix": "a", "keys": ["ab", "b"]}"#).unwrap();
        assert!(filter.selects("ab") && !filter.selects("a") && !filter.selects("b"));
        assert!(Filter::from_json("").unwrap().selects("x"));
        for wrong in ["[]", "{\"prefix\": 1}", "{\"keys\": \"a\"}", "{\"x\": 1}"] {
            assert!(matches!(Filter::from_json(wrong), Err(Error::InvalidArgument(_))), "{wrong}");
        }
    }
}
