#!/usr/bin/env bash
# What takes longer than CI has time for: many more differential cases, a long storm, miri over the formats, and the C tests
# under sanitizers. Needs a nightly toolchain with miri and rust-src.
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
finish
