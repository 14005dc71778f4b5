#!/bin/bash
# What:    a program on a server signs with the card of the person's machine: ssh forwards the socket of p11-kit's server
# Client:  pkcs11-tool over p11-kit-client and ssh -R
# Needs:   debian:openssh-client debian:openssh-server debian:p11-kit debian:p11-kit-modules debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/ssh-server.sh"

ssh_server "${WITHOUT_PCSCD[@]}"
p11-kit server --foreground --provider "$MODULE" --name "$WORK/p11.socket" pkcs11: >server.log 2>&1 &
wait_until test -S "$WORK/p11.socket"
make_message message
before=$(exchanges)
on_server "$WORK/p11.socket" "export P11_KIT_SERVER_ADDRESS=unix:path=$FORWARDED && \
    pkcs11-tool --module '$LIBRARIES/pkcs11/p11-kit-client.so' --login --pin '$PIN' --sign --mechanism SHA256-RSA-PKCS \
        --label '$SIGNATURE_KEY' --input-file '$PWD/message' --output-file '$PWD/signature'"
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message signature
echo "exchanges: $(($(exchanges) - before))"
