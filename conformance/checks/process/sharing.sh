#!/bin/bash
# What:    eight programs share one card, each logs in, signs and logs out as it likes
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
# program NAME: signs with each key four times, logged in anew for each; what the others do is not its affair.
program() {
    local name=$1 key certificate round
    short_message "$name.message"
    host "$name" "$MODULE"
    do_it "$name" initialize
    do_it "$name" token
    do_it "$name" open
    for ((round = 0; round < 8; round++)); do
        do_it "$name" login "$PIN"
        if ((round % 2)); then
            key=$SIGNATURE_KEY certificate=$SIGNATURE_CERTIFICATE
        else
            key=$AUTH_KEY certificate=$AUTH_CERTIFICATE
        fi
        do_it "$name" sign "$key" "$name.message" "$name.signature"
        public_key "$certificate" >"$name.pem"
        openssl dgst -sha256 -verify "$name.pem" -signature "$name.signature" "$name.message" >/dev/null ||
            fail "$name: a wrong signature"
        do_it "$name" logout
    done
    do_it "$name" finalize
    leaves "$name"
}

for count in 2 8; do
    note "$count programs"
    programs=()
    for ((number = 1; number <= count; number++)); do
        program "program-$count-$number" &
        programs+=("$!")
    done
    for one in "${programs[@]}"; do wait "$one" || fail "a program failed"; done
    [[ $(tries_left) == 3 ]] || fail "a try was lost"
    card_is_closed || fail "the card is open when all have left"
done
