#!/bin/bash
# What:    says that a message enciphered for the card wants the card; reads it once the card is there
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

# In French Thunderbird shows an empty message instead: a fault of its own, it cannot encode the French words.
SPEAK=en
sentence="le patient $RANDOM$RANDOM va mieux"
message=$(message_for_card Avis "$sentence")
desktop
thunderbird_policies
thunderbird_account
take_card_out
thunderbird_opens

thunderbird "$message"
at_desktop wait 'Thunderbird cannot decrypt this message'
at_desktop wait 'If you have a smartcard, please insert it now'
refuses grep -F "$sentence" <(at_desktop see)
keys ctrl+w

put_card_in
thunderbird "$message"
give_code "$PIN"
at_desktop wait "^section: $sentence$"
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the code"
