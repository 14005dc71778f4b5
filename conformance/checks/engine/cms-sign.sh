#!/bin/bash
# What:    signs a document (CMS) with the signature key
# Client:  OpenSSL, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
openssl cms -sign -binary -md sha256 -outform DER -in message -out message.p7s -signer "$SIGNATURE_CERTIFICATE" \
    -engine pkcs11 -keyform engine -inkey "$SIGNATURE_URI?pin-value=$PIN"
verify_cms message.p7s "$SIGNATURE_CERTIFICATE" message
