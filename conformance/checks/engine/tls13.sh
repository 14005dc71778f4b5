#!/bin/bash
# What:    logs into a TLS 1.3 server
# Client:  OpenSSL s_client, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: PKCS#11 module:.*Mechanism invalid
source "$CHECKS/lib.sh"

tls_server tls1_3
converse openssl s_client -connect "localhost:$TLS_PORT" -4 -servername localhost -CAfile "$SERVER_ROOTS" \
    -verify_return_error -quiet -cert "$AUTH_CERTIFICATE" \
    -engine pkcs11 -keyform engine -key "$AUTH_URI?pin-value=$PIN"
server_saw TLSv1.3 RSA-PSS
