#!/bin/bash
# What:    reads a message from a server with an ECDSA certificate that requires the certificate (STARTTLS at port 143)
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:dovecot-imapd debian:libengine-pkcs11-openssl debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

ecdsa_server
mailbox
printf 'Subject: bonjour\nFrom: %s\n\nle patient va mieux\n' "$HOLDER_ADDRESS" >message
deliver message
imap_server
[[ $CARD != cps3 ]] || openssl_configuration
curl --silent --show-error --verbose --max-time "$PATIENCE" --ssl-reqd --cacert "$SERVER_ROOTS" --engine pkcs11 \
    --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN" \
    --user "$HOLDER:" --login-options AUTH=EXTERNAL "imap://localhost:143/INBOX;MAILINDEX=1" >answer ||
    { show_mail_logs && fail "curl did not read the message"; }
imap_server_saw
diff <(sed 's/$/\r/' message) answer
