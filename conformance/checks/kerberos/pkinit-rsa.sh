#!/bin/bash
# What:    logs onto a realm with the card (PKINIT, key transport: the card signs and deciphers)
# Client:  MIT Kerberos kinit
# Needs:   debian:krb5-pkinit debian:krb5-user debian:krb5-kdc debian:krb5-admin-server debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/kerberos-realm.sh"

kerberos_realm
logon -X flag_RSA_PROTOCOL=yes
