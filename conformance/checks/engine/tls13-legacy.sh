#!/bin/bash
# What:    logs into a TLS 1.3 server that takes PKCS #1 v1.5 signatures too (RFC 9963)
# Client:  OpenSSL s_client, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl pypi:tlslite-ng==0.8.2
# Run:     ci
# Not possible on cps3: OpenSSL does not know RFC 9963, and chooses RSA-PSS
# Shown by: PKCS#11 module:.*Mechanism invalid
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"

legacy_page_server
visits openssl s_client -connect "localhost:$TLS_PORT" -4 -servername localhost -CAfile "$SERVER_ROOTS" \
    -verify_return_error -ign_eof -quiet -cert "$AUTH_CERTIFICATE" \
    -engine pkcs11 -keyform engine -key "$AUTH_URI?pin-value=$PIN"
page_server_saw TLSv1.3 "$LEGACY_SIGNATURE"
