#!/bin/bash
# What:    fetches a page from a TLS 1.2 server with its usual settings
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
# Not possible on cps3: the client takes RSA-PSS, which the chip cannot do, unless it is told RSA+SHA256
# Shown by: (?i)mechanism invalid|internal error|bad sig|alert|SSL routines
source "$CHECKS/lib.sh"

tls_web_server tls1_2
curl --silent --show-error --verbose --max-time 15 --cacert "$SERVER_ROOTS" --engine pkcs11 \
    --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
    "https://localhost:$TLS_PORT/" >page || fail "no page"
wait_until 5 grep -qa 'BEGIN SSL SESSION' "$SERVER_LOG" || true
cat page
server_saw TLSv1.2 RSA-PSS
