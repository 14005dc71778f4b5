#!/bin/bash
# What:    logs into a TLS 1.3 server that takes PKCS #1 v1.5 signatures too (RFC 9963)
# Client:  NSS tstclnt
# Needs:   debian:libnss3-tools debian:openssl debian:opensc pypi:tlslite-ng==0.8.2
# Run:     ci
# Not possible on cps3: NSS does not know RFC 9963
# Shown by: this visitor shows no certificate
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/nss-database.sh"

nss_database
legacy_page_server
visits tstclnt -d "sql:$NSS" -h localhost -p "$TLS_PORT" -4 -V tls1.3:tls1.3 -n "$(token_label):$AUTH_LABEL" -w "$PIN"
page_server_saw TLSv1.3 "$LEGACY_SIGNATURE"
