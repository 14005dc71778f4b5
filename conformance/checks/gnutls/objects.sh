#!/bin/bash
# What:    lists every object, and every attribute of each
# Client:  GnuTLS p11tool
# Needs:   debian:gnutls-bin
# Run:     ci
source "$CHECKS/lib.sh"

GNUTLS_PIN=$PIN p11tool --provider "$MODULE" --login --list-all | tee log
[[ $(grep -c 'Type: X.509 Certificate (RSA-2048)' log) == 2 ]]
[[ $(grep -c 'Type: Private key' log) == 2 ]]
p11tool --provider "$MODULE" --export "pkcs11:object=${AUTH_LABEL// /%20};type=cert" >auth.pem
same_certificate auth.pem "$AUTH_CERTIFICATE"
