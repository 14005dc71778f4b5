#!/bin/bash
# What:    reads a message that was enciphered for the card (CMS)
# Client:  OpenSSL 3.5 cms, pkcs11-provider
# Needs:   debian13:pkcs11-provider debian13:openssl debian:openssl debian:libpcsclite1 debian:debootstrap
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/provider-openssl.sh"

make_message message
openssl cms -encrypt -binary -aes256 -outform DER -in message -out message.p7m "$AUTH_CERTIFICATE"
provider_openssl cms -decrypt -inform DER -in message.p7m -out read -recip auth.pem \
    -inkey "$AUTH_URI?pin-value=$PIN"
cmp message read
