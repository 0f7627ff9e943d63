#!/usr/bin/env bash
# embedded.sh WORK FORM COMPILER FLAGS [compile]: a project with zigmund's sources in it builds alloc with these flags,
# and a program that works. With `compile`, only the program's own file is compiled, which takes a tenth of the time.
# FORM is add_subdirectory or FetchContent, which clones a repository of what is here.
set -euo pipefail
work=$1 form=$2 compiler=$3 flags=$4 how=${5-run}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
repository=$root tag=
if [[ $form == FetchContent ]]; then
    # Committed or not.
    repository=$work/repository
    mkdir "$repository"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard |
        tar --create --null --verbatim-files-from --files-from=- --ignore-failed-read) | tar --extract -C "$repository"
    git -C "$repository" init -q
    git -C "$repository" add -A
    git -C "$repository" -c user.name=test -c user.email=test@localhost commit -qm 'What is tested'
    tag=$(git -C "$repository" rev-parse HEAD)
    repository=file://$repository
fi

quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
quietly cmake -S "$here/embedded" -B "$work/build" -G Ninja -D CMAKE_CXX_COMPILER="$compiler" \
    -D CMAKE_CXX_FLAGS="$flags" -D form="$form" -D repository="$repository" -D tag="$tag" --no-warn-unused-cli
if [[ $how == compile ]]; then
    quietly cmake --build "$work/build" --target CMakeFiles/consumer.dir/main.cpp.o
    exit
fi
quietly cmake --build "$work/build" --target consumer

number() { sed -n "s/^#define ZIGMUND_VERSION_$1 //p" "$root/alloc/include/zigmund/alloc/version.hpp"; }
says="Hello from alloc $(number MAJOR).$(number MINOR).$(number PATCH)"
[[ $flags != *-fno-exceptions* ]] || says+=', without exceptions'
[[ $flags != *-fno-rtti* ]] || says+=', without RTTI'
said=$("$work/build/consumer")
[[ $said == "$says" ]] || { printf 'the consumer says: %s\ninstead of:        %s\n' "$said" "$says"; exit 1; }

# Without exceptions, a verb that would throw says why it ends the program instead.
if [[ $flags == *-fno-exceptions* ]]; then
    said=$("$work/build/consumer" exhaust 2>&1 || true)
    [[ $said == *'zigmund: out of memory'* ]] || { printf 'out of memory, the consumer says: %s\n' "$said"; exit 1; }
fi
