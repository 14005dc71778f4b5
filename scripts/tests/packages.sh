# shellcheck shell=bash
# What people install: the packages of scripts/packages.

PACKAGES_NEED=(dpkg-dev rpm help2man lintian rpmlint python3)

# packages_of_this_build DIRECTORY: packages of what has been built already, for this machine alone.
packages_of_this_build() {
    local made=$WORK/built-for-packages architecture
    architecture=$(dpkg --print-architecture)
    need_packages "${PACKAGES_NEED[@]}"
    cargo_here build --locked --release --quiet --package sim-cards-c
    install -d "$made/$architecture"
    install --mode 644 "$MODULE" "$READER_DRIVER" "$TARGET/release/libsim_cards_c.so" "$made/$architecture"
    install --mode 755 "$SIM_CARD" "$LAB_PKI" "$made/$architecture"
    chmod 711 "$WORK"
    install -d --owner "$(builder)" "$1"
    chown --recursive "$(builder)" "$made"
    builder_runs env --unset=TMPDIR "$ROOT/scripts/packages" --architecture "$architecture" --built "$made" "$1"
}

# Contents, owners, modes, descriptions, scripts, as those who make Debian and RPM packages check them.
packages_are_sound() {
    local out=$WORK/packages-of-this-build
    packages_of_this_build "$out"
    lintian --allow-root --fail-on error "$out"/*.deb
    (cd / && rpmlint --config "$ROOT/packaging/rpm/rpmlint.toml" "$out"/*.rpm) | tee "$WORK/rpmlint"
    grep -q ' 0 errors' "$WORK/rpmlint"
    (cd "$out" && sha256sum --check --strict SHA256SUMS)
    # Modes are those of the lists: no file that a group or others may write, no program that is none.
    refuses grep -vE '^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) root/root' <(for package in "$out"/*.deb; do dpkg-deb --contents "$package"; done)
    python3 -c 'import json, sys; [json.load(open(name)) for name in sys.argv[1:]]' "$out"/*.cdx.json
}

# On fresh Debian 12 and 13 and Ubuntu 22.04 and 24.04, with a card; RPM packages and the archive, too.
packages_install_and_leave_nothing() {
    need_packages "${PACKAGES_NEED[@]}" debootstrap
    rm -rf "$WORK/delivered"
    chmod 711 "$WORK"
    install -d --owner "$(builder)" "$WORK/delivered"
    builder_runs env --unset=TMPDIR "$ROOT/scripts/packages" --architecture amd64 "$WORK/delivered"
    interruptible /usr/bin/python3 "$ROOT/scripts/tests/packages.py" "$WORK/delivered" "$TARGET/packages" | tee "$WORK/systems"
    grep -E '^(ok|FAIL|NOT RUN) ' "$WORK/systems"
}

# Two people, who have the source and the crates of the registry in places of their own, and other habits.
release_is_reproducible() {
    local place home mask=022
    need_packages "${PACKAGES_NEED[@]}"
    home=$(getent passwd "$(builder)" | cut -d: -f6)
    chmod 755 "$WORK"
    for place in "$WORK/one" "$WORK/another place/of another length"; do
        copy_of_source "$place/source"
        mkdir "$place/cargo"
        ln -s "$home/.cargo/registry" "$place/cargo/registry"
        chown --recursive --no-dereference "$(builder)" "$place"
        (
            umask "$mask"
            builder_runs env "CARGO_HOME=$place/cargo" "CARGO_TARGET_DIR=$place/target" SOURCE_DATE_EPOCH=1790000000 --unset=TMPDIR \
                "$place/source/scripts/packages" --architecture "$(dpkg --print-architecture)" "$place/out"
        )
        mask=077
    done
    diff --recursive "$WORK/one/out" "$place/out"
    refuses grep -aoE "($WORK|$home)[[:print:]]*" "$place/target/release-of-delivery/release/"{*.so,sim-card,lab-pki}
}
