#!/bin/bash
# What:    finds the keys, signs with each, deciphers with the authentication key
# Client:  Rust crate cryptoki
# Needs:   example:cryptoki-client debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
openssl rand -out plain 48
openssl pkeyutl -encrypt -pubin -inkey <(public_key "$AUTH_CERTIFICATE") -in plain -out enciphered
"$EXAMPLES/cryptoki-client" "$MODULE" "$PIN"
verify_signature pkcs1 "$AUTH_CERTIFICATE" message "$AUTH_KEY.signature"
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message "$SIGNATURE_KEY.signature"
cmp plain deciphered
