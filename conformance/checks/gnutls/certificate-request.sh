#!/bin/bash
# What:    signs a certificate request with the signature key
# Client:  GnuTLS certtool
# Needs:   debian:gnutls-bin debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

printf 'cn = "LABO TESTE"\n' >template
GNUTLS_PIN=$PIN certtool --provider "$MODULE" --generate-request --template template --hash SHA256 \
    --load-privkey "$SIGNATURE_URI" --outfile request.pem
openssl req -in request.pem -noout -verify 2>&1 | tee log
grep -q 'verify OK' log
[[ $(openssl req -in request.pem -noout -pubkey) == "$(public_key "$SIGNATURE_CERTIFICATE")" ]]
