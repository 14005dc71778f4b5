# shellcheck shell=bash
# The tests through the C ABI under valgrind's memcheck, and under the sanitizers of the nightly toolchain.

# Tests under memcheck on each change: those whose subject is memory. Seconds; what signs takes minutes there.
MEMCHECK_EACH_CHANGE=(library functions arguments)
# With `--all` these too, about two and a half minutes of processor time.
MEMCHECK_WITH_ALL=(polls every_function login codes data attributes)

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
memory_is_sound_in_more_tests() { memcheck "${MEMCHECK_WITH_ALL[@]}"; }

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

# --- Threads ----------------------------------------------------------------------------------------------------------

# Tests in which several threads are in the module.
THREADED=(polls concurrency)

# The standard library of the toolchain is not instrumented; scripts/tests/tsan.supp says what that hides.
UNDER_TSAN=('RUSTFLAGS=-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer'
    "TSAN_OPTIONS=exitcode=66 suppressions=$ROOT/scripts/tests/tsan.supp")

threads_do_not_race() {
    local name options=()
    need_nightly
    for name in "${THREADED[@]}"; do
        options+=(--test "$name")
    done
    builder_runs env "${UNDER_TSAN[@]}" cargo +nightly test --locked --quiet --package cpx-pkcs11 "${options[@]}" \
        --target x86_64-unknown-linux-gnu --target-dir "$TARGET/thread-sanitizer" -- --test-threads=1
}

thread_sanitizer_finds_a_race() {
    need_nightly
    chmod 755 "$WORK"
    install --directory --owner "$(builder)" "$WORK/race"
    cat >"$WORK/race/main.rs" <<'RUST'
static mut SHARED: u32 = 0;
fn main() {
    let add = || unsafe { SHARED = *(&raw const SHARED) + 1 };
    let other = std::thread::spawn(add);
    add();
    other.join().unwrap();
}
RUST
    builder_runs rustc +nightly --edition 2024 -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer \
        -o "$WORK/race/main" "$WORK/race/main.rs"
    refuses env "${UNDER_TSAN[1]}" "$WORK/race/main" >"$WORK/race.log" 2>&1
    cat "$WORK/race.log"
    grep -q 'WARNING: ThreadSanitizer: data race' "$WORK/race.log"
}

sanitizer_checks() {
    check memcheck_finds_what_is_wrong memcheck_finds_what_is_wrong
    check memory_is_sound memory_is_sound
}
