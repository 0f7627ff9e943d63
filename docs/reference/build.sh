#!/usr/bin/env bash
# build.sh FOLDER: the guide and the reference of the headers, as FOLDER/html/index.html. Fails where Doxygen complains:
# what is public in alloc, inject or http and has no description, and what leads nowhere.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."

rm -rf "$folder/html"
python3 docs/reference/pages.py "$folder/pages"
# Lists that the bar of header.html does not lead to are left out.
doxygen -l "$folder/layout.xml"
sed -i -E '/type="(pages|modules|namespacemembers|interfaces|structs|exceptions|hierarchy|classmembers|classindex|globals|examples)"/s/visible="yes"/visible="no"/' \
    "$folder/layout.xml"

number() { sed -n "s/^#define ZIGMUND_VERSION_$1 //p" alloc/include/zigmund/alloc/version.hpp; }
ZIGMUND_VERSION=$(number MAJOR).$(number MINOR).$(number PATCH) ZIGMUND_OUTPUT=$folder \
    doxygen docs/reference/Doxyfile >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
test -f "$folder/html/index.html"
if [[ -s $folder/log ]]; then
    cat "$folder/log"
    exit 1
fi
cp docs/guide/*.svg docs/benchmarks/plots/*.svg "$folder/html"
python3 docs/reference/finish.py "$folder/html"
cat docs/reference/search.css >>"$folder/html/search/search.css"
