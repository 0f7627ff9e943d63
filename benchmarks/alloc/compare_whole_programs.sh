#!/usr/bin/env bash
# compare_whole_programs.sh PROGRAM PROGRAM_UNDER_ASAN INTERPOSED_LIBRARY: prints what a pair of malloc and free
# costs a whole program under each tier of zigmund::alloc_interpose, and under what else of its kind is installed.
set -euo pipefail

program=$1
under_asan=$2
interposed=$3
rounds=5
names=()
commands=()
pairs=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# row NAME PAIRS COMMAND...: the command gets the number of pairs as its last word.
row() { names+=("$1"); pairs+=("$2"); shift 2; commands+=("$(printf '%q ' "$@")"); }
missing=()
library() { find /usr/lib /usr/local/lib -name "$1" -print -quit 2>/dev/null; }
# peer NAME PAIRS LIBRARY ENVIRONMENT...: preloaded, if it is installed.
peer() {
    local file
    file=$(library "$3")
    if [[ -z $file ]]; then missing+=("$1"); return; fi
    row "$1" "$2" env "LD_PRELOAD=$file" "${@:4}" "$program"
}
tool() {
    if ! command -v "$3" >/dev/null; then missing+=("$1"); return; fi
    row "$1" "$2" "${@:3}" "$program"
}

peer 'mimalloc' 2000000 'libmimalloc.so.2*'
row "malloc of the C library" 2000000 "$program"
for tier in off sampled counted traced guarded; do
    many=1000000
    [[ $tier == guarded ]] && many=5000
    row "zigmund-leaks --tier=$tier" $many env "LD_PRELOAD=$interposed" "ZIGMUND_ALLOC=tier=$tier" "$program"
done
peer 'jemalloc' 2000000 'libjemalloc.so.2'
peer 'jemalloc, profiler, every allocation' 20000 'libjemalloc.so.2' MALLOC_CONF=prof:true,lg_prof_sample:0
peer 'scudo' 1000000 'libclang_rt.scudo_standalone-*.so'
row 'AddressSanitizer' 200000 env ASAN_OPTIONS=detect_leaks=0 "$under_asan"
tool 'heaptrack' 200000 heaptrack -r -o "$scratch/heaptrack"
tool 'Valgrind memcheck' 20000 valgrind -q

# Turn by turn, so that what disturbs the machine disturbs all of them.
for ((round = 0; round < rounds; ++round)); do
    for i in "${!names[@]}"; do
        eval "${commands[$i]} ${pairs[$i]}" 2>/dev/null </dev/null | grep -E '^[0-9.]+$' >>"$scratch/$i" || true
    done
done

echo
echo 'A block of 64 bytes freed and another made, 10,000 live: a whole program'
printf '  %-44s %12s %8s\n' '' 'median ns' 'ratio'
base=
for i in "${!names[@]}"; do
    if [[ ! -s $scratch/$i ]]; then
        printf '  %-44s %s\n' "${names[$i]}" 'does not run here'
        continue
    fi
    median=$(sort -n "$scratch/$i" | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }')
    : "${base:=$median}"
    awk -v name="${names[$i]}" -v median="$median" -v base="$base" \
        'BEGIN { printf "  %-44s %12.2f %8.2f\n", name, median, median / base }'
done
for name in "${missing[@]}"; do printf '  %-44s %s\n' "$name" 'not installed (make bench-peers)'; done
