#!/bin/sh
# Install the locked versions and this package into the environment named by $1, and make
# that environment first where there is none. Uses uv where it is present, else pip.
set -eu

prefix=$1
lock=requirements.lock
python=$prefix/bin/python

supported() { # can this command run, and is it Python 3.11 to 3.13?
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

if [ ! -x "$python" ]; then
    found=
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if supported "$candidate"; then
            found=$candidate
            break
        fi
    done
    if command -v uv >/dev/null 2>&1; then
        echo "making $prefix with uv"
        uv venv --quiet --python "${found:-3.12}" "$prefix"
    elif [ -n "$found" ]; then
        echo "making $prefix with $found"
        "$found" -m venv "$prefix" || {
            echo "setup: $found cannot make environments; on Debian or Ubuntu: apt install python3-venv" >&2
            exit 1
        }
    else
        echo "setup: no Python 3.11, 3.12 or 3.13 found; install one, or uv, which brings its own" >&2
        exit 1
    fi
elif ! supported "$python"; then
    echo "setup: $("$python" --version) in $prefix is not supported; ecomlab needs 3.11 to 3.13" >&2
    exit 1
fi

echo "installing the locked packages into $prefix (about 3 GB, once)"
if command -v uv >/dev/null 2>&1; then
    uv pip install --python "$python" --requirement "$lock"
    uv pip install --python "$python" --quiet --no-deps --editable .
else
    "$python" -m pip install --requirement "$lock"
    "$python" -m pip install --quiet --no-deps --editable .
fi
