#!/bin/bash
# What:    registers the module in a database and shows its token
# Client:  NSS modutil
# Needs:   debian:libnss3-tools debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
# modutil ends with an error if one of the slots is empty, and one of the virtual readers is.
modutil -dbdir "sql:$NSS" -list conformance >log 2>&1 || grep -q 'information about token ""' log
cat log
grep -q 'Status: Enabled' log
grep -qF "Token Name: $(token_label)" log
grep -q "Login Type: Login required" log
