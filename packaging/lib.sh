# shellcheck shell=bash
# What scripts/packages and its parts share: which packages there are, where their files go on which
# system, and what their binaries need of it.
#
# shellcheck disable=SC2034 # used by the scripts that source this file

# The packages, the part of scripts/release that each needs, and the crates that are in it.
PACKAGES=(libcpx-pkcs11 cpx-tools sim-cards)
declare -A PART=([libcpx-pkcs11]=module [cpx-tools]=cpx-tools [sim-cards]=sim-cards)
declare -A CRATES=([libcpx-pkcs11]=cpx-pkcs11 [cpx-tools]=cpx [sim-cards]='sim-cards sim-cards-reader sim-cards-c')

# The architectures, in Debian's words, in those of rpm and the kernel, and in rustc's.
declare -A MACHINE=([amd64]=x86_64 [arm64]=aarch64)
triple() { echo "${MACHINE[$1]}-unknown-linux-gnu"; }
multiarch() { echo "${MACHINE[$1]}-linux-gnu"; }

# The newest symbols of the C library that anything delivered may ask for: Ubuntu 22.04, Debian 12,
# Fedora 35, RHEL 9.
NEWEST_GLIBC=2.34

# summary PACKAGE, description PACKAGE: its first line, and what follows.
summary() { head -n 1 "$ROOT/packaging/descriptions/$1"; }
description() { tail -n +3 "$ROOT/packaging/descriptions/$1"; }

# Where things stand on the system for which a package is made: the PREFIX of everything, and below
# it the folders of libraries (LIB), of Python's own files (PYTHON) and of zsh's completions (ZSH).
declare -A PLACE=()

# stage PACKAGE ARCHITECTURE DIRECTORY: puts the package's files into DIRECTORY, as they will stand
# below the prefix.
stage() {
    local package=$1 architecture=$2 out=$3 mode source destination file place
    while read -r mode source destination; do
        [[ -n $mode && $mode != '#' ]] || continue
        for place in LIB PYTHON ZSH; do destination=${destination/#"$place"/"${PLACE[$place]}"}; done
        case $source in
            built/*) source=$WORK/built/$architecture/${source#built/} ;;
            made/*) source=$WORK/made/${source#made/} ;;
            *) source=$ROOT/$source ;;
        esac
        # A pattern, for a destination that is a folder.
        for file in $source; do
            [[ $destination != */ ]] || install -D --mode "$mode" "$file" "$out/$destination${file##*/}"
            [[ $destination == */ ]] || install -D --mode "$mode" "$file" "$out/$destination"
            [[ $file != *.in ]] || fill_in "$out/$destination"
        done
    done <"$ROOT/packaging/files/$package"
}

# fill_in FILE: the places in it.
fill_in() {
    sed --in-place "s|@PREFIX@|${PLACE[PREFIX]}|; s|@LIB@|${PLACE[LIB]}|; s|@UP@|$(up "${PLACE[LIB]}")|; s|@VERSION@|$VERSION|" "$1"
}

# up PATH: the way back from there.
shopt -s extglob
up() { echo "${1//+([^\/])/..}"; }

# compress_manual DIRECTORY: pages below share/man, as systems keep them.
compress_manual() {
    [[ ! -d $1/share/man ]] || find "$1/share/man" -type f -exec gzip --best --no-name {} +
}

# set_times DIRECTORY: everything in it is as old as the source.
set_times() { find "$1" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +; }

binaries() { find "$1" -type f -exec sh -c 'head -c 4 "$1" | grep -q "^.ELF"' sh {} \; -print; }

# newest_symbol PREFIX FILE...: the newest version with that prefix that they ask for, as a number.
newest_symbol() {
    local prefix=$1
    shift
    readelf --version-info --wide "$@" | grep -o "Name: ${prefix}_[0-9.]*" | sed "s/.*_//" | sort --version-sort | tail -n 1
}

# needed FILE...: the libraries that they load.
needed() { readelf --dynamic --wide "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u; }

# check_glibc FILE...
check_glibc() {
    local newest
    newest=$(newest_symbol GLIBC "$@")
    [[ $(printf '%s\n' "$newest" "$NEWEST_GLIBC" | sort --version-sort | tail -n 1) == "$NEWEST_GLIBC" ]] ||
        die "symbols of GLIBC_$newest are needed, and $NEWEST_GLIBC is the newest that may be: build on an older system"
}
