#!/bin/bash
# What:    serves TLS 1.3 with its own key in the card, from two worker processes
# Client:  nginx, engine of libp11
# Needs:   debian:nginx-light debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: PKCS#11 module:.*Mechanism invalid
source "$CHECKS/lib.sh"
source "$CHECKS/nginx-server.sh"

nginx_server TLSv1.3
for _ in 1 2 3; do browse TLSv1.3 RSA-PSS; done
