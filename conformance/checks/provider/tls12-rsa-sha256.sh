#!/bin/bash
# What:    logs into a TLS 1.2 server, told to use RSA+SHA256
# Client:  OpenSSL 3.5 s_client, pkcs11-provider
# Needs:   debian13:pkcs11-provider debian13:openssl debian:openssl debian:libpcsclite1 debian:debootstrap
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/provider-openssl.sh"

provider_logs_in tls1_2 -sigalgs "$SIGNATURE_ALGORITHMS"
server_saw TLSv1.2 RSA
