#!/bin/bash
# What:    registers the module in a database and shows its token
# Client:  NSS modutil
# Needs:   debian:libnss3-tools
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

nss_database
modutil -dbdir "sql:$NSS" -list conformance | tee log
grep -q 'Status: Enabled' log
grep -qF "Token Name: $(nss_token)" log
grep -q "Login Type: Login required" log
