#!/usr/bin/env bash
# alloc and inject build, and their tests pass, with Boost out of sight; no file of theirs includes a file of
# Boost's, directly or not. For CI, which takes clang for it: alone.sh [PRESET].
set -euo pipefail
cd "$(dirname "$0")/../.."

cmake --preset "${1:-release}" -B build/alone -D ZIGMUND_HTTP=OFF -D CMAKE_DISABLE_FIND_PACKAGE_Boost=TRUE
cmake --build build/alone -j "$(nproc)"
(cd build/alone && ctest --output-on-failure --no-tests=error -j "$(nproc)")

# To a file first: grep leaves early, and ninja's death of the closed pipe would count as nothing found.
ninja -C build/alone -t deps >build/alone/deps.txt
if grep -m 5 /boost/ build/alone/deps.txt; then
    echo "zigmund: the files above are Boost's, and something outside of http includes them" >&2
    exit 1
fi
