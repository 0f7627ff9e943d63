#!/usr/bin/env bash
# build.sh FOLDER: the reference of the headers, as FOLDER/html/index.html. Fails where Doxygen complains: what is
# public in alloc, inject or http and has no description.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."

number() { sed -n "s/^#define ZIGMUND_VERSION_$1 //p" alloc/include/zigmund/alloc/version.hpp; }
ZIGMUND_VERSION=$(number MAJOR).$(number MINOR).$(number PATCH) ZIGMUND_OUTPUT=$folder \
    doxygen docs/reference/Doxyfile >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
test -f "$folder/html/index.html"
if [[ -s $folder/log ]]; then
    cat "$folder/log"
    exit 1
fi
