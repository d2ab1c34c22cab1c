#!/usr/bin/env bash
# What takes longer than CI has time for: many more differential cases, a long storm, a million evaluations of each flag, miri
# over formats and C ABI, models of what threads share, fuzzing, the tests under sanitizers and on another processor, and what
# dependencies are held to. Needs a nightly toolchain with miri and rust-src, Debian's cross compiler and qemu.
#
#   tools/check-deep.sh [PATTERN]   # all steps, or those whose title has this pattern
#
# PENNON_FUZZ_SECONDS is how long each target is fuzzed.
. "$(dirname "$0")/steps.sh"

asked_for=${1:-.}

# deep TITLE COMMAND...: a step, where it is asked for.
deep() {
    if [[ $1 =~ $asked_for ]]; then
        step "$@"
    fi
}

needs() {
    packages gcc g++ libc6-dev make cmake pkg-config valgrind python3 python3-venv binutils
    toolchain
    rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
    rustup component add --toolchain nightly miri rust-src
    packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    rustup target add aarch64-unknown-linux-gnu
}

differential() {
    tests/relay/build.sh
    PENNON_CASES=500000 cargo test --profile checked --features cli --test conformance -- --nocapture
}

# Flagsmith's engine, client and provider, and Python's `re`.
flagsmith() {
    PENNON_CASES=100000 cargo test --profile checked --package pennon-flagsmith -- --nocapture
    PENNON_CASES=100000 cargo test --profile checked --features cli --test flagsmith -- --nocapture documents:: types::
}

# 50 restarts of the relay, 50 kills of a process that spools, 1,000 forks under load.
service() {
    PENNON_ROUNDS=50 PENNON_FORKS=1000 cargo test --profile checked --features cli --test service -- --nocapture \
        --test-threads 2 sync::a_relay_is_restarted spool::what_was_reported fork::
}

logic() {
    PENNON_CASES=200000 cargo test --profile checked --package pennon-goff --test logic -- --nocapture
}

storm() {
    PENNON_STORM_SECONDS=60 cargo test --profile checked --features cli --test integration storm -- --nocapture
}

endurance() {
    PENNON_ENDURANCE=1000000 cargo test --profile checked --features cli --test integration endurance -- --nocapture
}

# Deep, huge, cyclic, exponential: what hostile rulesets and flags cost.
hostile() {
    cargo test --profile checked --features cli --test integration -- --nocapture --test-threads 1 hostile:: limits::
}

# guests: makes the guests once, with the toolchain that the library is built with, and puts them where the compilers of the
# steps below take them from: they would make others, or have no target for them.
guests() {
    local out wasm name
    out=$(cargo build --quiet --profile checked --lib --no-default-features --message-format json \
        | sed -n 's/.*"reason":"build-script-executed".*#pennon@[^"]*".*"out_dir":"\([^"]*\)".*/\1/p')
    mkdir -p target/guests
    for wasm in "$out"/guests/wasm32-unknown-unknown/guest/pennon_*.wasm; do
        name=$(basename "$wasm")
        cp "$wasm" "target/guests/${name#pennon_}"
    done
}

# nightly ARGUMENTS...: a nightly build that is not for this machine's tests alone, in a directory that its kinds share.
nightly() {
    PENNON_GUESTS=$PWD/target/guests CARGO_TARGET_DIR=$PWD/target/nightly cargo +nightly "$@"
}

miri() {
    MIRIFLAGS=-Zmiri-disable-isolation nightly miri test --package pennon-wire
    # What makes a client loads a guest, which is no code that miri knows.
    MIRIFLAGS=-Zmiri-disable-isolation nightly miri test --package pennon --no-default-features --lib -- ffi::
}

models() {
    RUSTFLAGS="--cfg loom" cargo test --release --locked --manifest-path tests/models/Cargo.toml \
        --target-dir target/models -- --nocapture
}

# The whole integration suite; what a guest does is not seen, what the host does with its memory is. No leaks are looked for:
# valgrind does that, and a test's client may be left to the process's end.
rust_tests_with_asan() {
    RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 nightly test --profile checked --no-default-features --features cli \
        --target x86_64-unknown-linux-gnu --test integration --test flagsmith -- --skip small_stack:: --skip memory:: --skip endurance:: --skip batch::memory
}

# The standard library too has to be built with it. wasmtime maps memory by system calls of its own, of which TSan sees nothing:
# two instances that have the same addresses one after the other look like a race of the guests' first copies.
races_with_tsan() {
    echo 'race:wasmtime::runtime::vm::libcalls::raw::memory_copy' >target/tsan.suppressions
    RUSTFLAGS=-Zsanitizer=thread TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/target/tsan.suppressions" \
        PENNON_RACES_SECONDS=20 nightly test -Zbuild-std --profile checked --no-default-features \
        --target x86_64-unknown-linux-gnu --test races -- --nocapture --test-threads 1
}

# A program whose own wasmtime has all that is on by default. Without optimisation: what counts is that it loads.
default_features() {
    (cd tests/default_features && cargo run --quiet --locked --target-dir ../../target/default_features)
}

