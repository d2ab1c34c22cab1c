#!/usr/bin/env bash
# What takes longer than CI has time for: many more differential cases, a long storm, miri over the formats, fuzzing, the C
# tests under sanitizers, and what dependencies are held to. Needs a nightly toolchain with miri and rust-src.
#
# PENNON_FUZZ_SECONDS is how long each target is fuzzed.
. "$(dirname "$0")/steps.sh"

needs() {
    packages gcc g++ libc6-dev make cmake pkg-config valgrind python3 python3-venv binutils
    toolchain
    rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
    rustup component add --toolchain nightly miri rust-src
}

differential() {
    tests/relay/build.sh
    PENNON_CASES=500000 cargo test --profile checked --features cli --test conformance -- --nocapture
}

logic() {
    PENNON_CASES=200000 cargo test --profile checked --package pennon-goff --test logic -- --nocapture
}

storm() {
    PENNON_STORM_SECONDS=60 cargo test --profile checked --features cli --test integration storm -- --nocapture
}

miri() {
    MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --package pennon-wire --target-dir target/miri
}

# command_of CRATE: installs the command of a crate where it is missing.
command_of() {
    command -v "$1" >/dev/null || cargo install --locked --target-dir target/tools "$1"
}

# Fuzzes each target with ASan. What is new goes to target/fuzz; what fails goes to fuzz/crashes, from where `make test`
# replays it.
fuzz() {
    local out target log failed=0
    command_of cargo-fuzz
    # The guests of this build: the fuzzer's compiler would make others.
    out=$(cargo build --quiet --profile checked --lib --no-default-features --message-format json \
        | sed -n 's/.*"reason":"build-script-executed".*#pennon@[^"]*".*"out_dir":"\([^"]*\)".*/\1/p')
    mkdir -p target/fuzz/guests
    cp "$out/guests/wasm32-unknown-unknown/guest/pennon_goff.wasm" target/fuzz/guests/goff.wasm
    export PENNON_GUESTS=$PWD/target/fuzz/guests
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
    cargo deny check licenses bans sources
    if cargo deny fetch db; then
        cargo deny check advisories
    else
        echo "figure: the advisory database cannot be reached: advisories are not checked"
    fi
}

# The guests of two builds in two directories, and those of a third that is given them (PENNON_GUESTS), are the same.
reproducible() {
    local one=target/reproducible/one two=target/reproducible/two/deeper copy
    rm -rf target/reproducible
    for copy in "$one" "$two"; do
        mkdir -p "$copy"
        git archive HEAD | tar -x -C "$copy"
        (cd "$copy" && CARGO_TARGET_DIR=target cargo build --quiet --release --lib --no-default-features)
    done
    find "$one" -name goff.cwasm -exec cp {} target/reproducible/one.cwasm \;
    find "$two" -name goff.cwasm -exec cp {} target/reproducible/two.cwasm \;
    cmp target/reproducible/one.cwasm target/reproducible/two.cwasm
    mkdir target/reproducible/guests
    find "$one" -name pennon_goff.wasm -path '*guest*' -exec cp {} target/reproducible/guests/goff.wasm \; -quit
    (cd "$one" && PENNON_GUESTS=$PWD/../guests CARGO_TARGET_DIR=target-given cargo build --quiet --release --lib --no-default-features)
    find "$one/target-given" -name goff.cwasm -exec cmp {} target/reproducible/one.cwasm \;
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
step "500,000 cases against the relay" differential
step "JSONLogic against the model" logic
step "a minute of 64 threads" storm
step "guests are reproducible" reproducible
step "miri over the formats" miri
step "C tests under ASan and UBSan" c_tests_with_sanitizers
step "fuzzing" fuzz
step "dependencies" dependencies
finish
