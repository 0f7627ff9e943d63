#!/usr/bin/env bash
# npm-packages.sh FOLDER...: in each folder the packages that its package-lock.json pins, from npm; says nothing when
# they are there. What installs npm itself is Debian's package, unless there is one.
set -euo pipefail

here=$(dirname "$0")
for folder in "$@"; do
    [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] && continue
    command -v npm >/dev/null || bash "$here/install-packages.sh" nodejs npm
    echo "npm ci: $folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
    touch "$folder/node_modules/.package-lock.json"
done
