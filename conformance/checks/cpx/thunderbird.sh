#!/bin/bash
# What:    signs a message after `cpx setup thunderbird --system`, which keeps the policies that are there; undone byte by byte
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/cpx-setup.sh"
source "$CHECKS/thunderbird.sh"

mailbox
smtp_server
desktop 1280x1400
# The policies of the other checks, but for the module.
thunderbird_policies
policies=/etc/thunderbird/policies/policies.json
sed -i '/SecurityDevices/d' "$policies"
set_up "$policies" thunderbird --system
grep -q '"Install"' "$policies"
thunderbird_account
thunderbird_opens

choose_signature_certificate
sentence="le patient $RANDOM$RANDOM va bien"
write_message Avis "$sentence"
give_code "$PIN"
wait_until mailbox_holds 'Subject: Avis' || { show_mail_logs && fail "the message did not arrive"; }
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the code"
message=$(grep -rl '^Subject: Avis' "$MAILBOX/new")
openssl cms -verify -in "$message" -CAfile "$CARD_AUTHORITIES" -signer signer.pem -out content
same_certificate signer.pem "$SIGNATURE_CERTIFICATE"
undone thunderbird --system
