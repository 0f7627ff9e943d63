#!/usr/bin/env bash
# configure.sh BUILD CMAKE-ARGUMENT...: configures the build folder BUILD with CMake. Where that cannot be done, its last
# line says what to do.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift

give_up() {
    echo "zigmund: $1" >&2
    exit 1
}

# What is older does not read the presets, and says of that no more than that their version is unknown.
needed=3.25
command -v cmake >/dev/null || give_up "there is no cmake in PATH: install CMake $needed or newer"
version=$(cmake --version | sed -n '1s/.* //p')
[[ $(printf '%s\n' "$needed" "$version" | sort -V | head -n 1) == "$needed" ]] ||
    give_up "CMake $version ($(command -v cmake)) is too old: install CMake $needed or newer, or put it first in PATH"
command -v ninja >/dev/null || give_up "there is no ninja in PATH: install Ninja"

{ mkdir -p "$build" && [[ -w $build ]]; } 2>/dev/null ||
    give_up "$build cannot be written: clone into a folder of your own"
if [[ -f $build/CMakeCache.txt ]]; then
    of=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
    [[ $of -ef . ]] || give_up "$build was configured for $of, not for this folder: remove it (rm -r $build) and try again"
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
if cmake -B "$build" "$@" 2>"$said"; then
    cat "$said" >&2
    exit
fi
# What we say through CMake is broken into lines, and has others around it.
ours=$(awk '/^  zigmund: / { on = 1 }
            on && /^($|Call Stack)/ { exit }
            on { sub(/^  /, ""); printf "%s%s", between, $0; between = " " }' "$said")
if [[ -n $ours ]]; then
    echo "$ours" >&2
    exit 1
fi
cat "$said" >&2
give_up "CMake says above what it lacks; if that should be there, remove $build (rm -r $build) and try again"
