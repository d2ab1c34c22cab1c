//! Evaluates a flag in a program that uses wasmtime itself, with all that wasmtime has on by default.

use pennon::{Client, Context, FlagType, Options, Reason, Service};

const RULESET: &str = r#"{"checkout": {
    "variations": {"on": true, "off": false},
    "targeting": [{"query": "plan eq \"pro\"", "variation": "on"}],
    "defaultRule": {"variation": "off"}
}}"#;

/// The program's own use of wasmtime: its compiler is there, with signal handlers, as a user of it has them.
fn answer_of_its_own() -> wasmtime::Result<i32> {
    let engine = wasmtime::Engine::default();
    let module =
        wasmtime::Module::new(&engine, r#"(module (func (export "answer") (result i32) i32.const 42))"#)?;
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[])?;
    instance.get_typed_func::<(), i32>(&mut store, "answer")?.call(&mut store, ())
}

/// Whether the flag is on for a user of the plan, and off for others.
fn evaluates() -> Result<bool, pennon::Error> {
    let client = Client::new(Options::new(Service::Goff).ruleset(RULESET))?;
    let pro = Context::from_json(r#"{"targetingKey": "ann", "plan": "pro"}"#)?;
    let evaluation = client.evaluate("checkout", FlagType::Boolean, &pro);
    let targeted = evaluation.error_code().is_none() && evaluation.reason() == Reason::TargetingMatch;
    Ok(targeted
        && client.get_bool("checkout", &pro, false)
        && !client.get_bool("checkout", &Context::new(), true))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(answer_of_its_own().map_err(|error| error.to_string())?, 42);
    assert!(evaluates()?, "the flag is on for the plan alone");
    println!("figure: a flag is evaluated beside a wasmtime with its default features");
    Ok(())
}
