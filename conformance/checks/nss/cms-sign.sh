#!/bin/bash
# What:    signs a message (CMS), as a mail program on NSS does
# Client:  NSS cmsutil
# Needs:   debian:libnss3-tools debian:openssl debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
make_message message
# The signature certificate does not encipher (nonRepudiation only): it is nobody's preference for that.
cmsutil -S -d "sql:$NSS" -Y NONE -T -G -H SHA256 -N "$(token_label):$SIGNATURE_LABEL" -p "$PIN" -i message -o message.p7s
verify_cms message.p7s "$SIGNATURE_CERTIFICATE" message
