#!/usr/bin/env bash
# What CI runs: every test, in one profile and one target directory.
. "$(dirname "$0")/steps.sh"

needs() {
    packages gcc g++ libc6-dev make cmake pkg-config valgrind python3 python3-venv binutils
    toolchain
}

lint() {
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features cli,modules --profile checked -- --deny warnings
}

rust_tests() {
    cargo test --workspace --profile checked --features cli,modules --no-run
    # Bounded, so that a test that hangs says which it is.
    timeout --kill-after=10 15m cargo test --workspace --profile checked --features cli,modules
}

c_tests() {
    cmake -S tests/c -B target/c-tests -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPENNON_CARGO_PROFILE=checked
    cmake --build target/c-tests --parallel 2
    ctest --test-dir target/c-tests --output-on-failure --timeout 300
}

step "what the tests need" needs
step "format and lints" lint
step "the relay proxy, for comparison" tests/relay/build.sh
step "the vendor's module, for comparison" tests/module/fetch.sh
step "Rust tests" rust_tests
step "C tests and packaging" c_tests
finish
