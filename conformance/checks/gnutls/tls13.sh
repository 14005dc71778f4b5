#!/bin/bash
# What:    logs into a TLS 1.3 server
# Client:  GnuTLS gnutls-cli
# Needs:   debian:gnutls-bin debian:openssl
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: peer did not return a certificate|no shared signature|certificate verify
source "$CHECKS/lib.sh"

tls_server tls1_3
GNUTLS_PIN=$PIN converse gnutls-cli --provider "$MODULE" --port "$TLS_PORT" --priority NORMAL:-VERS-ALL:+VERS-TLS1.3 \
    --x509cafile "$SERVER_ROOTS" --x509certfile "$AUTH_CERTIFICATE" --x509keyfile "$AUTH_URI" localhost
server_saw TLSv1.3 RSA-PSS
