#!/bin/bash
# What:    programs without a card, under the same OpenSSL configuration, reach TLS 1.3 servers with RSA and ECDSA certificates
# Client:  curl, OpenSSL s_client, Python, Node.js
# Needs:   debian:curl debian:openssl debian:python3 debian:nodejs
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"

openssl_configuration
reach_the_server() {
    rm -f "$SERVER_LOG"
    local page=https://localhost:$TLS_PORT/
    end_server
    openssl s_server -accept "127.0.0.1:$TLS_PORT" -tls1_3 -cert "$SERVER_CERTIFICATE" -key "$SERVER_KEY" \
        -cert_chain "$(server_authorities)" -www >"$SERVER_LOG" 2>&1 &
    SERVER=$!
    wait_until grep -q '^ACCEPT' "$SERVER_LOG" || fail "the TLS server did not start"
    note curl
    curl --silent --show-error --max-time "$PATIENCE" --cacert "$SERVER_ROOTS" --ipv4 "$page" | grep '^ *Protocol *: TLSv1.3$'
    note "s_client"
    printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect "localhost:$TLS_PORT" -4 -CAfile "$SERVER_ROOTS" \
        -verify_return_error -ign_eof | tee s_client.log | grep '^ *Protocol *: TLSv1.3$'
    grep "^Peer signature type: $1$" s_client.log
    note Python
    python3 - "$page" "$SERVER_ROOTS" <<'PROGRAM' | grep '^ *Protocol *: TLSv1.3$'
import ssl, sys, urllib.request
page, roots = sys.argv[1:]
print(urllib.request.urlopen(page, context=ssl.create_default_context(cafile=roots)).read().decode())
PROGRAM
    note Node.js
    NODE_EXTRA_CA_CERTS=$SERVER_ROOTS node --openssl-shared-config -e '
        require("https").get({ port: process.argv[1], host: "localhost", family: 4 }, answer => answer.pipe(process.stdout));
    ' "$TLS_PORT" | grep '^ *Protocol *: TLSv1.3$'
}
reach_the_server RSA-PSS
ecdsa_server
reach_the_server ECDSA
