#!/bin/bash
# What:    survives forks, exec, unloading, exit handlers, destructors that come late, and being loaded under two names
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
short_message message

# sockets NAME: connections of the program to the service.
sockets() { find "/proc/${PROCESS[$1]}/fd" -lname 'socket:*' | wc -l; }
mapped() { grep -c "$MODULE" "/proc/${PROCESS[$1]}/maps" || true; }
threads() { find "/proc/${PROCESS[$1]}/task" -mindepth 1 -maxdepth 1 | wc -l; }

# forks NAME: a child that ends as programs end, and one that begins anew; both tell how it was.
forks() {
    tell "$1" fork exit
    [[ $(hear "$1") == 'child 0x0' && $(hear "$1") == 'fork 0x0' ]] || fail "a child that exits"
    tell "$1" fork start
    [[ $(hear "$1") == 'child 0x0' && $(hear "$1") == 'fork 0x0' ]] || fail "a child that starts anew"
}

note "fork in every state"
host parent "$MODULE"
do_it parent initialize && forks parent
do_it parent token && forks parent
do_it parent open && forks parent
do_it parent login "$PIN" && forks parent
signed_in parent || fail "a child has ended the login of its parent"
signs parent && forks parent
do_it parent wait && forks parent
signs parent
do_it parent logout && forks parent
tell parent finalize
[[ $({ hear parent && hear parent; } | sort | xargs) == "C_Finalize 0x0 C_WaitForSlotEvent $CKR_CRYPTOKI_NOT_INITIALIZED" ]] ||
    fail "the wait did not end with C_Finalize"
tell parent fork exit && hear parent && hear parent
leaves parent

note "exec while logged in"
host before "$MODULE"
logs_in before
do_it before exec
do_it before process
[[ $(sockets before) == 0 ]] || fail "connections of the old program are left"
logs_in before
signs before
leaves before

note "unloaded and loaded again"
host loader "$MODULE"
logs_in loader
do_it loader finalize
do_it loader unload
[[ $(mapped loader) == 0 ]] || fail "it is still there"
files=$(find "/proc/${PROCESS[loader]}/fd" | wc -l)
for round in 1 2 3 4 5 6 7 8; do
    do_it loader load
    logs_in loader
    # Not every program finalises.
    ((round % 2)) || do_it loader finalize
    do_it loader unload
done >/dev/null
[[ $(threads loader) == 1 ]] || fail "threads are left"
do_it loader load
logs_in loader
signs loader
do_it loader finalize
echo "$(find "/proc/${PROCESS[loader]}/fd" | wc -l) open files, $files before"
leaves loader

note "an exit handler that closes and finalises"
host polite "$MODULE"
logs_in polite
do_it polite at-exit
tell polite exit
[[ $(hear polite) == 'C_CloseAllSessions 0x0' && $(hear polite) == 'C_Finalize 0x0' ]] || fail "at exit"
wait "${PROCESS[polite]}"
card_is_closed

note "a destructor that does so after those of the module and its libraries"
gcc -shared -fPIC -Wall -Wextra -Werror "$CLIENTS/late.c" -o late.so
HOST_UNDER=(env LD_DEBUG=files "LD_DEBUG_OUTPUT=$WORK/linker")
host late "$MODULE"
HOST_UNDER=()
logs_in late
do_it late at-the-very-end "$WORK/late.so"
tell late exit
answer="$(hear late) $(hear late)" && echo "$answer"
# There is no PC/SC any more, and so no card.
[[ $answer == 'C_CloseAllSessions 0xe0 C_Finalize 0x0' ]] || fail "at the very end"
wait "${PROCESS[late]}" || fail "late ended with status $?"
grep -h 'calling fini' linker.* | sed 's/.*calling fini: //'
torn_down=$(grep -h 'calling fini' linker.* | grep -oE 'libcpx_pkcs11|libpcsclite|late\.so' | xargs)
[[ $torn_down == *'libcpx_pkcs11'*'late.so' && $torn_down == *'libpcsclite'*'late.so' ]] || fail "torn down as: $torn_down"
card_is_closed || echo "its login is left on the card"

note "an exit without any of that"
host rude "$MODULE"
logs_in rude
leaves rude
card_is_closed || echo "a login that nobody ended is left on the card"

note "loaded under two names"
cp "$MODULE" other-name.so
host twice "$MODULE" "$WORK/other-name.so"
logs_in twice
signs twice
tell twice use 2
logs_in twice
signs twice
do_it twice logout
! signed_in twice || fail "it is logged out"
tell twice use 1
# Two modules are as two programs: neither ends the other one's login.
signed_in twice || fail "the other one's logout has ended this login"
signs twice
do_it twice finalize
tell twice use 2
do_it twice login "$PIN"
signs twice
do_it twice finalize
leaves twice
card_is_closed
[[ $(tries_left) == 3 ]]
