#!/bin/bash
# What:    carries a plain connection into TLS 1.2 with the card's key, told to sign with RSA+SHA256, to servers with RSA and ECDSA certificates
# Client:  stunnel
# Needs:   debian:stunnel4 debian:libengine-pkcs11-openssl debian:openssl debian:socat
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/stunnel-tunnel.sh"

openssl_configuration
carries() {
    tls_server tls1_2
    tunnel
    server_saw TLSv1.2 RSA
}
with_each_server carries
