#!/bin/bash
# What:    logs into a TLS 1.3 server
# Client:  NSS tstclnt
# Needs:   debian:libnss3-tools debian:openssl debian:opensc
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: peer did not return a certificate
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
tls_server tls1_3
converse tstclnt -d "sql:$NSS" -h localhost -p "$TLS_PORT" -4 -V tls1.3:tls1.3 \
    -n "$(token_label):$AUTH_LABEL" -w "$PIN"
server_saw TLSv1.3 RSA-PSS
