#!/bin/bash
# What:    signs a message (S/MIME) with the certificate chosen in its settings; OpenSSL verifies what arrived
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

mailbox
smtp_server
desktop 1280x1400
thunderbird_policies
thunderbird_account
thunderbird_opens

choose_signature_certificate
sentence="le patient $RANDOM$RANDOM va bien"
write_message Avis "$sentence"
give_code "$PIN"
wait_until mailbox_holds 'Subject: Avis' || { show_mail_logs && fail "the message did not arrive"; }
smtp_server_saw
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the code"

message=$(grep -rl '^Subject: Avis' "$MAILBOX/new")
head -n 20 "$message"
openssl cms -verify -in "$message" -CAfile "$CARD_AUTHORITIES" -signer signer.pem -out content
same_certificate signer.pem "$SIGNATURE_CERTIFICATE"
sed '1,/^\r*$/d' content | tr -d '\r' | base64 --decode | grep -F "$sentence"
# Le patient, in Base64.
sed 's/^bGUg/TGUg/' "$message" >changed
refuses cmp -s "$message" changed
refuses openssl cms -verify -in changed -CAfile "$CARD_AUTHORITIES" -out /dev/null

# What its recipient sees: the certificate has no address, and Thunderbird says so.
cp "$message" received.eml
thunderbird "$WORK/received.eml"
at_desktop wait '^push button: S/MIME$'
small_window '^Avis - ' 640
at_desktop press '^S/MIME$'
at_desktop wait '(Le message est signé|Message is signed)'
at_desktop wait "$HOLDER"
at_desktop wait '(ne contient aucune adresse e-mail|does not contain an email address)'
picture_of signed '^[a-z]*: Avis - '
