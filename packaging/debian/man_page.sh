#!/usr/bin/env bash
# man_page.sh zigmund_leaks.cpp VERSION: the manual page of zigmund-leaks, which is what its --help says.
set -euo pipefail

printf '.TH ZIGMUND-LEAKS 1 "" "zigmund %s" "User Commands"\n' "$2"
printf '.SH NAME\nzigmund-leaks \\- runs a program and tells of its memory leaks and errors\n'
printf '.SH SYNOPSIS\n.nf\n'
sed -n 's/.*R"(Usage: //p' "$1"
printf '.fi\n.SH DESCRIPTION\n.nf\n'
sed -n '/R"(Usage:/,/^)"/p' "$1" | sed -e '1,2d' -e '/^)"/d' -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"
printf '.fi\n'
