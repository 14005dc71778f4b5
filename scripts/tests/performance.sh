# shellcheck shell=bash
# What the module costs, beside OpenSC: docs/performance.md.

# The table of exchanges, in seconds. Instructions and growth take minutes: `scripts/bench`, and `scripts/test --all`.
exchanges_are_as_few_as_written() {
    need_packages opensc iproute2 util-linux
    interruptible "$(performance_program)" "$MODULE" --exchanges
}

costs_are_as_low_as_written() {
    left "$TARGET/performance.md"
    interruptible "$ROOT/scripts/bench" | tee "$TARGET/performance.md"
}

performance_checks() {
    # The whole benchmark holds these too.
    [[ $ALL == yes ]] || check exchanges_are_as_few_as_written exchanges_are_as_few_as_written
}
