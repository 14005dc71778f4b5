#!/bin/bash
# What:    signs with each key and verifies with the public key of the token
# Client:  GnuTLS p11tool --test-sign
# Needs:   debian:gnutls-bin
# Run:     ci
source "$CHECKS/lib.sh"

export GNUTLS_PIN=$PIN
for uri in "$AUTH_URI" "$SIGNATURE_URI"; do
    p11tool --provider "$MODULE" --login --test-sign "$uri" 2>&1 | tee log
    grep -q 'Verifying against private key parameters... ok' log
    grep -q 'Verifying against public key in the token... ok' log
done
