#!/bin/bash
# What:    opens a tunnel with the card's key over TLS 1.3
# Client:  OpenVPN
# Needs:   debian:openvpn debian:opensc debian:socat debian:openssl
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: SSL routines::EVP lib
source "$CHECKS/lib.sh"
source "$CHECKS/openvpn-tunnel.sh"

vpn_server 1.3
vpn_client
vpn_server_saw TLSv1.3
