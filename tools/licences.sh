#!/usr/bin/env bash
# Writes THIRD_PARTY_LICENSES: the licences of what is linked into the library. Read what changed before you commit it.
. "$(dirname "$0")/steps.sh"

licences() {
    PENNON_WRITE_LICENCES=1 cargo test --quiet --profile checked --features cli --test licences
}

step "the toolchain" toolchain
step "THIRD_PARTY_LICENSES" licences
finish
