#!/usr/bin/env bash
# npm-packages.sh FOLDER...: in each folder the packages that its package-lock.json pins, from npm; says nothing when
# they are there. What installs npm itself is Debian's package, unless there is one. Where it cannot, its last line says
# what to do.
set -euo pipefail

here=$(dirname "$0")
for folder in "$@"; do
    [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] && continue
    command -v npm >/dev/null || bash "$here/install-packages.sh" nodejs npm
    echo "npm ci: $folder"
    # Its warnings are about versions of itself; without a network it would try for minutes.
    (cd "$folder" && npm ci --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=1000 \
        --ignore-scripts --no-audit --no-fund >/dev/null) || {
        echo "zigmund: npm could not get what $folder/package-lock.json pins: see that there is a network and that" \
            "'npm ping' reaches the registry, then run this again" >&2
        exit 1
    }
    touch "$folder/node_modules/.package-lock.json"
done
