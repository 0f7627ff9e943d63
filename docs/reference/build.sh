#!/usr/bin/env bash
# build.sh FOLDER [ROOM...]: the reference of the headers, as FOLDER/html/index.html. Fails where Doxygen complains of a
# header of one of the rooms (by default of alloc, inject and http): what is public and has no description.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
rooms=("$@")
((${#rooms[@]})) || rooms=(alloc inject http)
cd "$(dirname "$0")/../.."

number() { sed -n "s/^#define ZIGMUND_VERSION_$1 //p" alloc/include/zigmund/alloc/version.hpp; }
ZIGMUND_VERSION=$(number MAJOR).$(number MINOR).$(number PATCH) ZIGMUND_OUTPUT=$folder \
    doxygen docs/reference/Doxyfile >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
test -f "$folder/html/index.html"
for room in "${rooms[@]}"; do
    ! grep -F "$PWD/$room/" "$folder/log" || exit 1
done
