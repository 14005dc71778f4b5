# shellcheck shell=bash
# What `scripts/test --all` runs whole of which cargo's tests run a sample: everything that can go wrong with a card, and many
# signatures in a row.

# ignored_test NAME FILE: the tests of a target that take too long for each change; their output stays in FILE.
ignored_test() {
    left "$2"
    cargo_here test --quiet -p cpx-pkcs11 --test "$1" -- --ignored --nocapture >"$2" 2>&1 || {
        tail -n 60 "$2"
        return 1
    }
}

something_goes_wrong_at_each_exchange() {
    ignored_test grid "$TARGET/grid.txt"
    grep -E '^grid: [0-9]+ cases of [0-9]+, 0 failed$' "$TARGET/grid.txt"
}

a_hundred_thousand_signatures_in_a_row() {
    ignored_test endurance "$TARGET/endurance.txt"
    grep '^100000 signatures: ' "$TARGET/endurance.txt"
}
