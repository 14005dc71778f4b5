#!/bin/bash
# What:    sends a message through a server with an ECDSA certificate that requires the certificate (STARTTLS at port 587)
# Client:  OpenSSL s_client, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:postfix debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

ecdsa_server
mailbox
smtp_server
sentence="le patient $RANDOM$RANDOM va mieux"
options=()
[[ $CARD != cps3 ]] || options=(-client_sigalgs "$CLIENT_SIGNATURE_ALGORITHMS")
converse_by_line openssl s_client -connect localhost:587 -4 -starttls smtp -servername localhost \
    -CAfile "$SERVER_ROOTS" -verify_return_error -quiet "${options[@]}" -cert "$AUTH_CERTIFICATE" \
    -engine pkcs11 -keyform engine -key "$AUTH_URI?pin-value=$PIN" < <(send_message "$sentence")
smtp_server_saw
wait_until mailbox_holds "$sentence" || fail "the message did not arrive"
