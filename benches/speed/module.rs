//! GO Feature Flag's own module beside our evaluator, in the same pool and through the same function of the C ABI.

use std::hint::black_box;
use std::path::PathBuf;

use crate::{Scale, abi, fixtures, measure, row};

/// Calls of the module, which takes some hundred times as long.
const CALLS_PART: usize = 100;

/// Calls of one of the two before the other has its turn: what else the machine does meets both.
const TURN: usize = 2000;

pub fn run(scale: Scale) {
    let Some(path) = module() else {
        row("GO Feature Flag's module in the pool", "absent: tests/module/fetch.sh fetches it", "");
        return;
    };
    let ruleset = fixtures::small_ruleset();
    let ours = abi::Client::new(&ruleset);
    let theirs = abi::Client::with(&ruleset, &format!(", \"module_path\": {:?}", path.display().to_string()));
    let contexts = abi::contexts();
    for flag in ["three-conditions", "percentage"] {
        let time = |client: &abi::Client, calls| {
            let times = measure::time(calls, scale.timer, |number| {
                black_box(client.get_bool(flag, &contexts[number % contexts.len()]));
            });
            times.p50()
        };
        let turns = (scale.calls / CALLS_PART / TURN).max(3);
        let mut pairs: Vec<_> = (0..turns).map(|_| (time(&ours, TURN * 10), time(&theirs, TURN))).collect();
        pairs.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
        let (our, their) = pairs[pairs.len() / 2];
        let figure = format!("{:.1} us, ours {our:.0} ns: {:.0}x", their / 1e3, their / our);
        row(&format!("{flag}, its module in the same pool"), &figure, "ours >= 100x faster");
    }
}

/// The module: `PENNON_MODULE`, or where tests/module/fetch.sh puts it.
fn module() -> Option<PathBuf> {
    let fetched = || {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(target)
            .join("module/gofeatureflag-evaluation_0.2.4.wasi")
    };
    let path = std::env::var_os("PENNON_MODULE").map_or_else(fetched, PathBuf::from);
    path.is_file().then_some(path)
}
