#!/bin/bash
# What:    goes on when pcscd is killed and started again: in a signature, in a wait, between two calls
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
DESK=$WORK/own-desk
short_message message
own_service
own_card --control "$DESK"
card=$(basename "$AUTH_CERTIFICATE" -aut.pem)

service_is_killed() {
    kill -KILL "$SERVICE"
    wait "$SERVICE" 2>/dev/null || true
    rm -f /run/pcscd/*
}

service_is_back() {
    own_service
    wait_until there_are 1 || fail "the card did not come back"
}

# goes_on NAME: with a new session, as with a card that was taken out.
goes_on() {
    do_it "$1" open
    do_it "$1" login "$PIN"
    signs "$1"
}

note "between two calls, and nobody looks meanwhile"
host absent "$MODULE"
logs_in absent
service_is_killed
service_is_back
# The first call finds out.
answers "$CKR_DEVICE_REMOVED" absent sign "$AUTH_KEY" message signature
answers "$CKR_SESSION_HANDLE_INVALID" absent state
goes_on absent

note "while one looks: no card, then the card again"
service_is_killed
answers "$CKR_SESSION_HANDLE_INVALID" absent state
answer=$(ask absent token) && echo "$answer"
[[ $answer == *' 0xe0' ]] || fail "$answer instead of CKR_TOKEN_NOT_PRESENT"
service_is_back
goes_on absent

note "in a signature"
delayed=$(delays "$card")
order fault "$card" "2A#1:slow=3s"
tell absent sign "$SIGNATURE_KEY" message signature
wait_until delayed_since "$delayed" "$card" || fail "the card is at no signature"
service_is_killed
answer=$(hear absent) && echo "$answer"
[[ $answer == *" $CKR_DEVICE_REMOVED" ]] || fail "$answer instead of CKR_DEVICE_REMOVED"
order no-faults "$card"
service_is_back
goes_on absent

note "in a wait for events"
host waiting "$MODULE"
do_it waiting initialize
do_it waiting wait
service_is_killed
answer=$(hear waiting) && echo "$answer"
[[ $answer == 'C_WaitForSlotEvent 0x0' ]] || fail "$answer"
service_is_back
do_it waiting wait
answer=$(hear waiting) && echo "$answer"
[[ $answer == 'C_WaitForSlotEvent 0x0' ]] || fail "the card came back unseen: $answer"
do_it waiting wait
tell waiting finalize
answer=$({ hear waiting && hear waiting; } | sort | xargs) && echo "$answer"
[[ $answer == "C_Finalize 0x0 C_WaitForSlotEvent $CKR_CRYPTOKI_NOT_INITIALIZED" ]] || fail "$answer"
leaves waiting
leaves absent
