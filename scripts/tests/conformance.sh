# shellcheck shell=bash
# Real clients on the module: the checks of conformance/ that run on each change. Each has a pcscd of its own.

conformance_scripts_are_clean() {
    shellcheck --external-sources "$ROOT"/conformance/checks/*.sh "$ROOT"/conformance/checks/*/*.sh
}

# Built by the one who owns the workspace; run as root, which packages and namespaces need.
build_conformance() {
    cargo_here build --locked --release --quiet -p conformance -p cpx --bins --examples
    cargo_here test --locked --no-run --quiet -p cpx-pkcs11 --test profiles
}

real_clients() {
    build_conformance
    CARGO_TARGET_DIR=$TARGET watched "$TARGET/release/conformance" --no-build --ci
}

conformance_checks() {
    check conformance_scripts_are_clean conformance_scripts_are_clean
    # The whole matrix holds these too.
    [[ $ALL == yes ]] || check real_clients real_clients
}
