#!/bin/bash
# What:    signs with each key, RSA-PSS
# Client:  OpenSSL, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
# Not possible on cps3: the chip pads by itself, with PKCS #1 v1.5
# Shown by: PKCS#11 module:.*Mechanism invalid
source "$CHECKS/lib.sh"

make_message message
for key in AUTH SIGNATURE; do
    uri=${key}_URI certificate=${key}_CERTIFICATE
    openssl dgst -sha256 -engine pkcs11 -keyform engine -sigopt rsa_padding_mode:pss \
        -sigopt rsa_pss_saltlen:digest -sign "${!uri}?pin-value=$PIN" -out "$key" message
    verify_signature pss "${!certificate}" message "$key"
done
