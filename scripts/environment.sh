# shellcheck shell=bash
# Sourced by the scripts beside it and by .ci/run: finds a Python and keeps a virtual environment
# in step with the lock files. Runs on bash 3.2, the one that macOS has.
#
#   choose_python            the interpreter to use: $ASR_NETMAP_PYTHON, else the newest found
#   find_python 3.10         an interpreter of that version; fails without a word if there is none
#   environment DIR LEVEL [PYTHON]
#                            makes or renews the environment DIR; LEVEL is runtime or dev

project_root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A setting meant for another Python must not leak into ours. Without compiled files every process
# that a test starts would compile the SDKs anew, which takes seconds.
unset PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

# The version of an interpreter, such as 3.11. Fails where the program doesn't run: a pyenv shim
# exists for every version and works for the selected one alone.
python_version() {
    "$1" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null |
        grep -E '^[0-9]+\.[0-9]+$'
}

supported() {
    python_version "$1" >/dev/null &&
        "$1" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1 </dev/null
}

# Debian splits ensurepip off into a package of its own.
makes_environments() {
    "$1" -I -c 'import ensurepip, venv' >/dev/null 2>&1 </dev/null ||
        "$1" -I -c 'import virtualenv' >/dev/null 2>&1 </dev/null
}

pyenv_versions() {
    local folder=${PYENV_ROOT:-}
    if [ -z "$folder" ] && command -v pyenv >/dev/null 2>&1; then
        folder=$(pyenv root 2>/dev/null) || folder=
    fi
    folder=${folder:-${HOME:-}/.pyenv}
    local python
    for python in "$folder/versions/$1".*/bin/python"$1"; do
        if [ -x "$python" ]; then printf '%s\n' "$python"; fi
    done
}

# Every program that may be Python $1 (such as 3.10), one a line, the likeliest first.
candidates() {
    type -aP "python$1" || true
    pyenv_versions "$1"
}

find_python() {
    local python
    while IFS= read -r python; do
        if [ "$(python_version "$python")" = "$1" ] && makes_environments "$python"; then
            printf '%s\n' "$python"
            return 0
        fi
    done < <(candidates "$1")
    return 1
}

newest_python() {
    local version python
    for version in 3.13 3.12 3.11 3.10 3; do
        while IFS= read -r python; do
            if supported "$python" && makes_environments "$python"; then
                printf '%s\n' "$python"
                return 0
            fi
        done < <(type -aP "python$version")
    done
    # Installed by pyenv, but not selected: not on the PATH.
    for version in 3.13 3.12 3.11 3.10; do
        find_python "$version" && return 0
    done
    return 1
}

no_ensurepip() {
    die "$1 can't make virtual environments: it has neither ensurepip nor virtualenv." \
        "On Debian and Ubuntu: apt-get install python$(python_version "$1")-venv" \
        "Or name another interpreter: ASR_NETMAP_PYTHON=/path/to/python"
}

choose_python() {
    local python
    if [ -n "${ASR_NETMAP_PYTHON:-}" ]; then
        python=$(type -P "$ASR_NETMAP_PYTHON") ||
            die "ASR_NETMAP_PYTHON=$ASR_NETMAP_PYTHON is no program." "Unset it, or give the path of a Python."
        python_version "$python" >/dev/null ||
            die "ASR_NETMAP_PYTHON=$ASR_NETMAP_PYTHON doesn't run as a Python." "Unset it, or give the path of another."
        supported "$python" ||
            die "ASR_NETMAP_PYTHON is Python $(python_version "$python"); 3.10 or newer is needed."
        makes_environments "$python" || no_ensurepip "$python"
        printf '%s\n' "$python"
    elif ! newest_python; then
        for version in 3.13 3.12 3.11 3.10 3; do
            while IFS= read -r python; do
                if supported "$python"; then no_ensurepip "$python"; fi
            done < <(type -aP "python$version")
        done
        die "no Python 3.10 or newer was found (looked for python3.13 to python3.10, python3 and pyenv's versions)." \
            "Install one, or name one: ASR_NETMAP_PYTHON=/path/to/python"
    fi
}

