//! What the sandbox costs: the guest's evaluation against the same code compiled natively, both with the copy of the
//! encoded context, without pool and client.

use std::hint::black_box;

use pennon::Context;
use pennon::internals::{Sandbox, encoded};
use pennon_goff::Goff;
use pennon_wire::guest::{Evaluator, LoadRequest, Time};

use crate::{Scale, fixtures, measure, row};

const NOW: Time = Time { seconds: 1_763_000_000, nanoseconds: 0 };

pub fn run(scale: Scale) {
    let contexts: Vec<Context> =
        (0..64).map(|number| Context::from_json(&fixtures::context(number)).unwrap()).collect();
    let encoded: Vec<&[u8]> = contexts.iter().map(|context| encoded(context).unwrap()).collect();
    let mut sandbox = Sandbox::new().unwrap();
    let mut evaluator = Goff::default();
    let mut buffer = vec![0; 1 << 16];
    let mut worst: (f64, &str) = (f64::MIN, "");
    let only = std::env::var("PENNON_BENCH_FLAG").ok();
    for (name, _) in fixtures::FLAGS {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let definition = fixtures::definition(name);
        let handle = sandbox.load(name, &definition).unwrap();
        let request = LoadRequest { key: name, unit: definition.as_bytes(), enrichment: &[] };
        let (unit, _) = evaluator.load(request);
        let calls = scale.calls / 4;
        let guest = measure::time(calls, scale.timer, |number| {
            black_box(sandbox.evaluate(handle, encoded[number % encoded.len()], NOW).unwrap());
        });
        let native = measure::time(calls, scale.timer, |number| {
            let context = encoded[number % encoded.len()];
            let copy = &mut buffer[..context.len()];
            copy.copy_from_slice(context);
            let context = pennon_wire::Context::new(black_box(copy));
            black_box(Goff::evaluate(&unit, context, NOW));
        });
        let over = guest.p50() - (1.5 * native.p50() + 30.0);
        if over > worst.0 {
            worst = (over, name);
        }
        let figure = format!(
            "guest {:.0} ns  native {:.0} ns  {:.2}x",
            guest.p50(),
            native.p50(),
            guest.p50() / native.p50()
        );
        let verdict = if over <= 0.0 { "<= 1.5x + 30 ns" } else { "<= 1.5x + 30 ns: NOT REACHED" };
        row(name, &figure, verdict);
    }
    row("worst of them, over 1.5x + 30 ns by", &format!("{:.0} ns ({})", worst.0, worst.1), "<= 0");
}
