# shellcheck shell=bash
# What `scripts/test --all` does beyond `scripts/test`: what takes too long to run on each change.
#
# To add something: write a function here, or in a file beside this one that scripts/test sources, and append its name
# to ALL_CHECKS. It runs like every other check: in a subshell that stops at the first failing command, from
# anywhere, as root, with its output shown only if it fails. It installs what it needs (need_packages, cargo_here),
# bounds what may hang (bounded), and fails if it cannot do its work. What a person may want to read afterwards it
# leaves in $TARGET, and says so with `left`. A smoke test of the same thing, in seconds, belongs to scripts/test.
ALL_CHECKS=(
    every_real_client
    costs_are_as_low_as_written
    nine_of_ten_lines_are_reached
    small_mistakes_are_noticed
    four_cards_in_four_readers_a_hundred_times
    recipes_run_as_printed
    something_goes_wrong_at_each_exchange
    a_hundred_thousand_signatures_in_a_row
    licences_and_sources_are_known
    no_crate_has_an_advisory
    release_is_reproducible
    packages_install_and_leave_nothing
    arm64_library_loads_and_its_unit_tests_run
    memory_is_sound_in_more_tests
    thread_sanitizer_finds_a_race
    threads_do_not_race
    address_sanitizer_finds_what_is_wrong
    addresses_are_right
    miri_finds_undefined_behaviour
    pure_code_is_sound
)

# shellcheck source-path=SCRIPTDIR source=packages.sh
source "$ROOT/scripts/tests/packages.sh"

# left FILE: a report to read, named after the check's result.
left() { echo "$1" >>"$WORK/left"; }

# Each check of conformance/ on each card, those included that a change does not wait for; OpenSC beside us.
every_real_client() {
    build_conformance
    left "$TARGET/conformance/report.html"
    CARGO_TARGET_DIR=$TARGET interruptible "$TARGET/release/conformance" --no-build --peer opensc
}

# The lines of src/ under the tests of the module, file by file.
nine_of_ten_lines_are_reached() {
    left "$TARGET/coverage/tarpaulin-report.html"
    builder_runs scripts/coverage
}

# A twentieth of the mistakes that scripts/mutants knows for the layers in which none survives.
small_mistakes_are_noticed() {
    left "$TARGET/mutants"
    BUILDER_SECONDS=7200 builder_runs scripts/mutants --layer crypto --layer iso7816 --shard 0/20
}

four_cards_in_four_readers_a_hundred_times() { four_cards_come_and_go 100; }

# What the book of the simulated cards prints for continuous integration, on a fresh Debian 12 and 13.
recipes_run_as_printed() {
    local home sysroot
    need_packages debootstrap git python3-yaml
    home=$(getent passwd "$(builder)" | cut -d: -f6)
    sysroot=$(builder_runs rustc --print sysroot)
    RUST_SYSROOT=$sysroot CARGO_HOME=${CARGO_HOME:-$home/.cargo} \
        interruptible /usr/bin/python3 "$ROOT/scripts/tests/recipes.py" "$TARGET/recipes"
}

all_checks() {
    local name
    for name in "${ALL_CHECKS[@]}"; do
        rm -f "$WORK/left"
        check "$name" "$name"
        [[ ! -f $WORK/left ]] || sed 's/^/   see /' "$WORK/left"
    done
}
