#!/bin/bash
# What:    fetches pages from TLS 1.2 servers with RSA and ECDSA certificates, told to sign with RSA+SHA256 by OpenSSL's configuration
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

openssl_configuration
fetches_a_page() {
    tls_page_server tls1_2
    curl --silent --show-error --verbose --max-time "$PATIENCE" --cacert "$SERVER_ROOTS" --engine pkcs11 \
        --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
        "https://localhost:$TLS_PORT/" >page
    grep -x bonjour page || { cat "$SERVER_LOG"; fail "no page"; }
    server_saw TLSv1.2 RSA
}
with_each_server fetches_a_page
