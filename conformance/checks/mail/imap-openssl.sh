#!/bin/bash
# What:    reads a message from a server that requires the certificate (STARTTLS at port 143)
# Client:  OpenSSL s_client, engine of libp11
# Needs:   debian:libengine-pkcs11-openssl debian:dovecot-imapd debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

mailbox
sentence="le patient $RANDOM$RANDOM va mieux"
printf 'Subject: bonjour\nFrom: %s\n\n%s\n' "$HOLDER_ADDRESS" "$sentence" >message
deliver message
imap_server
options=()
[[ $CARD != cps3 ]] || options=(-client_sigalgs "$CLIENT_SIGNATURE_ALGORITHMS")
converse_by_line openssl s_client -connect localhost:143 -4 -starttls imap -servername localhost \
    -CAfile "$SERVER_ROOTS" -verify_return_error -quiet "${options[@]}" -cert "$AUTH_CERTIFICATE" \
    -engine pkcs11 -keyform engine -key "$AUTH_URI?pin-value=$PIN" < <(read_first_message)
imap_server_saw
grep -F "$sentence" client.log
