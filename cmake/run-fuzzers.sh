#!/usr/bin/env bash
# Fuzzes each target for so many seconds, from the corpus in the repository, as many targets at a time as there are
# processors: cmake/run-fuzzers.sh SECONDS [TARGET...]
# PRESET names the build, which has ZIGMUND_FUZZ on: fuzz if it is not set. New inputs stay in the build tree; an
# input that breaks something is left in its folder findings.
set -euo pipefail
cd "$(dirname "$0")/.."

export seconds=${1:?how many seconds for each target}
shift
preset=${PRESET:-fuzz}
export build=build/$preset
cmake/configure.sh "$build" --preset "$preset" -DZIGMUND_FUZZ=ON >/dev/null
cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}" >/dev/null
mkdir -p "$build/findings"
if [ $# -eq 0 ]; then
    for file in tests/fuzz/*_fuzz.cpp; do set -- "$@" "$(basename "$file" _fuzz.cpp)"; done
fi

fuzz() {
    local target=$1
    local log=$build/findings/$target.log
    mkdir -p "$build/found/$target"
    # One request never takes seconds: an input that does is as bad as a crash.
    if ! "$build/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -max_len=16384 -print_final_stats=1 -dict="tests/fuzz/$target.dict" \
        -artifact_prefix="$build/findings/" "$build/found/$target" "tests/fuzz/corpus/$target" \
        >"$log" 2>&1; then
        tail -60 "$log"
        return 1
    fi
    echo "$target: $(grep -E 'number_of_executed_units' "$log" | grep -oE '[0-9]+') inputs in $seconds s"
}
export -f fuzz
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -euo pipefail -c 'fuzz {}'
