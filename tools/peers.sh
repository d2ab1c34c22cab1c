#!/usr/bin/env bash
# Compares Pennon with its peers, which come from their registries, called from Python and natively.
. "$(dirname "$0")/steps.sh"

environment=target/peers
needs() {
    packages python3 python3-venv
    toolchain
    if ! cmp -s benches/peers/requirements.txt "$environment/requirements.txt"; then
        rm -rf "$environment"
        python3 -m venv "$environment"
        "$environment/bin/pip" install --quiet --requirement benches/peers/requirements.txt
        cp benches/peers/requirements.txt "$environment/requirements.txt"
    fi
}

from_python() {
    cargo build --quiet --release --lib
    "$environment/bin/python" -B benches/peers/peers.py target/release/libpennon.so "$(tests/relay/build.sh)" \
        2>"$environment/log" || { cat "$environment/log" >&2; return 1; }
}

natively() {
    cargo run --quiet --release --locked --manifest-path benches/peers/native/Cargo.toml
}

step "what the peers need" needs
step "peers, called from Python" from_python
step "peers, natively" natively
finish
