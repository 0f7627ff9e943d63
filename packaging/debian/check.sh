#!/usr/bin/env bash
# check.sh FOLDER: the .deb files in it have nothing that lintian warns of; and what a program needs that is built
# with them is in them: by find_package, with the static and the shared library, and by pkg-config.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)

# No bug of Debian's asked for these packages.
lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs --allow-root "$folder"/*.deb

root=$folder/unpacked
rm -rf "$root"
for deb in "$folder"/*.deb; do
    dpkg-deb -x "$deb" "$root"
done
libraries=$(dirname "$(find "$root" -name libzigmund_alloc.so)")
# pkg-config reads the files where they lie, and takes the paths in them from there.
export PKG_CONFIG_PATH=$libraries/pkgconfig LD_LIBRARY_PATH=$libraries

expect() { # text, command...
    local text=$1 said
    shift
    said=$("$@")
    [[ $said == "$text" ]] || { printf '%s\nsays %s\ninstead of %s\n' "$*" "$said" "$text"; exit 1; }
}
consumer=$here/../../tests/project/consumer
for component in alloc inject http; do
    for static in ON OFF; do
        build=$folder/consumer_of_$component-$static
        cmake -S "$consumer" -B "$build" -D component=$component -D CMAKE_PREFIX_PATH="$root/usr" \
            -D zigmund_USE_STATIC_LIBS=$static >/dev/null
        cmake --build "$build" >/dev/null
        expect "Hello from $component" "$build/consumer"
    done
    # shellcheck disable=SC2046
    g++ -std=c++23 "$consumer/$component.cpp" $(pkg-config --cflags --libs zigmund-$component) \
        -o "$folder/linked_$component"
    expect "Hello from $component" "$folder/linked_$component"
done
for component in alloc_interpose alloc_heap_counter; do
    build=$folder/consumer_of_$component
    cmake -S "$consumer" -B "$build" -D component=$component -D CMAKE_PREFIX_PATH="$root/usr" >/dev/null
    cmake --build "$build" >/dev/null
    expect "Hello from $component" "$build/consumer"
done

expect '' "$root/usr/bin/zigmund-leaks" -- true
"$root/usr/bin/zigmund-leaks" --trace="$folder/trace" -- cmake --version >/dev/null
"$root/usr/bin/zigmund-bench" --rounds=1 "$folder/trace" >/dev/null
for tool in leaks bench; do
    man --warnings -l "$root/usr/share/man/man1/zigmund-$tool.1.gz" 2>&1 >/dev/null | { ! grep .; }
done
echo "checked: $(cd "$folder" && echo *.deb)"
