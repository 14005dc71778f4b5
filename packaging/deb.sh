# shellcheck shell=bash
# Debian packages, with dpkg-deb from a folder that stands for their files.
#
# Why not cargo-deb, nor debhelper with dh-cargo: the same folder becomes a Debian package, an RPM
# package and an archive, so that the three cannot differ, and nothing but dpkg itself has to be
# there. dh-cargo builds crates for Debian's own archive, from the packages of other crates;
# cargo-deb wants its list in the manifest of one crate, and sim-cards comes out of three.

# The packages that have these libraries.
debian_package() {
    case $1 in
        libc.so.6 | libm.so.6 | ld-linux*) echo "libc6 (>= $(newest_symbol GLIBC "${@:2}"))" ;;
        libgcc_s.so.1) echo "libgcc-s1 (>= $(newest_symbol GCC "${@:2}" | sed 's/\(\.0\)*$//'))" ;;
        libpcsclite.so.1) echo "libpcsclite1 (>= 1.5.0)" ;;
        *) die "no Debian package is known for $1" ;;
    esac
}

# debian_dependencies FILE...
debian_dependencies() {
    local library
    for library in $(needed "$@"); do debian_package "$library" "$@"; done | sort -u | paste --serial --delimiters=, | sed 's/,/, /g'
}

# debian_fields PACKAGE: what differs from one to the other.
debian_fields() {
    case $1 in
        libcpx-pkcs11)
            printf '%s\n' 'Section: libs' 'Multi-Arch: same' 'Recommends: pcscd, libccid' 'Suggests: cpx-tools, opensc, gnutls-bin'
            ;;
        cpx-tools) printf '%s\n' 'Section: utils' 'Recommends: pcscd, libccid' ;;
        sim-cards) printf '%s\n' 'Section: devel' 'Recommends: pcscd' 'Suggests: python3, pkgconf' ;;
    esac
}

# kibibytes DIRECTORY: as dpkg-gencontrol counts, whatever the file system.
kibibytes() {
    find "$1" -printf '%y %s\n' | awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }'
}

# deb PACKAGE ARCHITECTURE: writes it into $OUT.
deb() {
    local package=$1 architecture=$2 tree=$WORK/deb/$1-$2 doc files depends script
    doc=$tree/usr/share/doc/$package
    rm -rf "$tree"
    # shellcheck disable=SC2034 # where lib.sh puts the files
    PLACE=([PREFIX]=/usr [LIB]=lib/$(multiarch "$architecture") [PYTHON]=lib/python3/dist-packages [ZSH]=share/zsh/vendor-completions)
    stage "$package" "$architecture" "$tree/usr"
    compress_manual "$tree/usr"
    install -D --mode 644 "$WORK/made/$package-$architecture.copyright" "$doc/copyright"
    install -D --mode 644 "$WORK/made/changelog.Debian" "$doc/changelog.Debian"
    [[ ! -f $ROOT/CHANGELOG.md ]] || install -D --mode 644 "$ROOT/CHANGELOG.md" "$doc/changelog"
    # As Debian wants it: what is longer than 4 KiB, and changelogs.
    find "$doc" -maxdepth 1 -type f \( -size +4k -o -name 'changelog*' \) ! -name copyright -exec gzip --best --no-name {} +
    mapfile -t files < <(binaries "$tree")
    depends=$(debian_dependencies "${files[@]}")
    [[ $package != cpx-tools ]] || depends+=", libcpx-pkcs11 (>= $VERSION)"
    mkdir "$tree/DEBIAN"
    (cd "$tree" && find usr -type f -print0 | sort --zero-terminated | xargs --null md5sum) >"$tree/DEBIAN/md5sums"
    for script in postinst prerm postrm; do
        [[ ! -f $ROOT/packaging/deb/$package.$script ]] ||
            install --mode 755 "$ROOT/packaging/deb/$package.$script" "$tree/DEBIAN/$script"
    done
    {
        echo "Package: $package"
        echo "Version: $VERSION-1"
        echo "Source: cpx-pkcs11"
        echo "Architecture: $architecture"
        echo "Maintainer: $PACKAGER"
        echo "Installed-Size: $(kibibytes "$tree/usr")"
        echo "Depends: $depends"
        debian_fields "$package"
        echo "Priority: optional"
        echo "Description: $(summary "$package")"
        description "$package" | sed 's/^$/./; s/^/ /'
    } >"$tree/DEBIAN/control"
    find "$tree" -type d -exec chmod 755 {} +
    set_times "$tree"
    # Several threads would cut the data into other pieces on another machine.
    DPKG_DEB_THREADS_MAX=1 dpkg-deb --root-owner-group -Zxz --build "$tree" "$OUT/${package}_$VERSION-1_$architecture.deb" >/dev/null
}
