#!/usr/bin/env bash
# finish.sh FOLDER: the .deb files in it tell the dynamic linker of new libraries by a trigger, as Debian asks for, and
# not by the scripts that CPack writes.
set -euo pipefail
for deb in "$1"/*.deb; do
    open=$(mktemp -d)
    dpkg-deb -R "$deb" "$open"
    if grep -qs ldconfig "$open/DEBIAN/postinst"; then
        rm "$open"/DEBIAN/post{inst,rm}
        echo 'activate-noawait ldconfig' >"$open/DEBIAN/triggers"
        chmod 755 "$open"
        dpkg-deb --root-owner-group -b "$open" "$deb" >/dev/null
    fi
    rm -r "$open"
done
