#!/bin/bash
# What:    logs into a TLS 1.2 server
# Client:  NSS tstclnt
# Needs:   debian:libnss3-tools debian:openssl debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
tls_server tls1_2
converse tstclnt -d "sql:$NSS" -h localhost -p "$TLS_PORT" -4 -V tls1.2:tls1.2 \
    -n "$(token_label):$AUTH_LABEL" -w "$PIN"
# NSS looks at what the token can do, and takes PKCS #1 v1.5 if it must.
if [[ $CARD == cps3 ]]; then server_saw TLSv1.2 RSA; else server_saw TLSv1.2 RSA-PSS; fi
