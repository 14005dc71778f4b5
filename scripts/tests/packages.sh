# shellcheck shell=bash
# What people install: the packages of scripts/packages.

PACKAGES_NEED=(dpkg-dev rpm help2man lintian rpmlint python3)
CROSS_NEED=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)

# packages_of_this_build DIRECTORY: packages of what has been built already, for this machine alone. cpx
# is that of the tests: optimising it takes minutes, and changes nothing here.
packages_of_this_build() {
    local made=$WORK/built-for-packages architecture
    architecture=$(dpkg --print-architecture)
    need_packages "${PACKAGES_NEED[@]}"
    cargo_here build --locked --release --quiet --package sim-cards-c
    cargo_here build --locked --quiet --package cpx
    install -d "$made/$architecture"
    install --mode 644 "$MODULE" "$READER_DRIVER" "$TARGET/release/libsim_cards_c.so" "$made/$architecture"
    install --mode 755 "$SIM_CARD" "$LAB_PKI" "$made/$architecture"
    strip -o "$made/$architecture/cpx" "$TARGET/debug/cpx"
    chmod 711 "$WORK"
    install -d --owner "$(builder)" "$1"
    chown --recursive "$(builder)" "$made"
    # A checkout without git has no date of its own.
    builder_runs env --unset=TMPDIR "SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat --format=%Y "$ROOT/Cargo.lock")}" \
        "$ROOT/scripts/packages" --architecture "$architecture" --built "$made" "$1"
}

# Contents, owners, modes, descriptions, scripts, as those who make Debian and RPM packages check
# them.
packages_are_sound() {
    local out=$WORK/packages-of-this-build
    packages_of_this_build "$out"
    lintian --allow-root --fail-on error "$out"/*.deb
    (cd / && rpmlint --config "$ROOT/packaging/rpm/rpmlint.toml" "$out"/*.rpm) | tee "$WORK/rpmlint"
    grep -q ' 0 errors' "$WORK/rpmlint"
    (cd "$out" && sha256sum --check --strict SHA256SUMS)
    # Modes are those of the lists: no file that a group or others may write, no program that is
    # none.
    refuses grep -vE '^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) root/root' <(for package in "$out"/*.deb; do dpkg-deb --contents "$package"; done)
    python3 -c 'import json, sys; [json.load(open(name)) for name in sys.argv[1:]]' "$out"/*.cdx.json
}

# deliver: everything, as scripts/packages makes it, in $WORK/delivered; once.
deliver() {
    [[ ! -f $WORK/delivered/SHA256SUMS ]] || return 0
    need_packages "${PACKAGES_NEED[@]}" "${CROSS_NEED[@]}"
    builder_runs rustup target add aarch64-unknown-linux-gnu || not_possible "no Rust for arm64 can be had"
    rm -rf "$WORK/delivered"
    chmod 711 "$WORK"
    install -d --owner "$(builder)" "$WORK/delivered"
    builder_runs env --unset=TMPDIR "$ROOT/scripts/packages" "$WORK/delivered"
}

# On fresh Debian 12 and 13 and Ubuntu 22.04 and 24.04, with a card; RPM packages and the archive.
packages_install_and_leave_nothing() {
    local status=0
    deliver
    need_packages debootstrap
    mkdir -p "$TARGET/packages"
    interruptible /usr/bin/python3 "$ROOT/scripts/tests/packages.py" "$WORK/delivered" "$TARGET/packages" \
        >"$TARGET/packages/log" 2>&1 || status=$?
    left "$TARGET/packages/log"
    grep -E '^(ok|FAIL|NOT RUN) ' "$TARGET/packages/log"
    return "$status"
}

# What emulates arm64 here: its C library comes with the compiler, libpcsclite from the archive.
arm64_libpcsclite() {
    local dir=$1 options
    mkdir -p "$dir"/{lists,cache/archives}/partial
    echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian' \
        "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" main >"$dir/list"
    options=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache"
        -o "Dir::Etc::SourceList=$dir/list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root)
    apt-get "${options[@]}" --quiet=2 update
    (cd "$dir" && apt-get "${options[@]}" --quiet=2 download libpcsclite1:arm64 && dpkg --extract libpcsclite1_*_arm64.deb .)
}

# The library of the package for arm64 loads, its programs start, and the unit tests pass, below
# qemu. One of them counts seconds, and qemu has other seconds.
arm64_library_loads_and_its_unit_tests_run() {
    local dir=$WORK/arm64 emulated package
    deliver
    need_packages qemu-user-static
    arm64_libpcsclite "$dir"
    emulated="qemu-aarch64-static -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=$dir/usr/lib/aarch64-linux-gnu"
    for package in "$WORK"/delivered/*_arm64.deb; do dpkg --extract "$package" "$dir"; done
    aarch64-linux-gnu-gcc -std=c99 -I "$ROOT/include" -o "$dir/program" "$ROOT/tests/c/loads_module.c" -ldl
    $emulated "$dir/program" "$dir/usr/lib/aarch64-linux-gnu/pkcs11/libcpx_pkcs11.so"
    $emulated "$dir/usr/bin/cpx" --version
    $emulated "$dir/usr/bin/sim-card" --persona doctor-gp-cps4 --dump >"$dir/dump"
    grep -q 'EF.ODF' "$dir/dump"
    chmod -R a+rX "$dir"
    builder_runs env CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$emulated" \
        PCSC_LIB_DIR="$TARGET/release-of-delivery/aarch64-unknown-linux-gnu/pcsclite" \
        cargo test --locked --package cpx-pkcs11 --lib --target aarch64-unknown-linux-gnu -- \
        --skip a_file_that_is_made_to_be_looked_at_for_long_is_left
}

# Two people, who have the source and the crates of the registry in places of their own, and other
# habits.
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
            builder_runs env --unset=TMPDIR "CARGO_HOME=$place/cargo" "CARGO_TARGET_DIR=$place/target" \
                SOURCE_DATE_EPOCH=1790000000 "$place/source/scripts/packages" --architecture "$(dpkg --print-architecture)" "$place/out"
        )
        mask=077
    done
    diff --recursive "$WORK/one/out" "$place/out"
    refuses grep -aoE "($WORK|$home)[[:print:]]*" "$place/target/release-of-delivery/release/"{*.so,cpx,sim-card,lab-pki}
}
