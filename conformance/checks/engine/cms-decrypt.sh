#!/bin/bash
# What:    reads a message that was enciphered for the card (CMS)
# Client:  OpenSSL, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
openssl cms -encrypt -binary -aes256 -outform DER -in message -out message.p7m "$AUTH_CERTIFICATE"
openssl cms -decrypt -inform DER -in message.p7m -out read -recip "$AUTH_CERTIFICATE" \
    -engine pkcs11 -keyform engine -inkey "$AUTH_URI?pin-value=$PIN"
cmp message read