# What the environment $1 has to be built from. Kept beside it as a copy, which needs no tool for
# hashes; fails if the environment's interpreter is gone.
packages_state() {
    printf '%s\n' "$1"
    "$1/bin/python" -I -S -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null
    cat "$project_root/requirements-build.lock" "$project_root/requirements.lock" \
        "$project_root/requirements-dev.lock"
}

project_state() {
    cat "$project_root/pyproject.toml"
    grep '^__version__' "$project_root/asr_netmap/__init__.py"
}

has_packages() {
    [ -f "$1/.packages-$2" ] && packages_state "$1" | cmp -s - "$1/.packages-$2"
}

# The development lock holds every pin of the runtime lock, so it serves both levels.
has_level() { has_packages "$1" dev || { [ "$2" = runtime ] && has_packages "$1" runtime; }; }

has_project() { [ -f "$1/.project" ] && project_state | cmp -s - "$1/.project"; }

# Whether the environment was made with the interpreter $2; any will do if none is named.
made_with() {
    [ -z "$2" ] && return 0
    local ask='import sys; print(sys.version, sys.base_prefix)'
    [ "$("$1/bin/python" -I -S -c "$ask" 2>/dev/null)" = "$("$2" -I -S -c "$ask" 2>/dev/null)" ]
}

is_current() { has_level "$1" "$2" && has_project "$1" && made_with "$1" "$3"; }

make_empty() {
    local folder=$1 python=$2
    if [ -e "$folder" ] && [ ! -f "$folder/.made-by-scripts" ]; then
        die "$folder exists and was not made by these scripts." "Move it away and run this again."
    fi
    say "Making $folder with Python $(python_version "$python") ($python); this happens once."
    rm -rf "$folder"
    mkdir "$folder"
    : >"$folder/.made-by-scripts"
    printf '*\n' >"$folder/.gitignore"
    if "$python" -I -c 'import ensurepip, venv' >/dev/null 2>&1; then
        "$python" -I -m venv "$folder"
    else
        "$python" -I -m virtualenv --quiet "$folder"
    fi || die "making $folder failed, see above."
}

install_packages() {
    local folder=$1 level=$2 lock=requirements.lock
    if [ "$level" = dev ]; then lock=requirements-dev.lock; fi
    say "Installing the packages of $lock into $folder ..."
    "$folder/bin/python" -I -m pip install -qq --no-compile --require-hashes --only-binary :all: \
        -r "$project_root/requirements-build.lock" -r "$project_root/$lock" ||
        die "installing from $lock failed, see above." \
            "pip takes its index, proxy and certificates from your pip configuration (pip config list)."
    packages_state "$folder" >"$folder/.packages-$level"
}

# The build backend comes from requirements-build.lock, so this step needs no network.
install_project() {
    "$1/bin/python" -I -m pip install -qq --no-index --no-deps --no-build-isolation \
        --editable "$project_root" ||
        die "installing the project itself into $1 failed, see above."
    project_state >"$1/.project"
}

# Runs of these scripts at the same time wait for each other here. The lock belongs to this shell's
# file descriptor 9, so it is gone when the shell is, however it ends.
lock_project() {
    "$1" -I -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null && return
    say "Waiting for another run of these scripts to finish with its environment ..."
    "$1" -I -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}

renew() {
    local folder=$1 level=$2 wanted=$3 python=$4
    if is_current "$folder" "$level" "$wanted"; then return; fi # another run did it meanwhile
    if ! made_with "$folder" "$wanted" || ! has_level "$folder" runtime; then
        make_empty "$folder" "$python"
    fi
    if ! has_level "$folder" "$level"; then install_packages "$folder" "$level"; fi
    if ! has_project "$folder"; then install_project "$folder"; fi
}

environment() {
    local folder=$1 level=$2 wanted=${3:-${ASR_NETMAP_PYTHON:-}} python
    if is_current "$folder" "$level" "$wanted"; then return; fi
    if [ -n "${3:-}" ]; then python=$3; else python=$(choose_python); fi
    exec 9<"$project_root/scripts/environment.sh"
    lock_project "$python"
    renew "$folder" "$level" "$wanted" "$python"
    exec 9<&-
}
