#!/bin/sh
# Prepare this checkout: `deploy/bootstrap.sh venv` makes .venv exactly as requirements.lock says,
# `deploy/bootstrap.sh browser` makes sure that a Chromium is there. Both do nothing when nothing is to be done.
# Needs a POSIX shell and Python 3.11 or newer. $PYTHON and $CHROMIUM name others than the ones found on the path.
set -eu

project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$project/.venv
stamp=$venv/.spreekbuis-stamp
unfinished=$venv/.spreekbuis-unfinished

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# --- installing what the system lacks -------------------------------------------------------------------------

# Runs apt-get as root, directly or through a sudo that asks nothing. False when that is impossible.
apt() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@" </dev/null >"$log" 2>&1
    elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
        sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@" </dev/null >"$log" 2>&1
    else
        return 1
    fi
}

# The lists of a fresh container are empty or old: refresh them only when the first try fails.
apt_install() {
    apt install --no-install-recommends "$@" || { apt update && apt install --no-install-recommends "$@"; }
}

# --- venv -----------------------------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || fail "\$PYTHON ($PYTHON) is not Python 3.11 or newer."
        python=$PYTHON
        return
    fi
    for python in python3 python3.13 python3.12 python3.11 python3.14 python; do
        if command -v "$python" >/dev/null 2>&1 && new_enough "$python"; then
            return
        fi
    done
    found=$(python3 --version 2>&1 || true)
    fail "Spreekbuis needs Python 3.11 or newer; found: ${found:-none}.
Install it (on Debian or Ubuntu: apt-get install python3 python3-venv) or name it: PYTHON=/path/to/python3 make ..."
}

require_venv_module() {
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    say "Python lacks its venv module: trying to install $package ..."
    apt_install "$package" || apt_install python3-venv || true
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail \
        "Python's venv module is missing. On Debian or Ubuntu: apt-get install $package (or python3-venv)."
}

# What the environment was made from: both files, this very place, and nothing else.
fingerprint() {
    # The shell's own python does the sum: not every system has sha256sum.
    "$1" - "$project" <<'PYTHON'
import hashlib, pathlib, sys
project = pathlib.Path(sys.argv[1])
total = hashlib.sha256(str(project).encode())
for name in ("requirements.lock", "pyproject.toml"):
    total.update(hashlib.sha256((project / name).read_bytes()).digest())
print(total.hexdigest())
PYTHON
}

# Alive, and made here: the scripts of a moved or copied environment still name the old place.
sound() {
    [ ! -e "$unfinished" ] && new_enough "$venv/bin/python" &&
        [ "$("$venv/bin/python" -c 'import sys; print(sys.prefix)')" = "$venv" ] &&
        head -n 3 "$venv/bin/pip" 2>/dev/null | grep -qF "$venv/bin/" &&
        "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

pip_install() {
    PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
        "$venv/bin/python" -m pip install --quiet "$@" </dev/null >"$log" 2>&1
}

install_packages() {
    (
        cd "$project"
        pip_install --require-hashes -r requirements.lock && pip_install --no-deps --no-build-isolation -e .
    )
}

show_log() {
    # A configured folder of wheels that does not exist is no cause of anything.
    grep -v "Location '.*' is ignored" "$log" | tail -n 25 >&2 || true
}

build_venv() {
    find_python
    require_venv_module
    say "Making the Python environment (about a minute) ..."
    rm -rf "$venv"
    mkdir "$venv"
    : >"$unfinished" # a kill from here on leaves this mark, and the next call begins again
    "$python" -m venv "$venv" >"$log" 2>&1 || {
        show_log
        fail "Python could not make $venv. Is the disk full, or the folder not writable?"
    }
}

make_venv() {
    if sound; then
        wanted=$(fingerprint "$venv/bin/python")
        if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
            return
        fi
        say "Updating the Python environment ..."
        : >"$unfinished"
        rm -f "$stamp"
        if install_packages; then
            printf '%s\n' "$wanted" >"$stamp"
            rm -f "$unfinished"
            return
        fi
        say "That failed."
    elif [ -e "$venv" ]; then
        say "The Python environment is incomplete or comes from another place."
    fi
    build_venv
    install_packages || {
        show_log
        fail "The Python packages could not be installed: the lines above say why. Correct that (the network?) and try again."
    }
    fingerprint "$venv/bin/python" >"$stamp"
    rm -f "$unfinished"
    say "The Python environment is ready."
}

# --- browser --------------------------------------------------------------------------------------------------

# Started, not only looked up: some systems ship a stub that only tells to install another package.
find_browser() {
    for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$browser" ] && command -v "$browser" >/dev/null 2>&1 && "$browser" --version >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

make_browser() {
    find_browser && return
    [ -z "${CHROMIUM:-}" ] || say "\$CHROMIUM ($CHROMIUM) does not start."
    say "Installing Chromium for the browser tests ..."
    apt_install chromium || true
    find_browser || fail \
        "The browser tests need Chromium. Install it (on Debian: apt-get install chromium), or name one: CHROMIUM=/path/to/it"
}

# --- choose ---------------------------------------------------------------------------------------------------

log=$(mktemp "${TMPDIR:-/tmp}/spreekbuis-bootstrap.XXXXXX")
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

case ${1:-} in
venv) make_venv ;;
browser) make_browser ;;
*) fail "Usage: deploy/bootstrap.sh venv | browser" ;;
esac
