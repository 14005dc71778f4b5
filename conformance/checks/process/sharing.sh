#!/bin/bash
# What:    eight programs share one card, each logs in, signs and logs out as it likes
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
USER_ALREADY_LOGGED_IN=0x100
# No private key in sight, to whoever is not logged in.
OBJECT_HANDLE_INVALID=0x82

# one_of ANSWER CKR...: nothing else may happen.
one_of() {
    local code
    for code in "${@:2}"; do
        [[ " $1 " != *" $code "* ]] || return 0
    done
    fail "$1 instead of ${*:2}"
}

# program NAME: until it has signed with each key four times. A logout by another ends its own login: the card is one.
program() {
    local name=$1 key certificate answer signed=0 lost=0 round
    short_message "$name.message"
    host "$name" "$MODULE"
    do_it "$name" initialize
    do_it "$name" token
    do_it "$name" open
    for ((round = 0; signed < 8 && round < 300; round++)); do
        one_of "$(ask "$name" login "$PIN")" 0x0 $USER_ALREADY_LOGGED_IN
        if ((signed % 2)); then
            key=$SIGNATURE_KEY certificate=$SIGNATURE_CERTIFICATE
        else
            key=$AUTH_KEY certificate=$AUTH_CERTIFICATE
        fi
        answer=$(ask "$name" sign "$key" "$name.message" "$name.signature")
        one_of "$answer" 0x0 "$CKR_USER_NOT_LOGGED_IN" $OBJECT_HANDLE_INVALID
        if [[ $answer == *' 0x0' ]]; then
            public_key "$certificate" >"$name.pem"
            openssl dgst -sha256 -verify "$name.pem" -signature "$name.signature" "$name.message" >/dev/null ||
                fail "$name: a wrong signature"
            signed=$((signed + 1))
            one_of "$(ask "$name" logout)" 0x0 "$CKR_USER_NOT_LOGGED_IN"
        else
            lost=$((lost + 1))
        fi
    done
    ((signed == 8)) || fail "$name signed $signed times in $round rounds"
    do_it "$name" finalize
    leaves "$name"
    echo "$name: $signed signatures, $lost times another had logged out"
}

for count in 2 8; do
    note "$count programs"
    programs=()
    for ((number = 1; number <= count; number++)); do
        program "program-$count-$number" &
        programs+=("$!")
    done
    for one in "${programs[@]}"; do wait "$one"; done
    [[ $(tries_left) == 3 ]] || fail "a try was lost"
    card_is_closed || fail "the card is open when all have left"
done
