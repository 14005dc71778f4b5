#!/bin/bash
# What:    logs into a TLS 1.3 server
# Client:  OpenSSL 3.5 s_client, pkcs11-provider
# Needs:   debian13:pkcs11-provider debian13:openssl debian:openssl debian:libpcsclite1 debian:debootstrap
# Run:     all
# Module:  ours
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: CKM_RSA_PKCS_PSS unavailable
source "$CHECKS/lib.sh"
source "$CHECKS/provider-openssl.sh"

provider_logs_in tls1_3
server_saw TLSv1.3 RSA-PSS
