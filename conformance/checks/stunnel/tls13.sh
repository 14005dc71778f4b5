#!/bin/bash
# What:    carries a plain connection into TLS 1.3 with the card's key
# Client:  stunnel
# Needs:   debian:stunnel4 debian:libengine-pkcs11-openssl debian:openssl debian:socat
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: (?i)PKCS#11 module:.*Mechanism invalid
source "$CHECKS/lib.sh"
source "$CHECKS/stunnel-tunnel.sh"

tls_server tls1_3
tunnel
server_saw TLSv1.3 RSA-PSS
