//! Shares that do not add up, or that add up differently from one time to the next.

use super::Note;
use crate::flag::Rule;

/// Looks at the shares of a rule.
pub fn check(rule: &Rule, note: &mut Note<'_>) {
    let Some(shares) = &rule.percentage else { return };
    if let Some((name, share)) = shares.iter().find(|(_, share)| **share < 0.0) {
        note.warn(
            "negative-share",
            0,
            format!("share {share} of {name} is negative: the service's answers vary, here shares are tried in sorted order"),
            "use shares from 0 to 100",
        );
    }
    let forward: f64 = shares.values().sum();
    let backward: f64 = shares.values().rev().sum();
    if forward != backward || (forward * 1000.0).trunc() != (forward * 1000.0).round() {
        note.warn(
            "order-sensitive-shares",
            0,
            "the sum of these shares depends on the order of addition, which is random in the service: users may change \
             variation between two evaluations there; here the order is fixed",
            "use shares whose sum is exact, such as whole numbers",
        );
    }
    if forward != 100.0 && (forward - 100.0).abs() > 0.001 {
        note.warn(
            "shares-not-100",
            0,
            format!("shares add up to {forward}, not 100: they are taken relative to their sum"),
            "make the shares add up to 100",
        );
    }
}
