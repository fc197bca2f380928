#!/bin/sh
# Names each missing tool and how to get it.
python="$1"
missing=0
need() {
    echo "missing: $1" >&2
    missing=1
}
if ! command -v "$python" >/dev/null 2>&1; then
    need "Python 3.11 or newer: install python3 and python3-venv with your package manager, or set PYTHON=/path/to/python3"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    need "Python 3.11 or newer, found $("$python" --version 2>&1): set PYTHON=/path/to/a/newer/python3"
elif ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    need "Python's venv module: install the package python3-venv"
fi
if ! command -v cargo >/dev/null 2>&1 || ! command -v rustc >/dev/null 2>&1; then
    need "the Rust toolchain (stable, 1.94 or newer): install it with rustup, and start a new shell"
else
    version=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
    [ "$version" -ge 94 ] 2>/dev/null || need "Rust 1.94 or newer, found $(rustc --version): run 'rustup update stable'"
fi
if ! command -v cc >/dev/null 2>&1; then
    need "a C compiler: install gcc or clang with your package manager (on Debian, build-essential)"
fi
exit $missing
