#!/bin/bash
# What:    signs with each key, PKCS #1 v1.5
# Client:  OpenSSL, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
for key in AUTH SIGNATURE; do
    uri=${key}_URI certificate=${key}_CERTIFICATE
    openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "${!uri}?pin-value=$PIN" -out "$key" message
    verify_signature pkcs1 "${!certificate}" message "$key"
done
