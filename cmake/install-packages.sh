#!/usr/bin/env bash
# install-packages.sh PACKAGE...: installs those of Debian's packages that are missing; says nothing when none is. Where it
# cannot, its last line says what to do. PACKAGES=no in the environment: who has what they bring from elsewhere.
set -euo pipefail

[[ ${PACKAGES:-} == no ]] && exit 0

missing=()
for package in "$@"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]} == 0)) && exit 0

otherwise='or, with what they bring from elsewhere, add PACKAGES=no to the make command'
give_up() {
    echo "zigmund: $1" >&2
    exit 1
}

command -v apt-get >/dev/null ||
    give_up "this system has no apt-get: install by its own means what is in Debian's ${missing[*]}, then add PACKAGES=no to the make command"
as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || give_up "not root and no sudo; as root, run: apt-get install ${missing[*]}; $otherwise"
    as_root=(sudo)
fi

echo "installing: ${missing[*]}"
if ((EUID != 0)); then
    sudo true || give_up "sudo refused; as root, run: apt-get install ${missing[*]}; $otherwise"
fi
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >/dev/null
}
# A mirror that is not reached may be one that brings none of these.
mirrors=reached
apt -o APT::Update::Error-Mode=any update || mirrors=missed
apt install -y --no-install-recommends "${missing[@]}" && exit 0
if [[ $mirrors == missed ]]; then
    give_up "apt-get did not reach all of its mirrors: see that there is a network, and what stands in /etc/apt; then run this again, $otherwise"
fi
give_up "apt-get could not install ${missing[*]}: what it says is above, and Debian 12 has all of them; install what stands for them here, then add PACKAGES=no to the make command"
