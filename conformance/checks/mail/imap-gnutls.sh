#!/bin/bash
# What:    reads a message from a server that requires the certificate (STARTTLS at port 143)
# Client:  GnuTLS gnutls-cli
# Needs:   debian:gnutls-bin debian:dovecot-imapd debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

mailbox
sentence="le patient $RANDOM$RANDOM va mieux"
printf 'Subject: bonjour\nFrom: %s\n\n%s\n' "$HOLDER_ADDRESS" "$sentence" >message
deliver message
imap_server
GNUTLS_PIN=$PIN converse_by_line gnutls-cli --provider "$MODULE" --port 143 --starttls-proto imap \
    --x509cafile "$SERVER_ROOTS" --x509certfile "$AUTH_CERTIFICATE" --x509keyfile "$AUTH_URI" localhost \
    < <(read_first_message)
imap_server_saw
grep -F "$sentence" client.log