# The library for another processor, the tests that concern it, and a C program, under qemu.
aarch64() {
    local target=aarch64-unknown-linux-gnu
    local sysroot=/usr/aarch64-linux-gnu library=target/aarch64-unknown-linux-gnu/checked
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L $sysroot"
    # `all-arch`: by default wasmtime compiles guests for the processor that it runs on.
    cargo build --profile checked --lib --no-default-features --features wasmtime/all-arch --target $target
    # Without what measures time or memory, which are qemu's here, and without what starts processes.
    cargo test --profile checked --no-default-features --features cli,wasmtime/all-arch --target $target --test integration \
        -- typing:: contexts:: swaps:: units:: all:: diagnostics::
    cargo test --profile checked --target $target --package pennon-flagsmith --package pennon-goff --lib
    aarch64-linux-gnu-gcc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Iinclude tests/c/evaluate.c tests/c/check.c \
        tests/c/subject.c -o target/evaluate-aarch64 $library/libpennon.so -lpthread -lm
    ln -sf libpennon.so "$library/libpennon.so.$(sed -n 's/^pub const ABI_VERSION: u32 = \(.*\);/\1/p' src/version.rs)"
    LD_LIBRARY_PATH=$library qemu-aarch64 -L $sysroot target/evaluate-aarch64
    echo "figure: aarch64: shared $(stat -c %s $library/libpennon.so), static $(stat -c %s $library/libpennon.a) bytes"
}

# command_of CRATE: installs the command of a crate where it is missing.
command_of() {
    command -v "$1" >/dev/null || cargo install --locked --target-dir target/tools "$1"
}

# Fuzzes each target with ASan. What is new goes to target/fuzz; what fails goes to fuzz/crashes, from where `make test`
# replays it.
fuzz() {
    local target log failed=0
    command_of cargo-fuzz
    export PENNON_GUESTS=$PWD/target/guests
    cargo +nightly fuzz build --target-dir target/fuzz/build
    for target in $(cargo +nightly fuzz list); do
        mkdir -p "target/fuzz/corpus/$target" "fuzz/crashes/$target"
        log=target/fuzz/$target.log
        cargo +nightly fuzz run --target-dir target/fuzz/build "$target" "target/fuzz/corpus/$target" "fuzz/corpus/$target" \
            "fuzz/crashes/$target" -- -max_total_time="${PENNON_FUZZ_SECONDS:-60}" -timeout=10 -print_final_stats=1 \
            -artifact_prefix="fuzz/crashes/$target/" >"$log" 2>&1 || { failed=1; tail -n 40 "$log"; }
        printf 'figure: fuzz %s: %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
        rmdir --ignore-fail-on-non-empty "fuzz/crashes/$target"
    done
    unset PENNON_GUESTS
    return $failed
}

dependencies() {
    command_of cargo-deny
    cargo deny --workspace check licenses bans sources
    if cargo deny fetch db; then
        cargo deny check advisories
    else
        echo "figure: the advisory database cannot be reached: advisories are not checked"
    fi
}

# found FOLDER NAME COPY: copies a file that a build made, wherever in the folder that is.
found() {
    find "$1" -name "$2" -exec cp {} "target/reproducible/$3" \; -quit
}

# The guests of two builds in two directories, and those of a third that is given them (PENNON_GUESTS), are the same.
reproducible() {
    local one=target/reproducible/one two=target/reproducible/two/deeper copy guest
    rm -rf target/reproducible
    for copy in "$one" "$two"; do
        mkdir -p "$copy"
        git archive HEAD | tar -x -C "$copy"
        (cd "$copy" && CARGO_TARGET_DIR=target cargo build --quiet --release --lib --no-default-features)
    done
    mkdir target/reproducible/guests
    for guest in goff flagsmith; do
        found "$one" "$guest.cwasm" "one-$guest.cwasm"
        found "$two" "$guest.cwasm" "two-$guest.cwasm"
        cmp "target/reproducible/one-$guest.cwasm" "target/reproducible/two-$guest.cwasm"
        found "$one" "pennon_$guest.wasm" "guests/$guest.wasm"
    done
    (cd "$one" && PENNON_GUESTS=$PWD/../guests CARGO_TARGET_DIR=target-given cargo build --quiet --release --lib --no-default-features)
    for guest in goff flagsmith; do
        found "$one/target-given" "$guest.cwasm" "given-$guest.cwasm"
        cmp "target/reproducible/one-$guest.cwasm" "target/reproducible/given-$guest.cwasm"
    done
    sha256sum target/reproducible/*.cwasm
}

c_tests_with_sanitizers() {
    cmake -S tests/c -B target/c-tests-asan -DCMAKE_BUILD_TYPE=Debug -DPENNON_CARGO_PROFILE=checked \
        -DCMAKE_C_FLAGS="-fsanitize=address,undefined -fno-omit-frame-pointer" \
        -DCMAKE_CXX_FLAGS="-fsanitize=address,undefined -fno-omit-frame-pointer"
    cmake --build target/c-tests-asan --parallel 2
    ctest --test-dir target/c-tests-asan --output-on-failure --label-exclude valgrind
}

step "what the tests need" needs
deep "500,000 cases against the relay" differential
deep "100,000 cases against Flagsmith's engine" flagsmith
deep "restarts, kills and forks" service
deep "JSONLogic against the model" logic
deep "a minute of 64 threads" storm
deep "guests are reproducible" reproducible
deep "a million evaluations of each flag" endurance
deep "hostile rulesets" hostile
step "the guests, for other compilers" guests
deep "miri over the formats and the C ABI" miri
deep "models of what threads share, under loom" models
deep "a wasmtime with its default features beside it" default_features
deep "Rust tests under ASan" rust_tests_with_asan
deep "races under TSan" races_with_tsan
deep "aarch64" aarch64
deep "C tests under ASan and UBSan" c_tests_with_sanitizers
deep "fuzzing" fuzz
deep "dependencies" dependencies
finish
