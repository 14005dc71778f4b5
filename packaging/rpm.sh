# shellcheck shell=bash
# RPM packages, with rpmbuild from a folder that stands for their files (see deb.sh for why).

# rpm_directories PACKAGE DIRECTORY: the folders that are this package's own, below DIRECTORY.
rpm_directories() { find "$2" -type d \( -path "*/$1" -o -path "*/$1/*" \) -printf '/usr/%P\n'; }

rpm_package() {
    local package=$1 architecture=$2 cpu=${MACHINE[$2]} tree=$WORK/rpm/$1-$2/root spec=$WORK/rpm/$1-$2/$1.spec summary script
    rm -rf "${tree%/root}"
    # shellcheck disable=SC2034 # where lib.sh puts the files
    PLACE=([PREFIX]=/usr [LIB]=lib64 [PYTHON]=share/sim-cards/python [ZSH]=share/zsh/site-functions)
    stage "$package" "$architecture" "$tree/usr"
    compress_manual "$tree/usr"
    install -D --mode 644 "$ROOT/LICENSE" "$tree/usr/share/licenses/$package/LICENSE"
    install -D --mode 644 "$WORK/made/$package-$architecture.copyright" "$tree/usr/share/licenses/$package/COPYRIGHT"
    [[ ! -f $ROOT/CHANGELOG.md ]] || install -D --mode 644 "$ROOT/CHANGELOG.md" "$tree/usr/share/doc/$package/CHANGELOG.md"
    # rpm takes libraries for such by that mode.
    binaries "$tree" | xargs chmod 755
    find "$tree" -type d -exec chmod 755 {} +
    set_times "$tree"
    {
        echo "Name: $package"
        echo "Version: $VERSION"
        echo "Release: 1"
        summary=$(summary "$package")
        echo "Summary: ${summary^}"
        echo "Packager: $PACKAGER"
        echo "License: $(rpm_licence "$WORK/made/$package-$architecture.copyright")"
        rpm_fields "$package"
        printf '%%description\n%s\n' "$(description "$package")"
        # Nothing is compiled, compressed or stripped here: the three kinds of package have the same
        # binaries.
        printf '%%global debug_package %%{nil}\n%%global __os_install_post %%{nil}\n'
        printf '%%install\ncp --archive %q/. %%{buildroot}\n' "$tree"
        for script in post preun; do
            [[ ! -f $ROOT/packaging/rpm/$package.$script ]] || {
                printf '%%%s\n' "$script"
                cat "$ROOT/packaging/rpm/$package.$script"
            }
        done
        printf '%%files\n'
        rpm_directories "$package" "$tree/usr" | sort | sed 's/^/%dir %attr(755, root, root) /'
        (cd "$tree" && find usr -type f -printf '%%%%attr(%m, root, root) /%p\n' | sort --key 4) |
            sed 's|\(.* /usr/share/licenses/\)|%license \1|; s|\(.* /usr/share/doc/\)|%doc \1|; s|\(.* /usr/share/man/fr/\)|%lang(fr) \1|'
        printf '%%changelog\n* %s %s - %s-1\n- See CHANGELOG.md\n' \
            "$(LC_ALL=C date --utc --date "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" "$PACKAGER" "$VERSION"
    } >"$spec"
    rpmbuild --quiet -bb --target "$cpu-linux" --define "_topdir ${tree%/root}/build" --define "_rpmdir ${tree%/root}/out" \
        --define "_buildhost localhost" --define "use_source_date_epoch_as_buildtime 1" \
        --define "clamp_mtime_to_source_date_epoch 1" --define "_binary_payload w9.xzdio" --define "_dbpath ${tree%/root}/db" \
        --define "_build_id_links none" "$spec" >"${tree%/root}/log" 2>&1 || {
        show_log "${tree%/root}/log"
        die "rpmbuild made no $package"
    }
    install --mode 644 "${tree%/root}/out/$cpu/$package-$VERSION-1.$cpu.rpm" "$OUT/"
}

# What differs from one to the other.
rpm_fields() {
    case $1 in
        libcpx-pkcs11) printf '%s\n' 'Group: System Environment/Libraries' 'Recommends: pcsc-lite' 'Recommends: pcsc-lite-ccid' ;;
        cpx-tools) printf '%s\n' 'Group: Applications/System' "Requires: libcpx-pkcs11 >= $VERSION" 'Recommends: pcsc-lite' ;;
        sim-cards) printf '%s\n' 'Group: Development/Tools' 'Recommends: pcsc-lite' ;;
    esac
}

# rpm_licence FILE: of everything that is linked, in the words of SPDX.
rpm_licence() { { echo Apache-2.0 && sed -n 's/^  .*: //p' "$1"; } | sort -u | paste --serial --delimiters=+ | sed 's/+/ AND /g'; }
