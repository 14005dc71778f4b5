#!/bin/bash
# What:    signs a document (CMS) with the signature key
# Client:  OpenSSL 3.5 cms, pkcs11-provider
# Needs:   debian13:pkcs11-provider debian13:openssl debian:openssl debian:libpcsclite1 debian:debootstrap
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/provider-openssl.sh"

make_message message
provider_openssl cms -sign -binary -md sha256 -outform DER -in message -out message.p7s \
    -signer signature.pem -inkey "$SIGNATURE_URI?pin-value=$PIN"
verify_cms message.p7s "$SIGNATURE_CERTIFICATE" message
