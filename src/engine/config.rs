// The wasmtime configuration of our guests, included by build.rs (which compiles them) and by the engine (which loads them, and
// starts from it for vendors' modules).
//
// wasmtime compares these settings exactly when it loads an artefact, and some of its defaults follow Cargo features
// that a user's own dependency tree may turn on. So everything is set that can be set.

/// WebAssembly features that our guests may use: what rustc emits for `wasm32-unknown-unknown`.
const GUEST_FEATURES: wasmtime::WasmFeatures = wasmtime::WasmFeatures::WASM1
    .union(wasmtime::WasmFeatures::BULK_MEMORY)
    .union(wasmtime::WasmFeatures::MULTI_VALUE)
    .union(wasmtime::WasmFeatures::REFERENCE_TYPES)
    .union(wasmtime::WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(wasmtime::WasmFeatures::SIGN_EXTENSION);

/// Bytes of a guest's memory, which neither grows nor shrinks. What a guest does not touch takes address space alone.
const MEMORY_BYTES: u64 = 64 << 20;

/// The configuration of our own guests.
pub(crate) fn guest_config() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config
        .wasm_features(wasmtime::WasmFeatures::all(), false)
        .wasm_features(GUEST_FEATURES, true)
        // Threads of musl and of some runtimes have 128 KiB of stack in all.
        .max_wasm_stack(64 << 10)
        .epoch_interruption(true)
        .consume_fuel(false)
        // wasmtime's signal handlers would stay in the host process: explicit bounds checks instead.
        .signals_based_traps(false)
        .macos_use_mach_ports(false)
        // A memory that never moves makes guests 15 % faster (its base is not read anew at each access), one that never grows
        // 10 % (nor is its size). No guards and no more than that, so that it runs under `ulimit -v` and valgrind.
        .memory_reservation(MEMORY_BYTES)
        .memory_guard_size(0)
        .memory_reservation_for_growth(0)
        .memory_may_move(false)
        .guard_before_linear_memory(false)
        .memory_init_cow(false)
        .table_lazy_init(false)
        .gc_support(false)
        .gc_heap_reservation(0)
        .gc_heap_guard_size(0)
        .gc_heap_reservation_for_growth(0)
        .gc_heap_initial_size(0)
        .gc_heap_may_move(true)
        .shared_memory(false)
        .concurrency_support(false)
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None)
        .debug_info(false)
        .debug_symbols(false)
        .relaxed_simd_deterministic(true)
        // rustc has inlined what is worth it: Cranelift's makes guests half as large again, and no faster.
        .compiler_inlining(wasmtime::Inlining::No)
        .metadata_for_internal_asserts(false)
        .metadata_for_gc_heap_corruption(false);
    config
}
