#!/bin/bash
# What:    programs of one person on one card: nobody logs another one out, and nobody waits for ever
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
short_message message
public_key "$AUTH_CERTIFICATE" >aut.pem
public_key "$SIGNATURE_CERTIFICATE" >sig.pem

# verified KEY SIGNATURE: by OpenSSL. Many do so at once.
verified() { openssl dgst -sha256 -verify "$1.pem" -signature "$2" message >/dev/null || fail "$2 is no signature"; }

# all_rounds NAME COUNT: a program's whole life, COUNT times; OpenSSL verifies the last signature.
all_rounds() {
    local name=$1 count=$2 answer
    host "$name" "$MODULE"
    answer=$(ask "$name" rounds "$count" "$PIN" "$SIGNATURE_KEY" message "$name.signature")
    [[ $answer == "rounds 0x0 $count rounds, "* ]] || fail "$name: $answer"
    verified sig "$name.signature"
    leaves "$name"
    rm -f "$name.in" "$name.out"
}

note "one signs twenty times while a short one comes and goes"
come_and_go() {
    local round=0
    until [[ -f enough ]]; do
        all_rounds "short" 1
        round=$((round + 1))
    done
    echo "$round" >came
}
comes long
come_and_go &
short=$!
for ((number = 1; number <= 20; number++)); do
    do_it long sign "$AUTH_KEY" message signature
    verified aut signature
    sleep 0.3
done
touch enough
wait "$short" || fail "the short one failed"
(($(<came) >= 2)) || fail "the short one came $(<came) times only"
echo "20 of 20 signatures, while the other one came and went $(<came) times"
do_it long finalize
leaves long
card_is_closed || fail "the card is open when all have left"

note "sixteen at once, ${ROUNDS:=3} rounds each"
programs=()
for ((number = 1; number <= 16; number++)); do
    all_rounds "program-$number" "$ROUNDS" &
    programs+=("$!")
done
for one in "${programs[@]}"; do wait "$one" || fail "one of the sixteen failed"; done
echo "$((16 * ROUNDS)) of $((16 * ROUNDS)) rounds"
card_is_closed || fail "the card is open when all have left"

note "one with eight busy threads, and another one that wants the card, too"
host busy "$MODULE"
do_it busy initialize
do_it busy open
comes patient
do_it busy busy 8
moves() { (($(ask busy busy-calls | cut -d' ' -f3) > 100)); }
wait_until moves || fail "the threads do nothing"
before=$(ask busy busy-calls | cut -d' ' -f3)
for ((number = 1; number <= 20; number++)); do do_it patient sign "$AUTH_KEY" message signature; done
during=$(($(ask busy busy-calls | cut -d' ' -f3) - before))
do_it busy busy 0
echo "$during calls of the busy one during 20 signatures of the other"
# In turn, a transaction of the one waits for one of the other (tests/turns.rs counts that exactly). On top comes what the busy one does
# while this shell works between two signatures.
((during < 20 * 400)) || fail "the busy program keeps the other one waiting"
for name in busy patient; do
    do_it "$name" finalize
    leaves "$name"
done
[[ $(tries_left) == 3 ]] || fail "a try was lost"
card_is_closed || fail "the card is open when all have left"
