//! Which variation a rule gives to a user, and by what.

use pennon_wire::guest::Time;

use super::json::{Object, quoted};
use crate::flag::Rule;
use crate::selection::{Hash, Selection};

/// The choice of `rule` as a JSON object. `by` is the path of the attribute that splits users, where the flag names one.
pub fn choice(rule: &Rule, flag: &str, by: Option<&str>, key: &[u8], time: Time) -> String {
    let mut names = Vec::new();
    let selection = Selection::new(rule, |variation| {
        names.push(variation.to_owned());
        names.len() as u32 - 1
    });
    let hash = Hash::new().add(flag.as_bytes()).add(key);
    let chosen = selection.choose(|| hash, || time);
    let name = |outcome: u32| names.get(outcome as usize).map_or("", String::as_str);
    let object = match chosen {
        Ok(outcome) => Object::default().text("variation", name(outcome)),
        Err(failure) => Object::default().text("error", failure.message()),
    };
    let text = std::str::from_utf8(key).unwrap_or_default();
    let split = |bucket: u32, of: u32| {
        let by = by.filter(|by| !by.is_empty()).unwrap_or("targetingKey");
        let object = Object::default().text("attribute", by).text("value", text);
        object.json("bucket", &bucket.to_string()).json("of", &of.to_string())
    };
    match selection {
        Selection::Shares { total, buckets } => {
            let range = |bucket: &crate::selection::Bucket| {
                let (start, end, outcome) = bucket.range();
                format!("{{\"variation\":{},\"from\":{start},\"below\":{end}}}", quoted(name(outcome)))
            };
            let ranges: Vec<_> = buckets.iter().map(range).collect();
            object.json("split", &split(hash.modulo(total), total).list("shares", &ranges).finish())
        }
        Selection::Progressive(rollout) => {
            let (bucket, of) = rollout.bucket(hash);
            let share = rollout.share(time).to_string();
            object.json("split", &split(bucket, of).json("share", &share).finish())
        }
        Selection::Fixed(_) | Selection::Failing(_) => object,
    }
    .finish()
}
