#!/bin/bash
# What:    reads a message that OpenSSL enciphered for the card (CMS)
# Client:  NSS cmsutil
# Needs:   debian:libnss3-tools debian:openssl debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
make_message message
openssl cms -encrypt -binary -aes256 -outform DER -in message -out message.p7m "$AUTH_CERTIFICATE"
cmsutil -D -d "sql:$NSS" -p "$PIN" -i message.p7m -o read
cmp message read
