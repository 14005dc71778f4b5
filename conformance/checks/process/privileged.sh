#!/bin/bash
# What:    obeys no environment in a program that has rights which its user does not have: setuid, file capabilities
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:libcap2-bin
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
# Within everybody's reach, and gone with this check's mounts.
mount -t tmpfs -o mode=755 none /mnt
cp "$MODULE" /mnt/module.so
for copy in ordinary capable owned; do cp host "/mnt/$copy"; done
setcap cap_net_bind_service+ep /mnt/capable
chown 1:1 /mnt/owned
chmod 4755 /mnt/owned
mkdir -m 1777 /mnt/traces

# traces COPY SECURE: a user who asks for a trace, and makes a mistake, starts it, from a shell, which has no rights to pass on. The
# kernel must say whether it has more, and only who has not is told of the mistake.
traces() {
    local trace=/mnt/traces/$1
    printf '%s\n' secure initialize finalize exit |
        CPX_PKCS11_TRACE=apdu CPX_PKCS11_TRACE_FILE=$trace CPX_PKCS11_LEVEL=x \
            setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '"$0" /mnt/module.so; exit "$?"' "/mnt/$1" >said 2>told ||
        fail "$1 ends with status $?"
    sed "s/^/$1: /" said told
    grep -qx "AT_SECURE 0x0 $2" said || fail "$1 has not the rights that it should have"
    grep -qx 'C_Initialize 0x0' said || fail "$1 has not initialised the module"
    [[ $(grep -c 'CPX_PKCS11_LEVEL is not a variable of this module' told) == $((1 - $2)) ]] || fail "$1 is told otherwise"
    [[ -s $trace ]]
}

traces ordinary 0 || fail "without rights of its own there is no trace: nothing is shown by the others"
refuses traces capable 1
refuses traces owned 1
