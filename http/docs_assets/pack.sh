#!/usr/bin/env bash
# pack.sh NODE_MODULES FOLDER: packs what the pages of the documentation need into FOLDER, and writes
# FOLDER/docs_assets.inc, the table of it.
set -euo pipefail

modules=$1
folder=$2
own=$(dirname "$0")
table=$folder/docs_assets.inc.new
mkdir -p "$folder"
: >"$table"

# asset NAME TYPE <CONTENT
asset() {
    local hash
    gzip -9n >"$folder/$1.gz"
    hash=$(sha256sum <"$folder/$1.gz")
    printf 'ZIGMUND_DOCS_ASSET(%s, "%s", "%s", "W/\\"%s\\"", "%s")\n' \
        "${1//[^a-z0-9]/_}" "$1" "$2" "${hash:0:16}" "$folder/$1.gz" >>"$table"
}

javascript='text/javascript; charset=utf-8'
swagger_ui=$modules/swagger-ui-dist
asset swagger-ui.css 'text/css; charset=utf-8' <"$swagger_ui/swagger-ui.css"
asset swagger-ui-bundle.js "$javascript" <"$swagger_ui/swagger-ui-bundle.js"
asset swagger-ui-start.js "$javascript" <"$own/swagger-ui-start.js"
asset oauth2-redirect 'text/html; charset=utf-8' <"$swagger_ui/oauth2-redirect.html"
asset oauth2-redirect.js "$javascript" <"$swagger_ui/oauth2-redirect.js"
asset favicon.png 'image/png' <"$swagger_ui/favicon-32x32.png"

# ReDoc's logo would be asked of another host; without an address, its place stays empty.
logo='https://cdn.redoc.ly/redoc/logo-mini.svg'
redoc=$modules/redoc/bundles/redoc.standalone.js
if ! grep -qF "$logo" "$redoc"; then
    echo "zigmund: $redoc does not name $logo: look whether it asks another host for something else" >&2
    exit 1
fi
sed "s#$logo#data:,#" "$redoc" | asset redoc.standalone.js "$javascript"
asset redoc-start.js "$javascript" <"$own/redoc-start.js"

for licence in "$swagger_ui/LICENSE" "$swagger_ui/NOTICE" "$swagger_ui/swagger-ui-bundle.js.LICENSE.txt" \
    "$modules/redoc/LICENSE" "$modules/redoc/bundles/redoc.standalone.js.LICENSE.txt"; do
    printf '==== %s\n\n' "${licence#"$modules/"}"
    cat "$licence"
    printf '\n\n'
done >"$folder/licences.txt"
asset licences.txt 'text/plain; charset=utf-8' <"$folder/licences.txt"

mv "$table" "$folder/docs_assets.inc"
