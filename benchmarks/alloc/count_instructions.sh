#!/usr/bin/env bash
# count_instructions.sh VALGRIND PROGRAM [--json FILE]: prints how many instructions each case_ function of the
# program takes an operation, its loop included.
set -euo pipefail

valgrind=$1
program=$2
json=
[[ ${3:-} == --json ]] && json=$4
counts=$(mktemp)
cases=$(mktemp)
trap 'rm -f "$counts" "$cases"' EXIT

"$valgrind" -q --tool=callgrind --toggle-collect='case_*' --callgrind-out-file="$counts" "$program"

echo
echo 'Instructions an operation (callgrind; its loop and all that it calls included)'
# A function's block holds a line "position cost" for its own work, and one after each "calls=" for what
# it called. Its name stands in brackets once, and is a number from then on.
awk -v times=1000 '
    /^c?fn=/ {
        number = $1; sub(/^c?fn=/, "", number)
        if (NF > 1) names[number] = $2
        if (/^fn=/) name = names[number]
        next
    }
    /^[0-9+*-]/ { if (name ~ /^case_/) cost[name] += $2 }
    END {
        for (name in cost) {
            text = name; sub(/^case_/, "", text); gsub(/_/, " ", text)
            printf "  %-44s %12.1f\n", text, cost[name] / times
        }
    }' "$counts" | sort | tee "$cases"

[[ -n $json ]] || exit 0
awk -v program="$(basename "$program")" '
    BEGIN {
        printf "{\"program\": \"%s\", \"tables\": [\n {\"title\": \"Instructions an operation: %s\",\n", program, program
        printf "  \"about\": \"Counted by callgrind, the loop and all that it calls included: no clock, so the same on every machine that runs this binary.\",\n"
        printf "  \"columns\": [\"instructions\"], \"rows\": ["
    }
    {
        count = $NF; sub(/^ +/, ""); sub(/ +[0-9.]+$/, "")
        printf "%s\n   {\"name\": \"%s\", \"values\": {\"instructions\": %s}}", (NR > 1 ? "," : ""), $0, count
    }
    END { print "],\n  \"goals\": []}]}" }' "$cases" >"$json"
