#!/bin/bash
# What:    serves TLS 1.2 with its own key in the card, from two worker processes, told to use RSA+SHA256
# Client:  nginx, engine of libp11
# Needs:   debian:nginx-light debian:libengine-pkcs11-openssl debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nginx-server.sh"

# It is the server that signs with the card here.
nginx_server TLSv1.2 "ssl_conf_command SignatureAlgorithms RSA+SHA256;"
for _ in 1 2 3; do browse TLSv1.2 RSA; done
