#!/bin/bash
# What:    reads a message that OpenSSL enciphered for the card (S/MIME); a wrong code, then the right one
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

sentence="le patient $RANDOM$RANDOM va mieux"
message=$(message_for_card Avis "$sentence")
desktop
thunderbird_policies
thunderbird_account
thunderbird_opens

thunderbird "$message"
give_code 9999
wait_until code_dialogs_were 2 || fail "Thunderbird does not ask again"
[[ $(tries_left) == 2 ]] || fail "$(tries_left) tries left after one wrong code"
give_code "$PIN"
at_desktop wait "^section: $sentence$"
at_desktop wait '^push button: S/MIME (Déchiffrement effectué|Decryption successful)'
small_window '^Avis - '
picture_of deciphered '^[a-z]*: Avis - '
code_dialogs_were 2 || fail "$(code_dialogs) dialogs asked for the code"
[[ $(tries_left) == 3 ]] || fail "$(tries_left) tries left after the right code"
