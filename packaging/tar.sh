# shellcheck shell=bash
# An archive for other systems: it runs from the folder where it is unpacked, and has its own
# install.sh.

tar_archive() {
    local architecture=$1 name=cpx-pkcs11-$VERSION-linux-${MACHINE[$1]} package tree
    tree=$WORK/tar/$name
    rm -rf "$tree"
    mkdir -p "$tree/parts"
    # shellcheck disable=SC2034 # where lib.sh puts the files
    PLACE=([PREFIX]=/usr/local [LIB]=lib [PYTHON]=share/sim-cards/python [ZSH]=share/zsh/site-functions)
    for package in "${PACKAGES[@]}"; do
        stage "$package" "$architecture" "$WORK/tar/$package"
        install -D --mode 644 "$WORK/made/$package-$architecture.copyright" "$WORK/tar/$package/share/doc/$package/copyright"
        (cd "$WORK/tar/$package" && find . -type f -printf '%P\n' | sort) >"$tree/parts/$package"
        cp --archive "$WORK/tar/$package/." "$tree/"
        rm -r "$WORK/tar/$package"
    done
    install --mode 755 "$ROOT/packaging/install.sh" "$tree/install.sh"
    install --mode 644 "$ROOT/LICENSE" "$tree/LICENSE"
    [[ ! -f $ROOT/CHANGELOG.md ]] || install --mode 644 "$ROOT/CHANGELOG.md" "$tree/CHANGELOG.md"
    find "$tree" -type d -exec chmod 755 {} +
    tar --create --directory "$WORK/tar" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
        "$name" | gzip --best --no-name >"$OUT/$name.tar.gz"
}
