# shellcheck shell=bash
# scripts/demo itself: that it succeeds, that it can fail, that it leaves nothing behind.

demo_succeeds() { bounded 300 "$ROOT/scripts/demo"; }

# A server that does not know the card's authorities must refuse the card, and the demonstration must say so.
demo_fails_before_a_foreign_authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/foreign.key" -out "$WORK/foreign.pem" -days 1 \
        -subj '/C=FR/O=LAB/CN=Foreign authority'
    refuses bounded 300 "$ROOT/scripts/demo" --ca "$WORK/foreign.pem" >"$WORK/foreign.log" 2>&1
    cat "$WORK/foreign.log"
    grep -q 'verify error' "$WORK/foreign.log"
}

# our_processes: process numbers. One name at a time: pgrep refuses a pattern of more than 15 characters.
our_processes() {
    local name
    for name in pcscd sim-card tstclnt openssl; do
        processes_named "$name" || true
    done
}

# The check after the demonstration can only fail if a process of ours would be seen.
leftovers_would_be_seen() {
    local pid seen
    cp "$(command -v sleep)" "$WORK/sim-card"
    "$WORK/sim-card" 10 &
    pid=$!
    sleep 0.2
    seen=$(our_processes)
    kill "$pid"
    grep -qx "$pid" <<<"$seen"
}

demo_ends_what_it_started() {
    local now
    now=$(our_processes)
    echo "before: $1; after: $now"
    [[ $now == "$1" ]]
}

demo_checks() {
    local before
    before=$(our_processes)
    check leftovers_would_be_seen leftovers_would_be_seen
    check demo demo_succeeds
    check demo_fails_before_a_foreign_authority demo_fails_before_a_foreign_authority
    check demo_ends_what_it_started demo_ends_what_it_started "$before"
}
