# shellcheck shell=bash
# What common clients do not do, through pcscd and the virtual reader: unblocking, writing on the card, signatures with recovery, a
# search for the code in memory, a service that refuses or ends.

# Long enough not to stand in memory by chance.
RARE_CODE=73914682
UNBLOCKING_CODE=28197364

build_rare_calls() {
    cc -std=c99 -Wall -Wextra -Werror -o "$WORK/rare_calls" "$ROOT/tests/c/rare_calls.c" -ldl
}

# rare_calls WORD [FILE]: see the program.
rare_calls() { echo "$RARE_CODE" | bounded "$WORK/rare_calls" "$MODULE" "$@"; }

data_comes_back_from_a_recoverable_signature() {
    rare_calls recover "$WORK/signature"
    public_key_of "$AUTH_KEY"
    openssl pkeyutl -verifyrecover -pubin -inkey "$WORK/$AUTH_KEY.pub" -in "$WORK/signature" -pkeyopt rsa_padding_mode:pkcs1 \
        -out "$WORK/recovered"
    printf 'a message' | cmp - "$WORK/recovered"
}

# What is written is on the card: another program reads it, followed by zeros.
free_area_is_written() {
    local size
    openssl rand -hex 40 >"$WORK/text"
    size=$(stat --format=%s "$WORK/text")
    rare_calls write "$WORK/text"
    ours --read-object --type data --label CPS_DATA --output-file "$WORK/data"
    cmp --bytes="$size" "$WORK/text" "$WORK/data"
    equals 0 "$(tail --bytes="+$((size + 1))" "$WORK/data" | tr -d '\0' | wc --bytes)"
}

code_is_nowhere_in_memory_after_the_login() { rare_calls memory; }

# With the code blocked, by a person at the card, then by the unblocking code.
blocked_code_is_replaced() {
    local new=5061
    present 00000000 CKR_PIN_INCORRECT
    present 00000000 CKR_PIN_INCORRECT
    present 00000000 'CKR_PIN_\(INCORRECT\|LOCKED\)'
    present "$RARE_CODE" CKR_PIN_LOCKED
    refuses ours --login --login-type so --so-pin 00000000 --init-pin --new-pin "$new" >"$WORK/officer" 2>&1
    cat "$WORK/officer"
    grep -q 'C_Login failed.*CKR_PIN_INCORRECT' "$WORK/officer"
    refuses ours --login --login-type so --so-pin "$UNBLOCKING_CODE" --init-pin --new-pin 12 >"$WORK/officer" 2>&1
    cat "$WORK/officer"
    grep -q 'C_InitPIN failed.*CKR_PIN_LEN_RANGE' "$WORK/officer"
    ours --login --login-type so --so-pin "$UNBLOCKING_CODE" --init-pin --new-pin "$new"
    present "$RARE_CODE" CKR_PIN_INCORRECT
    ours --login --pin "$new" --list-objects --type privkey
    no_try_is_lost
    ours --login --pin "$new" --change-pin --new-pin "$RARE_CODE"
}

# Over the air there is one key and no code.
technical_key_signs_without_a_login() {
    local key=CPS_PRIV_TECH_AUT id mechanism
    refuses grep -q 'login required' <(ours --list-slots | tee /dev/stderr)
    id=$(id_of "$key")
    public_key_of "$key"
    make_message "$WORK/message"
    for mechanism in SHA1-RSA-PKCS SHA256-RSA-PKCS; do
        ours --sign --id "$id" --mechanism "$mechanism" --input-file "$WORK/message" \
            --output-file "$WORK/signature"
        openssl_verifies "$key" "$mechanism" "$WORK/message" "$WORK/signature"
    done
}

# --- The service ----------------------------------------------------------------------------------------------

# A session that may not use pcscd, as over ssh where polkit says so, has no reader; the trace says why.
refused_session_means_no_slot() {
    python3 "$ROOT/scripts/tests/refusing_pcscd.py" "$WORK/refusing" &
    local service=$!
    wait_until test -S "$WORK/refusing"
    PCSCLITE_CSOCK_NAME=$WORK/refusing CPX_PKCS11_TRACE=error CPX_PKCS11_TRACE_FILE=$WORK/refused \
        ours --list-slots >"$WORK/slots" 2>&1 || true
    kill "$service"
    cat "$WORK/slots" "$WORK/refused"
    grep -qx 'No slots.' "$WORK/slots"
    grep -q 'ERROR .*: the PC/SC service refuses this program' "$WORK/refused"
}

# follower_says LINE: asks the program that follows, and waits for its answer.
follower_says() {
    local before
    before=$(wc --lines <"$WORK/followed")
    echo >&"$KEYBOARD"
    wait_until has_more_lines_than "$before" || return 1
    tail --lines=1 "$WORK/followed"
    [[ $(tail --lines=1 "$WORK/followed") == "$1" ]]
}

has_more_lines_than() { (($(wc --lines <"$WORK/followed") > $1)); }

# The service ends and comes back while a program runs: its slots stay, its token comes back, a login works. In the
# shell of the script, whose processes these are.
program_outlives_pcscd() {
    mkfifo "$WORK/keyboard" && exec {KEYBOARD}<>"$WORK/keyboard" || return 1
    # The follower opens it when it has its turn, which may be later.
    : >"$WORK/followed"
    start follower "$WORK/followed" "$WORK/rare_calls" "$MODULE" follow <&"$KEYBOARD"
    echo "$RARE_CODE" >&"$KEYBOARD"
    follower_says '2 slots, 1 with a token' || return 1
    stop card
    stop pcscd
    follower_says '2 slots, 0 with a token' || return 1
    start_pcscd
    wait_until virtual_reader_listed || return 1
    follower_says '2 slots, 0 with a token' || return 1
    insert_card "$@" || return 1
    follower_says '2 slots, 1 with a token' || return 1
    exec {KEYBOARD}>&-
    stop follower
}

rare_calls_checks() {
    local kind name card
    check rare_calls_build build_rare_calls
    check refused_session_means_no_slot refused_session_means_no_slot
    for kind in cps3 cps4; do
        card=("$kind" --pin "$RARE_CODE" --puk "$UNBLOCKING_CODE" --cps-data true)
        prepare "$kind-insert-for-rare-calls" insert_card "${card[@]}" || continue
        for name in data_comes_back_from_a_recoverable_signature free_area_is_written \
            code_is_nowhere_in_memory_after_the_login blocked_code_is_replaced; do
            check "$kind-$name" "$name"
        done
        [[ $kind != cps3 ]] || prepare program_outlives_pcscd program_outlives_pcscd "${card[@]}" || true
        prepare "$kind-remove-after-rare-calls" remove_card || true
    done
    prepare contactless-insert insert_card cps3-contactless && {
        check contactless-technical_key_signs_without_a_login technical_key_signs_without_a_login
        prepare contactless-remove remove_card || true
    }
}
