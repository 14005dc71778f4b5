#!/bin/bash
# What:    waits for a program that keeps the card for twelve seconds, and notices that it was reset at their end
# Client:  clients/host.c, clients/guest.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:libpcsclite-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
build_guest
reader=$(first_reader)
echo "the reader: $reader"

short_message message
host app "$MODULE"
logs_in app
./guest "$reader" 12 >holds &
holder=$!
wait_until grep holds holds
# Longer than the module gives resets that follow each other.
answers "$CKR_USER_NOT_LOGGED_IN" app sign "$AUTH_KEY" message signature
wait "$holder" || fail "the other program did not keep the card"
! signed_in app || fail "the session believes in a login that the card has forgotten"
do_it app login "$PIN"
signs app
[[ $(tries_left) == 3 ]] || fail "a try was lost"
do_it app finalize
leaves app
