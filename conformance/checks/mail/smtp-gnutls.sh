#!/bin/bash
# What:    sends a message through a server that requires the certificate (STARTTLS at port 587)
# Client:  GnuTLS gnutls-cli
# Needs:   debian:gnutls-bin debian:postfix debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

mailbox
smtp_server
sentence="le patient $RANDOM$RANDOM va mieux"
GNUTLS_PIN=$PIN converse_by_line gnutls-cli --provider "$MODULE" --port 587 --starttls-proto smtp \
    --x509cafile "$SERVER_ROOTS" --x509certfile "$AUTH_CERTIFICATE" --x509keyfile "$AUTH_URI" localhost \
    < <(send_message "$sentence")
smtp_server_saw
wait_until mailbox_holds "$sentence" || fail "the message did not arrive"
