#!/usr/bin/env bash
# Speed through the C ABI, as a table of ratios; `docs/performance.md` says how to read it.
. "$(dirname "$0")/steps.sh"

needs() {
    packages gcc libc6-dev python3 python3-venv
    toolchain
}

step "what the benchmarks need" needs
step "the vendor's module, for comparison" tests/module/fetch.sh
step "benchmarks" cargo bench --features internals --bench speed -- "$@"
[ $# -gt 0 ] || tools/peers.sh
finish
