#!/bin/bash
# What:    logs into TLS 1.2 servers with RSA and ECDSA certificates, told to sign with RSA+SHA256
# Client:  OpenSSL 3.5 s_client, pkcs11-provider
# Needs:   debian13:pkcs11-provider debian13:openssl debian:openssl debian:libpcsclite1 debian:debootstrap
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/provider-openssl.sh"

logs_in() {
    provider_logs_in tls1_2 -client_sigalgs "$CLIENT_SIGNATURE_ALGORITHMS"
    server_saw TLSv1.2 RSA
}
with_each_server logs_in
