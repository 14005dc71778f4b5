#!/bin/bash
# What:    fetches a page from a TLS 1.2 server with its usual settings
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
# Not possible on cps3: the client takes RSA-PSS, which the chip cannot do, unless it is told RSA+SHA256
# Shown by: PKCS#11 module::Mechanism invalid
source "$CHECKS/lib.sh"

tls_page_server tls1_2
curl --silent --show-error --verbose --max-time "$PATIENCE" --cacert "$SERVER_ROOTS" --engine pkcs11 \
    --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
    "https://localhost:$TLS_PORT/" >page
grep -x bonjour page || { cat "$SERVER_LOG"; fail "no page"; }
server_saw TLSv1.2 RSA-PSS
