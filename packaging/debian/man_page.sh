#!/usr/bin/env bash
# man_page.sh TOOL.cpp NAME 'WHAT IT DOES' VERSION: the manual page of a tool, which is what its --help says.
set -euo pipefail

printf '.TH %s 1 "" "zigmund %s" "User Commands"\n' "${2^^}" "$4"
printf '.SH NAME\n%s \\- %s\n' "${2//-/\\-}" "$3"
printf '.SH SYNOPSIS\n.nf\n'
sed -n 's/.*R"(Usage: //p' "$1"
printf '.fi\n.SH DESCRIPTION\n.nf\n'
sed -n '/R"(Usage:/,/^)"/p' "$1" | sed -e '1,2d' -e '/^)"/d' -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"
printf '.fi\n'
