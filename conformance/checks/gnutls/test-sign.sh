#!/bin/bash
# What:    signs with each key and verifies with the public key that the token shows
# Client:  GnuTLS p11tool --test-sign
# Needs:   debian:gnutls-bin debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"

export GNUTLS_PIN=$PIN
for label in "$AUTH_LABEL" "$SIGNATURE_LABEL"; do
    # By CKA_ID: p11tool looks for the public key under the same URI.
    id=$(id_of "$label" | sed 's/../%&/g')
    p11tool --provider "$MODULE" --test-sign --login "pkcs11:id=$id" 2>&1 | tee log
    grep -q 'Verifying against private key parameters... ok' log
    grep -q 'Verifying against public key in the token... ok' log
done
