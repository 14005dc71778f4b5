# shellcheck shell=bash
# What the module is made of, and that anybody can make it again.

# The lock file names each crate that is built, and nothing has to be added to it.
lock_file_is_complete() { cargo_here metadata --locked --format-version 1 >/dev/null; }

need_cargo_deny() {
    cargo_here deny --version >/dev/null 2>&1 || cargo_here install --locked cargo-deny
    cargo_here deny --version
}

# deny.toml: no other licences, registries or versions than those.
licences_and_sources_are_known() {
    need_cargo_deny
    cargo_here deny --locked --workspace check bans licenses sources
}

# Against the database of RustSec, which has to be fetched. Without it nothing is known: that is not a pass.
no_crate_has_an_advisory() {
    need_cargo_deny
    cargo_here deny --locked --workspace check advisories >"$WORK/advisories" 2>&1 && return
    cat "$WORK/advisories"
    if grep -q 'failed to fetch advisory database' "$WORK/advisories"; then
        not_possible "the advisory database cannot be fetched from here"
    fi
    return 1
}

# copy_of_source DIRECTORY: as a person would get it.
copy_of_source() {
    mkdir -p "$1"
    tar --create --directory "$ROOT" --exclude=./target --exclude=./.git . | tar --extract --directory "$1"
    chown --recursive "$(builder)" "$1"
}
