# shellcheck shell=bash
# What cargo itself checks: form, lints, unit tests and the tests through the C ABI on in-process cards.

cargo_format() { cargo_here fmt --all --check; }
cargo_lints() { cargo_here clippy --locked --workspace --all-targets --quiet -- -D warnings; }

# cargo_tests OPTION...: adds every test that cargo ran to the count. A build that fails is one failure.
cargo_tests() {
    local log=$WORK/cargo-test.log passed failed
    cargo_here test --locked --workspace --no-fail-fast "$@" >"$log" 2>&1 </dev/null || true
    passed=$(sum_of_results passed "$log")
    failed=$(sum_of_results failed "$log")
    sed -n 's/^test \(.*\) \.\.\. FAILED$/FAIL \1/p' "$log"
    grep '^test .* \.\.\. ignored' "$log" || true
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
    if ((failed > 0 || passed == 0)) || grep -qE '^error(\[|:)' "$log"; then
        failed cargo_test "$log"
    else
        passed "cargo_test ($passed tests)"
    fi
}

# sum_of_results passed|failed LOG: over the summaries of all test binaries.
sum_of_results() { grep -oE "^test result: .*" "$2" | grep -oE "[0-9]+ $1" | awk '{ sum += $1 } END { print sum + 0 }'; }

# What the module knows of numbers and pointers holds on 64 and on 32 bits, and on another processor. The compiler checks
# it without a library to link to.
builds_for_other_processors() {
    local target
    for target in aarch64-unknown-linux-gnu i686-unknown-linux-gnu; do
        builder_runs rustup target add "$target"
        builder_runs env PKG_CONFIG_ALLOW_CROSS=1 cargo check --package cpx-pkcs11 --lib --locked --target "$target"
    done
}

# The oldest Rust that the manifest promises compiles everything, dependencies and tests included.
builds_with_the_oldest_rust() {
    local oldest
    oldest=$(needed_rust)
    has_toolchain "$oldest" || builder_runs rustup toolchain install "$oldest" --profile minimal ||
        not_possible "rustup could not fetch Rust $oldest"
    builder_runs env "RUSTUP_TOOLCHAIN=$oldest" cargo check --workspace --all-targets --locked
}

rust_checks() {
    check cargo_fmt cargo_format
    check cargo_clippy cargo_lints
    check builds_for_other_processors builds_for_other_processors
    check builds_with_the_oldest_rust builds_with_the_oldest_rust
    cargo_tests
}

# Without the fuzz targets, whose corpus takes minutes.
quick_rust_checks() {
    check cargo_fmt cargo_format
    check cargo_clippy cargo_lints
    cargo_tests --exclude cpx-pkcs11-fuzz
}
