#!/bin/bash
# What:    lists the certificates and, after login, pairs each with its key
# Client:  NSS certutil
# Needs:   debian:libnss3-tools debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
token=$(token_label)
certutil -L -d "sql:$NSS" -h "$token" -f "$(pin_file)" | tee certificates
certutil -K -d "sql:$NSS" -h "$token" -f "$(pin_file)" | tee keys
[[ $(grep -cE "^< *[0-9]+> rsa " keys) == 2 ]]
for label in "$AUTH_LABEL" "$SIGNATURE_LABEL"; do
    grep -F "$token:$label" certificates | grep -q "u,u,u"
    certutil -L -d "sql:$NSS" -n "$token:$label" -f "$(pin_file)" -a >"$label.pem"
done
same_certificate "$AUTH_LABEL.pem" "$AUTH_CERTIFICATE"
same_certificate "$SIGNATURE_LABEL.pem" "$SIGNATURE_CERTIFICATE"
