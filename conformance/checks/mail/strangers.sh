#!/bin/bash
# What:    the servers of these checks turn away who has no certificate, another one, or another's mailbox
# Client:  curl, engine of libp11
# Needs:   debian:curl debian:dovecot-imapd debian:postfix debian:libengine-pkcs11-openssl debian:openssl
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/mail-servers.sh"

mailbox
printf 'Subject: bonjour\n\nle patient va mieux\n' >message
deliver message
imap_server
smtp_server
[[ $CARD != cps3 ]] || openssl_configuration

read_mail() {
    curl --silent --show-error --max-time "$PATIENCE" --ssl-reqd --cacert "$SERVER_ROOTS" --user "$HOLDER:" \
        --login-options AUTH=EXTERNAL "$@" "imap://localhost:143/INBOX;MAILINDEX=1"
}
send_mail() {
    curl --silent --show-error --max-time "$PATIENCE" --ssl-reqd --cacert "$SERVER_ROOTS" \
        --mail-rcpt "confrere@$MAIL_DOMAIN" --upload-file message "$@" smtp://localhost:587
}
own=(--engine pkcs11 --cert "$AUTH_CERTIFICATE" --key-type ENG --key "$AUTH_URI?pin-value=$PIN")
another=(--cert "$PKI/organisation-client.pem" --key "$PKI/organisation-client.key")

refuses read_mail
refuses read_mail "${another[@]}"
refuses send_mail --mail-from "$HOLDER_ADDRESS"
refuses send_mail --mail-from "$HOLDER_ADDRESS" "${another[@]}"
refuses send_mail --mail-from "voisin@$MAIL_DOMAIN" "${own[@]}"
show_mail_logs

grep -q "Received valid SSL certificate: .*CN=labo-client.invalid" "$IMAP_LOG"
refuses grep "Login: user=" "$IMAP_LOG"
grep -q "from=$HOLDER_ADDRESS user=labo-client.invalid .* REJECT" "$POLICY_LOG"
grep -q "from=voisin@$MAIL_DOMAIN user=$HOLDER .* REJECT" "$POLICY_LOG"
[[ $(grep -c . "$POLICY_LOG") == 2 ]]
