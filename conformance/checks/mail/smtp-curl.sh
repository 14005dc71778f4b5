#!/bin/bash
# What:    sends a message through a server that requires the certificate (STARTTLS at port 587)
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:postfix debian:libengine-pkcs11-openssl debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

mailbox
smtp_server
sentence="le patient $RANDOM$RANDOM va mieux"
printf 'Subject: bonjour\nFrom: %s\n\n%s\n' "$HOLDER_ADDRESS" "$sentence" >message
[[ $CARD != cps3 ]] || openssl_configuration
curl --silent --show-error --verbose --max-time "$PATIENCE" --ssl-reqd --cacert "$SERVER_ROOTS" --engine pkcs11 \
    --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
    --mail-from "$HOLDER_ADDRESS" --mail-rcpt "confrere@$MAIL_DOMAIN" --upload-file message --crlf \
    smtp://localhost:587 || { show_mail_logs && fail "curl did not send the message"; }
smtp_server_saw
wait_until mailbox_holds "$sentence" || fail "the message did not arrive"
