#!/bin/bash
# What:    logs into a TLS 1.2 server
# Client:  GnuTLS gnutls-cli
# Needs:   debian:gnutls-bin debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

tls_server tls1_2
GNUTLS_PIN=$PIN converse gnutls-cli --provider "$MODULE" --port "$TLS_PORT" --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 \
    --x509cafile "$SERVER_ROOTS" --x509certfile "$AUTH_CERTIFICATE" --x509keyfile "$AUTH_URI" localhost
# GnuTLS looks at what the token can do, and takes PKCS #1 v1.5 if it must.
if [[ $CARD == cps3 ]]; then server_saw TLSv1.2 RSA; else server_saw TLSv1.2 RSA-PSS; fi
