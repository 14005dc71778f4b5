#!/bin/bash
# What:    signs through a Unix socket: p11-kit server on one side, p11-kit-client.so on the other
# Client:  p11-kit server and p11-kit-client
# Needs:   debian:p11-kit debian:p11-kit-modules debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/p11-kit-module.sh"

make_message message
id=$(id_of "$AUTH_LABEL")
p11-kit server --foreground --provider "$MODULE" --name "$WORK/p11.socket" pkcs11: >server.log 2>&1 &
wait_until test -S "$WORK/p11.socket"

export P11_KIT_SERVER_ADDRESS="unix:path=$WORK/p11.socket"
# The other side sees neither pcscd nor the module: only the socket.
elsewhere() {
    unshare --mount sh -c 'mount -t tmpfs none /run/pcscd && exec "$@"' sh \
        pkcs11-tool --module "$LIBRARIES/pkcs11/p11-kit-client.so" "$@"
}

for turn in 1 2; do
    elsewhere --login --pin "$PIN" --sign --id "$id" --mechanism SHA256-RSA-PKCS \
        --input-file message --output-file "signature-$turn"
    verify_signature pkcs1 "$AUTH_CERTIFICATE" message "signature-$turn"
done
