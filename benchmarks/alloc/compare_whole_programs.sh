#!/usr/bin/env bash
# compare_whole_programs.sh PROGRAM PROGRAM_UNDER_ASAN INTERPOSED_LIBRARY [--json FILE]: prints what a pair of
# malloc and free costs a whole program under each tier of zigmund::alloc_interpose, and under what else of its
# kind is installed.
set -euo pipefail

program=$1
under_asan=$2
interposed=$3
json=
[[ ${4:-} == --json ]] && json=$5
rounds=5
names=()
commands=()
pairs=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# row NAME PAIRS COMMAND...: the command gets the number of pairs as its last word.
row() { names+=("$1"); pairs+=("$2"); shift 2; commands+=("$(printf '%q ' "$@")"); }
missing=()
# progress [TEXT]: one line on a terminal that the next one overwrites; without a text, an empty one.
progress() { if [[ -t 2 ]]; then printf '\r\033[K%s' "${1:-}" >&2; fi; }
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
peer 'tcmalloc' 2000000 'libtcmalloc_minimal.so.4'
peer 'jemalloc, profiler, every allocation' 20000 'libjemalloc.so.2' MALLOC_CONF=prof:true,lg_prof_sample:0
peer 'scudo' 1000000 'libclang_rt.scudo_standalone-*.so'
row 'AddressSanitizer' 200000 env ASAN_OPTIONS=detect_leaks=0 "$under_asan"
tool 'heaptrack' 200000 heaptrack -r -o "$scratch/heaptrack"
tool 'Valgrind memcheck' 20000 valgrind -q

# Turn by turn, so that what disturbs the machine disturbs all of them.
for ((round = 0; round < rounds; ++round)); do
    for i in "${!names[@]}"; do
        progress "$((round * ${#names[@]} + i)) of $((rounds * ${#names[@]})): ${names[$i]}"
        eval "${commands[$i]} ${pairs[$i]}" 2>/dev/null </dev/null | grep -E '^[0-9.]+$' >>"$scratch/$i" || true
    done
done
progress

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

[[ -n $json ]] || exit 0
{
    printf '{"program": "%s", "compiler": "", "tables": [\n' "$(basename "$program")"
    printf ' {"title": "A block of 64 bytes freed and another made, 10,000 live: a whole program",\n'
    printf '  "about": "A program that only calls malloc and free, under each library or tool in turn: what a tier of zigmund-leaks costs beside the checkers and allocators that others use for whole programs.",\n'
    printf '  "unit": "ns", "clock": "processor", "rows": ['
    comma=
    for i in "${!names[@]}"; do
        printf '%s\n   {"name": "%s", ' "$comma" "${names[$i]}"
        comma=,
        if [[ ! -s $scratch/$i ]]; then
            printf '"left_out": "does not run here"}'
            continue
        fi
        sort -n "$scratch/$i" | awk -v base="$base" '
            { at[NR] = $1; all = all (NR > 1 ? ", " : "") $1 }
            END {
                median = at[int((NR + 1) / 2)]
                printf "\"median\": %s, \"spread\": %s, \"ratio\": %.6g, \"samples\": [%s]}", median,
                    (at[int(NR * 3 / 4) + 1] - at[int(NR / 4) + 1]) / 2, median / base, all
            }'
    done
    for name in "${missing[@]}"; do
        printf '%s\n   {"name": "%s", "left_out": "not installed (make bench-peers)"}' "$comma" "$name"
        comma=,
    done
    printf '],\n  "goals": []}]}\n'
} >"$json"
