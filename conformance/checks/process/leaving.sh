#!/bin/bash
# What:    who closes the card, and when: alone, two of ours, beside another program, killed, the last one beside another
# Client:  clients/host.c, clients/guest.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:libpcsclite-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
build_guest
reader=$(first_reader)

# guest_comes: another program connects; guest_says WORDS: what it must find of its card; guest_leaves.
guest_comes() {
    mkfifo guest.in guest.out
    exec 8<>guest.in 9<>guest.out
    ./guest "$reader" <guest.in 8>&- 9>&- >guest.out &
    guest=$!
    guest_answers connected
}
guest_answers() {
    local answer
    IFS= read -r -t "$PATIENCE" -u 9 answer || fail "the other program says nothing"
    [[ $answer == "$1" ]] || fail "the other program finds: $answer"
}
guest_says() { echo >&8 && guest_answers "$1"; }
guest_leaves() {
    # The end of its input.
    exec 8>&-
    wait "$guest" || fail "the other program ended with status $?"
    exec 9>&-
    rm -f guest.in guest.out
}

# forgotten: the service has switched the card off, which it does soon when nobody is there. Each look is a connection.
forgotten() { sleep 1.5 && card_is_closed; }

note "alone: C_Logout closes the card, and so does C_Finalize"
comes alone
! card_is_closed || fail "the card should be open for who is logged in"
do_it alone logout
card_is_closed || fail "C_Logout leaves the card open"
do_it alone login "$PIN"
do_it alone finalize
card_is_closed || fail "C_Finalize leaves the card open"
leaves alone

note "two of ours: the first one ends its own login, the last one closes the card"
comes first
comes second
do_it first logout
signs second
! signed_in first || fail "the first one is logged out"
answers 0x82 first sign "$AUTH_KEY" second.message signature
do_it first finalize
leaves first
signs second
do_it second finalize
leaves second
card_is_closed || fail "the last one leaves the card open"

note "one of ours that is not logged in is nobody's hindrance"
host idle "$MODULE"
do_it idle initialize
do_it idle open
do_it idle list
comes worker
signs worker
do_it worker finalize
leaves worker
card_is_closed || fail "an idle program keeps the card open"
do_it idle login "$PIN"
signs idle
do_it idle finalize
leaves idle

note "ours and another program: it is not reset under its feet"
guest_comes
comes ours
signs ours
do_it ours logout
guest_says 'as before'
! card_is_closed || fail "the card is left open for the other program"
do_it ours login "$PIN"
signs ours
do_it ours finalize
leaves ours
guest_says 'as before'
guest_leaves
wait_until forgotten || fail "the card stays open when all have left"

note "logout = \"always-reset\": whoever leaves closes the card"
echo 'logout = "always-reset"' >config.toml
guest_comes
CPX_PKCS11_CONFIG=$PWD/config.toml host strict "$MODULE"
do_it strict initialize
do_it strict open
do_it strict login "$PIN"
signs strict
do_it strict logout
guest_says 'Card was reset.'
card_is_closed || fail "the card is open"
do_it strict finalize
leaves strict
guest_leaves

note "killed: the login ends when nobody is connected, and the service switches the card off"
comes victim
signs victim
kill -KILL "${PROCESS[victim]}"
wait "${PROCESS[victim]}" 2>/dev/null || true
start=$EPOCHREALTIME
wait_until forgotten || fail "the killed program's login stays"
echo "forgotten after ${EPOCHREALTIME%.*} - ${start%.*} = $((${EPOCHREALTIME%.*} - ${start%.*})) s; each look comes 1.5 s after the one before"

note "killed beside one of ours: that one goes on, and closes the card in the end"
comes survivor
rm -f victim.in victim.out
comes victim
kill -KILL "${PROCESS[victim]}"
wait "${PROCESS[victim]}" 2>/dev/null || true
signs survivor
do_it survivor finalize
leaves survivor
card_is_closed || fail "the card is open when all have left"
[[ $(tries_left) == 3 ]] || fail "a try was lost"
