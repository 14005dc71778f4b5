#!/bin/bash
# What:    fetches a page from a TLS 1.3 server
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: PKCS#11 module::Mechanism invalid
source "$CHECKS/lib.sh"

tls_page_server tls1_3
curl --silent --show-error --verbose --max-time "$PATIENCE" --cacert "$SERVER_ROOTS" --engine pkcs11 \
    --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
    "https://localhost:$TLS_PORT/" >page
grep -x bonjour page || { cat "$SERVER_LOG"; fail "no page"; }
server_saw TLSv1.3 RSA-PSS
