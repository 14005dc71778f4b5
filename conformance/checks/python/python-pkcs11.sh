#!/bin/bash
# What:    finds the keys, signs with each, deciphers and unwraps with the authentication key
# Client:  python-pkcs11
# Needs:   pypi:python-pkcs11==0.9.5 debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
openssl rand -out plain 48
openssl pkeyutl -encrypt -pubin -inkey <(public_key "$AUTH_CERTIFICATE") -in plain -out enciphered
openssl rand -out key 32
openssl pkeyutl -encrypt -pubin -inkey <(public_key "$AUTH_CERTIFICATE") -in key -out wrapped
"$PYTHON" "$CLIENTS/python_pkcs11.py" "$MODULE" "$PIN"
verify_signature pkcs1 "$AUTH_CERTIFICATE" message "$AUTH_KEY.signature"
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message "$SIGNATURE_KEY.signature"
cmp plain deciphered
cmp key unwrapped
