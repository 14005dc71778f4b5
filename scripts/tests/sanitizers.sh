# shellcheck shell=bash
# The tests through the C ABI under valgrind's memcheck and the sanitizers of the nightly toolchain; unit tests under miri.

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
TSAN="TSAN_OPTIONS=exitcode=66 suppressions=$ROOT/scripts/tests/tsan.supp"

threads_do_not_race() { sanitized_tests thread "${THREADED[@]}"; }

thread_sanitizer_finds_a_race() {
    need_nightly
    sanitized race thread <<'RUST'
static mut SHARED: u32 = 0;
fn main() {
    let add = || unsafe { SHARED = *(&raw const SHARED) + 1 };
    let other = std::thread::spawn(add);
    add();
    other.join().unwrap();
}
RUST
    refuses env "$TSAN" "$WORK/race/main" >"$WORK/race.log" 2>&1
    cat "$WORK/race.log"
    grep -q 'WARNING: ThreadSanitizer: data race' "$WORK/race.log"
}

# sanitized_tests SANITIZER TEST...: these files of tests/. To another sanitizer the variable of this one says nothing.
sanitized_tests() {
    local tests=("${@:2}")
    need_nightly
    builder_runs env "RUSTFLAGS=-Zsanitizer=$1 -Cunsafe-allow-abi-mismatch=sanitizer" "$TSAN" \
        cargo +nightly test --locked --quiet --package cpx-pkcs11 "${tests[@]/#/--test=}" \
        --target x86_64-unknown-linux-gnu --target-dir "$TARGET/$1-sanitizer" -- --test-threads=1
}

# rust_source NAME: from standard input to a place where the builder may write.
rust_source() {
    chmod 755 "$WORK"
    install --directory --owner "$(builder)" "$WORK/$1"
    cat >"$WORK/$1/main.rs"
}

# sanitized NAME SANITIZER: builds the program whose source is on standard input.
sanitized() {
    rust_source "$1"
    builder_runs rustc +nightly --edition 2024 "-Zsanitizer=$2" -Cunsafe-allow-abi-mismatch=sanitizer \
        -o "$WORK/$1/main" "$WORK/$1/main.rs"
}

# --- Undefined behaviour ----------------------------------------------------------------------------------------------

# Unit tests that miri can run: those of the C ABI, and of layers that call nothing but Rust. Neither readers nor dialogues with a
# card are among them, nor configuration and trace files: miri does not know the flags with which they are opened.
INTERPRETED=(abi:: iso7816:: trace::call:: pkcs15:: token:: provider:: crypto::digest_info crypto::hash crypto::padding::mgf1)

# Left out, since miri takes minutes for each: what tries every value. So do the paddings with their many hashes, and
# arithmetic on 2048 bits. What a panic carries is never freed, on purpose (`guard` in src/abi/mod.rs): to miri it is a leak.
NOT_INTERPRETED=(only_9000_and_61xx_are_normal flipped_bit a_panic_becomes_)

need_miri() {
    need_nightly
    builder_runs rustup component add --toolchain nightly miri rust-src || die "no miri for the nightly toolchain"
    # The standard library, as miri interprets it. It stands on crates of its own, which have to be fetched once.
    builder_runs cargo +nightly miri setup || die "miri has no standard library"
}

pure_code_is_sound() {
    need_miri
    # Without backtraces, each of which takes miri as long as ten tests.
    builder_runs env RUST_BACKTRACE=0 \
        cargo +nightly miri test --locked --package cpx-pkcs11 --lib -- "${INTERPRETED[@]}" "${NOT_INTERPRETED[@]/#/--skip=}" | tee "$WORK/miri.log"
    grep -E '^test result: ok\. [1-9][0-9]* passed' "$WORK/miri.log"
}

miri_finds_undefined_behaviour() {
    need_miri
    rust_source undefined <<'RUST'
fn main() {
    let bytes = [1u8, 2, 3, 4, 5];
    println!("{}", unsafe { *bytes.as_ptr().add(1).cast::<u64>() });
}
RUST
    local sysroot
    sysroot=$(builder_runs cargo +nightly miri setup --print-sysroot)
    refuses builder_runs rustup run nightly miri --sysroot "$sysroot" --edition 2024 "$WORK/undefined/main.rs" >"$WORK/undefined.log" 2>&1
    cat "$WORK/undefined.log"
    grep -q 'error: Undefined Behavior' "$WORK/undefined.log"
}

# --- Addresses --------------------------------------------------------------------------------------------------------

# Through the C ABI, those that take too long under memcheck among them.
ADDRESSED=(errors arguments functions sign decrypt concurrency)

addresses_are_right() { sanitized_tests address "${ADDRESSED[@]}"; }

address_sanitizer_finds_what_is_wrong() {
    need_nightly
    sanitized beyond address <<'RUST'
fn main() {
    let bytes = vec![0u8; std::env::args().count() + 7];
    println!("{}", unsafe { *bytes.as_ptr().add(bytes.len()) });
}
RUST
    sanitized lost address <<'RUST'
fn main() {
    std::hint::black_box(vec![7u8; 32].leak());
}
RUST
    local name
    for name in beyond lost; do
        refuses "$WORK/$name/main" >"$WORK/$name.log" 2>&1
        cat "$WORK/$name.log"
    done
    grep -q 'AddressSanitizer: heap-buffer-overflow' "$WORK/beyond.log"
    grep -q 'LeakSanitizer: detected memory leaks' "$WORK/lost.log"
}

sanitizer_checks() {
    check memcheck_finds_what_is_wrong memcheck_finds_what_is_wrong
    check memory_is_sound memory_is_sound
}
