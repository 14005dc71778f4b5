#!/bin/bash
# What:    opens tunnels with the card's key over TLS 1.2, told to sign with RSA+SHA256, to servers with RSA and ECDSA certificates
# Client:  OpenVPN
# Needs:   debian:openvpn debian:opensc debian:socat debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/openvpn-tunnel.sh"

opens_a_tunnel() {
    vpn_server 1.2
    vpn_client
    vpn_server_saw TLSv1.2
}
openssl_configuration
with_each_server opens_a_tunnel
