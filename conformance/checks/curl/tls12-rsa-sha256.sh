#!/bin/bash
# What:    fetches a page from a TLS 1.2 server, told to use RSA+SHA256 by OpenSSL's configuration
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

tls_page_server tls1_2
openssl_configuration
curl --silent --show-error --verbose --max-time 20 --cacert "$SERVER_ROOTS" --engine pkcs11 \
    --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
    "https://localhost:$TLS_PORT/" >page
grep -x bonjour page || { cat "$SERVER_LOG"; fail "no page"; }
server_saw TLSv1.2 RSA
