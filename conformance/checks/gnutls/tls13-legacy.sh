#!/bin/bash
# What:    logs into a TLS 1.3 server that takes PKCS #1 v1.5 signatures too (RFC 9963)
# Client:  GnuTLS gnutls-cli
# Needs:   debian:gnutls-bin debian:openssl pypi:tlslite-ng==0.8.2
# Run:     ci
# Not possible on cps3: GnuTLS does not know RFC 9963
# Shown by: this visitor shows no certificate
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"

legacy_page_server
GNUTLS_PIN=$PIN visits gnutls-cli --provider "$MODULE" --port "$TLS_PORT" --priority NORMAL:-VERS-ALL:+VERS-TLS1.3 \
    --x509cafile "$SERVER_ROOTS" --x509certfile "$AUTH_CERTIFICATE" --x509keyfile "$AUTH_URI" localhost
page_server_saw TLSv1.3 "$LEGACY_SIGNATURE"
