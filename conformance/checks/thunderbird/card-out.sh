#!/bin/bash
# What:    says when the card is out of the reader, sends nothing unsigned; signs once the card is back
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

mailbox
smtp_server
sentence="le patient $RANDOM$RANDOM va mieux"
desktop 1280x1400
thunderbird_policies
thunderbird_account
thunderbird_opens
choose_signature_certificate
take_card_out

write_message Avis "$sentence"
at_desktop wait '(Ce message ne peut pas être signé numériquement|This message cannot be digitally signed)'
picture_of card-out '^[a-z]*: (Erreur d.envoi du message|Send Message Error)'
at_desktop press '^OK$'
refuses mailbox_holds 'Subject: Avis'

put_card_in
at_desktop press '^(Envoyer|Send)$'
give_code "$PIN"
wait_until mailbox_holds 'Subject: Avis' || { show_mail_logs && fail "the message did not arrive"; }
openssl cms -verify -in "$(grep -rl '^Subject: Avis' "$MAILBOX/new")" -CAfile "$CARD_AUTHORITIES" \
    -signer signer.pem -out /dev/null
same_certificate signer.pem "$SIGNATURE_CERTIFICATE"
