#!/bin/bash
# What:    works for the next program when one is killed in the middle of each operation, and costs no try
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
public_key "$AUTH_CERTIFICATE" >public.pem
openssl rand -out plaintext 48
openssl pkeyutl -encrypt -pubin -inkey public.pem -in plaintext -out cryptogram
short_message message
code=$PIN
other=4711

# commands_with INSTRUCTION: how many the card has got.
commands_with() { grep -cE "\"command\":\"..$1" "$TRACE" || true; }

# killed_in INSTRUCTION WORD...: while the card is at the first command with this instruction of what is asked.
killed_in() {
    local before delayed instruction=$1
    shift
    note "killed in $1, at $instruction"
    host victim "$MODULE"
    [[ $1 == token ]] || do_it victim initialize
    case $1 in
        token) tell victim initialize && hear victim ;;
        list) do_it victim open ;;
        login) do_it victim token && do_it victim open ;;
        *) do_it victim token && do_it victim open && do_it victim login "$code" ;;
    esac
    before=$(commands_with "$instruction")
    delayed=$(delays)
    order fault card "$instruction#1:slow=2s"
    tell victim "$@"
    wait_until delayed_since "$delayed" || fail "the card was at nothing"
    kill -KILL "${PROCESS[victim]}"
    wait "${PROCESS[victim]}" 2>/dev/null || true
    wait_until more_than "$before" commands_with "$instruction" || fail "the card was at nothing"
    order no-faults card
    next
}

more_than() { (($("${@:2}") > $1)); }

# next: what the next program can do.
next() {
    local answer
    card_is_closed || echo "the killed program's login is left on the card"
    host heir "$MODULE"
    do_it heir initialize
    do_it heir token
    do_it heir open
    answer=$(ask heir login "$code")
    if [[ $answer != *' 0x0' ]]; then
        # The card had made the change of the code.
        [[ $code == "$PIN" ]] || fail "$answer"
        code=$other
        do_it heir login "$code"
    fi
    signs heir
    do_it heir finalize
    leaves heir
    [[ $(tries_left) == 3 ]] || fail "a try was lost"
    card_is_closed || fail "the card is open when all have left"
    rm -f victim.in victim.out heir.in heir.out
}

killed_in B0 token
killed_in B0 list
killed_in 20 login "$code"
if [[ $CARD == cps3 ]]; then sign=88 write=D6; else sign=2A write=; fi
killed_in "$sign" sign "$AUTH_KEY" message signature
killed_in 2A sign "$SIGNATURE_KEY" message signature
killed_in 2A decrypt cryptogram
killed_in B0 read CPS_ACTIVITY_01_PS
killed_in 84 random
[[ -z $write ]] || killed_in "$write" write CPS_DATA x
killed_in 24 change "$code" "$other"
[[ $code == "$PIN" ]] || {
    host restorer "$MODULE"
    do_it restorer initialize
    do_it restorer open
    do_it restorer change "$code" "$PIN"
    leaves restorer
}
