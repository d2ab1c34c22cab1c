# Sourced by the other scripts: steps that say what they do and how long they took, and what the machine needs.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_TARGET_DIR=$PWD/target
started=$SECONDS

# step TITLE COMMAND...: runs a command, and says what it was and how long it took.
step() {
    local title=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$title"
    "$@"
    printf '== %s: %d s\n' "$title" $((SECONDS - start))
}

finish() {
    printf '\n== all: %d s\n' $((SECONDS - started))
}

# packages NAME...: installs the Debian packages that are missing.
packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "installing Debian packages: ${missing[*]}"
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The toolchain of rust-toolchain.toml with its target and components; rustup says nothing when they are there.
toolchain() {
    if ! command -v rustup >/dev/null; then
        echo "rustup is missing: see https://rustup.rs" >&2
        return 1
    fi
    local channel
    channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    rustup toolchain list | grep -q "^$channel-" || rustup toolchain install "$channel" --profile minimal
    local have
    have=$(rustup component list --installed --toolchain "$channel")
    for component in clippy rustfmt; do
        grep -q "^$component" <<<"$have" || rustup component add --toolchain "$channel" "$component"
    done
    grep -q '^rust-std-wasm32-unknown-unknown' <<<"$have" \
        || rustup target add --toolchain "$channel" wasm32-unknown-unknown
}
