#!/bin/bash
# What:    logs into TLS 1.2 servers with RSA and ECDSA certificates, told to sign with RSA+SHA256
# Client:  OpenSSL s_client, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

logs_in() {
    tls_server tls1_2
    converse openssl s_client -connect "localhost:$TLS_PORT" -4 -servername localhost -CAfile "$SERVER_ROOTS" \
        -verify_return_error -quiet -client_sigalgs "$CLIENT_SIGNATURE_ALGORITHMS" -cert "$AUTH_CERTIFICATE" \
        -engine pkcs11 -keyform engine -key "$AUTH_URI?pin-value=$PIN"
    server_saw TLSv1.2 RSA
}
with_each_server logs_in
