#!/usr/bin/env bash
# count_instructions.sh VALGRIND PROGRAM: prints how many instructions each case_ function of the program takes
# an operation, its loop included.
set -euo pipefail

valgrind=$1
program=$2
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

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
    }' "$counts" | sort
