#!/usr/bin/env bash
# Installs the vendor's engine and client, which the tests compare with, and prints the path of their Python.
set -euo pipefail
cd "$(dirname "$0")/../.."

environment=${CARGO_TARGET_DIR:-$PWD/target}/flagsmith-peer
if ! cmp -s tests/flagsmith/requirements.txt "$environment/requirements.txt"; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement tests/flagsmith/requirements.txt >&2
    cp tests/flagsmith/requirements.txt "$environment/requirements.txt"
fi
echo "$environment/bin/python"
