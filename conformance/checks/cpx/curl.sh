#!/bin/bash
# What:    fetches a page from a TLS 1.2 server under the configuration that `cpx setup openssl` writes
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:libengine-pkcs11-openssl debian:openssl
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/cpx-setup.sh"

over /etc/cpx-pkcs11
set_up /etc/cpx-pkcs11/openssl.cnf openssl --system
tls_page_server tls1_2
OPENSSL_CONF=/etc/cpx-pkcs11/openssl.cnf curl --silent --show-error --verbose --max-time "$PATIENCE" --cacert "$SERVER_ROOTS" \
    --engine pkcs11 --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" "https://localhost:$TLS_PORT/" >page
grep -x bonjour page || { cat "$SERVER_LOG"; fail "no page"; }
server_saw TLSv1.2 RSA
undone openssl --system
