#!/bin/bash
# What:    says that the card is missing, and sends nothing unsigned; goes on when it is back
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Seconds: 400
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

# In French its page for what it cannot decipher stays empty: a fault of Thunderbird's own.
SPEAK=en
mailbox
smtp_server
sentence="le patient $RANDOM$RANDOM va mieux"
message=$(message_for_card Avis "$sentence")
desktop 1280x1400
thunderbird_policies
thunderbird_account
thunderbird_opens
choose_signature_certificate
take_card_out

thunderbird "$message"
at_desktop wait 60 'Thunderbird cannot decrypt this message'
at_desktop wait 10 'If you have a smartcard, please insert it now'
keys ctrl+w
write_message Reply "$sentence"
at_desktop wait 60 'Unable to sign message|cannot be digitally signed'
at_desktop press 10 '^OK$'
refuses mailbox_holds "Subject: Reply"

put_card_in
at_desktop press 30 '^Send$'
give_code "$PIN"
wait_until 60 mailbox_holds 'Subject: Reply' || { show_mail_logs && fail "the message did not arrive"; }
openssl cms -verify -in "$(grep -rl '^Subject: Reply' "$MAILBOX/new")" -CAfile "$CARD_AUTHORITIES" \
    -signer signer.pem -out /dev/null
same_certificate signer.pem "$SIGNATURE_CERTIFICATE"
thunderbird "$message"
at_desktop wait 60 "^section: $sentence$"
