#!/bin/bash
# What:    a sandboxed NSS logs into a TLS server over p11-kit's socket: neither pcscd nor the module is in the sandbox
# Client:  NSS tstclnt in bubblewrap, over p11-kit-client
# Needs:   debian:bubblewrap debian:p11-kit debian:p11-kit-modules debian:libnss3-tools debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

CLIENT=$LIBRARIES/pkcs11/p11-kit-client.so

# The host: the card's token, at a socket in a folder that the sandbox gets.
mkdir "$WORK/p11-kit"
p11-kit server --foreground --provider "$MODULE" --name "$WORK/p11-kit/pkcs11" pkcs11: >server-of-tokens.log 2>&1 &
wait_until test -S "$WORK/p11-kit/pkcs11"

# sandbox COMMAND...: what flatpak does with bubblewrap: programs and libraries, a home of its own, the network, and that socket.
sandbox() {
    bwrap --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
        --ro-bind /etc/ssl /etc/ssl --ro-bind /etc/hosts /etc/hosts --proc /proc --dev /dev --tmpfs /tmp --tmpfs /run \
        --bind "$NSS" "$NSS" --ro-bind "$WORK/p11-kit" /run/p11-kit --unshare-pid --unshare-ipc --die-with-parent \
        --setenv P11_KIT_SERVER_ADDRESS unix:path=/run/p11-kit/pkcs11 "$@"
}

note "what is in the sandbox"
nss_trust "$WORK/nss"
refuses sandbox test -e /run/pcscd
refuses sandbox test -e "$MODULE"
sandbox modutil -dbdir "sql:$NSS" -force -add card -libfile "$CLIENT" || fail "NSS does not take p11-kit-client"
sandbox modutil -dbdir "sql:$NSS" -list card | tee modules
grep -q "Token Name: *$(token_label)" modules || fail "the sandbox does not see the card"

case $CARD in
    cps3) version=tls1_2 named=tls1.2 seen=TLSv1.2 signature=RSA ;;
    *) version=tls1_3 named=tls1.3 seen=TLSv1.3 signature=RSA-PSS ;;
esac
tls_server "$version"
converse sandbox tstclnt -d "sql:$NSS" -h localhost -p "$TLS_PORT" -4 -V "$named:$named" \
    -n "$(token_label):$AUTH_LABEL" -w "$PIN"
server_saw "$seen" "$signature"
