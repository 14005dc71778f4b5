#!/bin/bash
# What:    waits neither for a program that keeps the card, where it need not, nor for a pcscd that hangs, where it needs no card
# Client:  clients/host.c, clients/guest.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:libpcsclite-dev debian:opensc
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
build_guest
own_service
own_card
reader=$(first_reader)
echo "the reader: $reader"

note "a program keeps the card for a minute"
host app "$MODULE"
logs_in app
./guest "$reader" 60 >holds &
holder=$!
wait_until grep holds holds
# It would be heard after a minute.
PATIENCE=30
do_it app state
do_it app digest
do_it app finalize
kill -0 "$holder" || fail "the other program did not keep the card"
kill "$holder"
leaves app

note "pcscd hangs"
host deaf "$MODULE"
wait_until there_are 1 || fail "the card is gone"
logs_in deaf
kill -STOP "$SERVICE"
do_it deaf digest
do_it deaf digest
kill -CONT "$SERVICE"
do_it deaf state
do_it deaf finalize
leaves deaf
