//! The engine that runs vendors' modules, and their compilation.

use std::path::PathBuf;

use once_cell::race::OnceBox;
use wasmtime::{Config, Engine, Module, OptLevel, Strategy, WasmFeatures};

use super::super::EngineError;
use super::super::module::guest_config;
use super::cache::Cache;
use super::outlet::Outlet;
use super::{MAX_MODULE_BYTES, one_line};
use crate::log::LogLevel;

/// The stack on which a module runs, in address space: its own code, and the host functions that it calls. Go's decoder of JSON
/// calls itself at every level; where this ends, an evaluation traps.
const MODULE_STACK: usize = 1 << 20;
const HOST_STACK: usize = 256 << 10;

/// What a module may use beside what our guests may: what compilers emit by default.
const MODULE_FEATURES: WasmFeatures =
    WasmFeatures::SIMD.union(WasmFeatures::EXTENDED_CONST).union(WasmFeatures::TAIL_CALL);

/// The engine of vendors' modules, one for the process: as that of our guests is (no signal handlers, explicit bounds checks,
/// no more address space than its memory may have), but with a compiler.
pub(super) fn engine() -> Result<&'static Engine, EngineError> {
    static ENGINE: OnceBox<Result<Engine, EngineError>> = OnceBox::new();
    let engine = ENGINE.get_or_init(|| Box::new(Engine::new(&config()).map_err(|error| unusable(&error))));
    engine.as_ref().map_err(Clone::clone)
}

fn config() -> Config {
    let mut config = guest_config();
    config
        .wasm_features(MODULE_FEATURES, true)
        .max_wasm_stack(MODULE_STACK)
        .async_stack_size(MODULE_STACK + HOST_STACK)
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed);
    config
}

/// Compiles a module on the calling thread, or takes it from the folder `cache`.
pub(super) fn module(
    engine: &Engine,
    wasm: &[u8],
    cache: Option<PathBuf>,
    outlet: &Outlet,
) -> Result<Module, EngineError> {
    if wasm.len() > MAX_MODULE_BYTES {
        let cause = format!("has {} bytes; allowed: at most {MAX_MODULE_BYTES}", wasm.len());
        return Err(EngineError::Unsuitable(cause));
    }
    Module::validate(engine, wasm).map_err(|error| {
        EngineError::Unsuitable(format!("is no WebAssembly module that can be run: {}", one_line(&error)))
    })?;
    let cache = cache.map(|folder| Cache::new(folder, engine, wasm));
    match cache.as_ref().map(|cache| cache.load(engine)) {
        Some(Ok(Some(module))) => return Ok(module),
        Some(Err(reason)) => outlet.say(LogLevel::Warn, &format!("module is compiled anew: {reason}")),
        Some(Ok(None)) => outlet.say(LogLevel::Info, "module is compiled anew: cache_dir does not have it"),
        None => {}
    }
    let module = Module::new(engine, wasm).map_err(|error| unusable(&error))?;
    if let Some(cache) = &cache
        && let Err(reason) = cache.store(&module)
    {
        outlet.say(LogLevel::Warn, &format!("compiled module is not kept: {reason}"));
    }
    Ok(module)
}

fn unusable(error: &wasmtime::Error) -> EngineError {
    EngineError::Unusable(format!(
        "a module's code cannot be compiled and made executable here, which a hardened process forbids \
         (PR_SET_MDWE, systemd's MemoryDenyWriteExecute): {}",
        one_line(error)
    ))
}
