# shellcheck shell=bash
# What OpenSC's pkcs11-tool (0.23) has of tests: --test, --test-threads, --test-fork and --test-hotplug.

# Two characters a step: initialise with locking, C_GetInfo, C_GetSlotList, pause a second, C_GetTokenInfo of slot 0.
THREAD_STEPS=ILGISLP1SLT0GISLT0
THREADS=4

# The tool tests the first key with every mechanism and each other key with one.
tool_test_is_clean() {
    ours_logged_in --test "$@" >"$WORK/tool" 2>&1
    cat "$WORK/tool"
    grep -qx 'No errors' "$WORK/tool"
    refuses grep -iE 'fail|error:|ERR:' "$WORK/tool"
    tool_tested Signatures "$SIGNATURE_KEY" "$AUTH_KEY"
    tool_tested Verify "$SIGNATURE_KEY" "$AUTH_KEY"
    tool_tested Decryption "$AUTH_KEY"
}

# tool_tested CHAPTER KEY...: under this heading of its report the tool has used these keys.
tool_tested() {
    local chapter=$1 key
    shift
    sed -n "/^$chapter/,/^[A-Z]/p" "$WORK/tool" >"$WORK/chapter"
    for key in "$@"; do
        grep -A 20 "testing key .*$key" "$WORK/chapter" | sed '1d; /testing key/,$d' | grep -q ': OK\|seem to work' || {
            echo "no result for $key under $chapter"
            return 1
        }
    done
}

# The main thread runs --test while the others ask for slots and tokens.
tool_threads_are_clean() {
    local options=() i
    for ((i = 0; i < THREADS; i++)); do
        options+=(--test-threads "$THREAD_STEPS")
    done
    tool_test_is_clean --use-locking "${options[@]}"
    grep -q 'all threads have ended with CKR_OK' "$WORK/tool"
    equals "$THREADS" "$(count '^Test thread [0-9]* returning rv = 0' <"$WORK/tool")"
}

# A child process calls C_Initialize on the state it has inherited; the parent works on.
tool_fork_is_clean() {
    tool_test_is_clean --test-fork
    grep -q 'Calling C_Initialize in forked child process' "$WORK/tool"
}

# --- Hot-plug: the tool asks for a return key before each look --------------------------------------------------

tool_has_shown() { grep -q "$1" "$WORK/hotplug"; }

# shown_after KEYS PATTERN: presses keys; then a new line of this kind appears.
shown_after() {
    local before
    before=$(count "$2" <"$WORK/hotplug")
    printf '%s\n' "$1" >&"$KEYBOARD"
    wait_until 10 more_than "$before" "$2" || {
        echo "no new line \"$2\" after pressing \"$1\""
        cat "$WORK/hotplug"
        return 1
    }
}

more_than() { (($(count "$2" <"$WORK/hotplug") > $1)); }

# Begins and ends without a card in the reader. First C_GetSlotList is asked, then C_WaitForSlotEvent.
tool_follows_a_card() {
    local kind=$1
    trap 'stop hotplug; stop card' EXIT
    rm -f "$WORK/keyboard"
    mkfifo "$WORK/keyboard"
    exec {KEYBOARD}<>"$WORK/keyboard"
    start hotplug "$WORK/hotplug" stdbuf --output=L timeout --kill-after=2 120 \
        pkcs11-tool --module "$MODULE" --test-hotplug <&"$KEYBOARD"

    wait_until 10 tool_has_shown 'using C_GetSlotList'
    shown_after '' "$VIRTUAL_READER"
    refuses tool_has_shown 'token label'
    insert_card "$kind"
    shown_after '' "token label.*${kind^^}"
    remove_card
    shown_after '' "$VIRTUAL_READER"
    equals 1 "$(count 'token label' <"$WORK/hotplug")"

    shown_after x 'using C_WaitForSlotEvent'
    insert_card "$kind"
    shown_after '' 'event on slot 0x'
    wait_until 10 more_than 1 'token label'
    remove_card
    shown_after '' 'event on slot 0x'
    refuses tool_has_shown 'CKR_'
    printf 'x\n' >&"$KEYBOARD"
    wait_until 10 runs_no_more hotplug
}

pkcs11_tool_checks() {
    local kind name
    for kind in cps3 cps4; do
        check "$kind-tool_follows_a_card" tool_follows_a_card "$kind"
        prepare "$kind-tool-insert" insert_card "$kind" || continue
        for name in tool_test_is_clean tool_threads_are_clean tool_fork_is_clean; do
            check "$kind-$name" "$name"
        done
        prepare "$kind-tool-remove" remove_card || true
    done
}
