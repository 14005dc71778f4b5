#!/bin/sh
# Installs what is in this folder, or takes it away again. Registers nothing in browsers: "cpx
# setup" does.

set -eu
# Whoever installs may be careless; nobody else may write into what programs load.
umask 022

usage() {
    cat <<'TEXT'
Usage: ./install.sh [--prefix DIRECTORY | --user] [--sim-cards]
       ./install.sh [--prefix DIRECTORY | --user] --uninstall

  --prefix DIRECTORY   where to: /usr/local if left out
  --user               for this user alone: ~/.local
  --sim-cards          also the simulated cards, for tests
  --uninstall          takes away what was installed there, and nothing else
TEXT
}

say() { printf 'install.sh: %s\n' "$*"; }
die() {
    say "$*" >&2
    exit 1
}

prefix=/usr/local
uninstall=no
sim_cards=no
while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ $# -gt 1 ] || { usage >&2 && exit 2; }
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --user) prefix=${HOME:?has to be set}/.local ;;
        --sim-cards) sim_cards=yes ;;
        --uninstall) uninstall=yes ;;
        --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
case $prefix in
    /*) ;;
    *) die "--prefix wants a whole path, and $prefix is none; nothing was changed" ;;
esac

# What was installed, and which folders were made for it: one name on each line, below the prefix.
list=share/cpx-pkcs11/installed

remove() {
    [ -f "$prefix/$list" ] || die "nothing is installed in $prefix by this program: there is no $prefix/$list"
    [ -w "$prefix/$list" ] || die "$prefix cannot be written; nothing was changed. Try with sudo"
    cp "$prefix/$list" "$prefix/$list.old"
    while read -r kind name; do
        [ "$kind" != file ] || rm -f "$prefix/$name"
    done <"$prefix/$list.old"
    # What Python has compiled.
    rm -rf "$prefix/share/sim-cards/python/__pycache__"
    folders=$(sed -n 's/^folder //p' "$prefix/$list.old" | sort -r)
    rm -f "$prefix/$list" "$prefix/$list.old"
    # Those in which somebody else has put something stay.
    printf '%s\n' "$folders" | while read -r name; do
        [ -z "$name" ] || rmdir "$prefix/$name" 2>/dev/null || :
    done
}

if [ "$uninstall" = yes ]; then
    remove
    say "taken away from $prefix. What \"cpx setup\" has written stays: \"cpx setup PROGRAM --undo\" comes before this"
    exit 0
fi

here=$(cd "$(dirname "$0")" && pwd)
parts=libcpx-pkcs11
[ ! -f "$here/parts/cpx-tools" ] || parts="$parts cpx-tools"
[ "$sim_cards" = no ] || parts="$parts sim-cards"

# make_folder NAME: with those above it, and notes which were not there.
make_folder() {
    [ -d "$prefix/$1" ] || {
        case $1 in
            */*) make_folder "${1%/*}" ;;
        esac
        mkdir "$prefix/$1"
        echo "folder $1" >>"$prefix/$list"
    }
}

mkdir -p "$prefix" 2>/dev/null || :
[ -w "$prefix" ] || die "$prefix cannot be written; nothing was changed. Try with sudo, or --user"
[ ! -f "$prefix/$list" ] || remove
missing=
for name in share share/cpx-pkcs11; do
    [ -d "$prefix/$name" ] || {
        mkdir "$prefix/$name"
        missing="$missing $name"
    }
done
for name in $missing; do echo "folder $name"; done >"$prefix/$list"
echo "file $list" >>"$prefix/$list"
for part in $parts; do
    while read -r name; do
        make_folder "${name%/*}"
        # Not over a file that is in use: a program goes on with the old one.
        rm -f "$prefix/$name"
        cp "$here/$name" "$prefix/$name"
        chmod "$(if [ -x "$here/$name" ]; then echo 755; else echo 644; fi)" "$prefix/$name"
        echo "file $name" >>"$prefix/$list"
    done <"$here/parts/$part"
done
say "installed in $prefix; the module is $prefix/lib/pkcs11/libcpx_pkcs11.so"
say 'no browser knows the module yet: "cpx setup" tells them, and takes it back'
