#!/bin/bash
# What:    shows the card's certificate, and only then asks for the code
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

mailbox
imap_server
desktop
thunderbird_policies
thunderbird_account
preference security.default_personal_cert '"Ask Every Time"'
thunderbird_opens

at_desktop press '^(Lire les messages|Read messages)$'
certificate_comes_first() {
    at_desktop wait "$CERTIFICATE_DIALOG"
    picture_of certificate "$CERTIFICATE_DIALOG"
    choose_certificate
    at_desktop password
    picture_of code "^frame: ${CODE_DIALOG#^}"
    give_code "$PIN"
}
if [[ -n $PEER ]]; then code_comes_first; else certificate_comes_first; fi
wait_until grep -q 'Login: user=' "$IMAP_LOG" || fail "Dovecot did not see a login"
imap_server_saw
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the code"
