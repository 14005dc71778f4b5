#!/bin/bash
# What:    opens a tunnel with the card's key over TLS 1.2, told to use RSA+SHA256
# Client:  OpenVPN
# Needs:   debian:openvpn debian:opensc debian:socat debian:openssl
# Run:     ci
# Seconds: 60
source "$CHECKS/lib.sh"
source "$CHECKS/openvpn-tunnel.sh"

vpn_server 1.2
openssl_configuration
vpn_client
vpn_server_saw TLSv1.2
