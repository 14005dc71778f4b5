# shellcheck shell=bash
# The tests through the C ABI under valgrind's memcheck, and under the sanitizers of the nightly toolchain.

# Tests under memcheck on each change: those whose subject is memory. Seconds; what signs takes minutes there.
MEMCHECK_EACH_CHANGE=(library functions arguments)

# An error, or memory that nothing points to any more, is a failure.
MEMCHECK=(valgrind --quiet --error-exitcode=99 --num-callers=30 "--suppressions=$ROOT/scripts/tests/valgrind.supp"
    --leak-check=full "--show-leak-kinds=definite,possible" "--errors-for-leak-kinds=definite,possible")

# memcheck TEST...: these files of tests/.
memcheck() {
    local name
    for name in "$@"; do
        echo "== $name"
        builder_runs env "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=${MEMCHECK[*]}" \
            cargo test --locked --quiet --package cpx-pkcs11 --test "$name" -- --test-threads=1
    done
}

memory_is_sound() { memcheck "${MEMCHECK_EACH_CHANGE[@]}"; }

# What finds nothing must be able to find something.
memcheck_finds_what_is_wrong() {
    cat >"$WORK/wrong.c" <<'C'
#include <stdlib.h>
int main(void) {
    volatile char *lost = malloc(8);
    lost = malloc(8);
    return lost[8];
}
C
    cc -o "$WORK/wrong" "$WORK/wrong.c"
    refuses "${MEMCHECK[@]}" "$WORK/wrong" >"$WORK/wrong.log" 2>&1
    cat "$WORK/wrong.log"
    grep -q 'Invalid read of size 1' "$WORK/wrong.log"
    grep -q '8 bytes in 1 blocks are definitely lost' "$WORK/wrong.log"
}

sanitizer_checks() {
    check memcheck_finds_what_is_wrong memcheck_finds_what_is_wrong
    check memory_is_sound memory_is_sound
}
