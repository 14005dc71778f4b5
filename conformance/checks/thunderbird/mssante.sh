#!/bin/bash
# What:    reads and sends mail through servers that require the certificate; a wrong code, then the right one
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:dovecot-imapd debian:postfix debian:openssl debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

mailbox
news="le patient $RANDOM$RANDOM va mieux"
printf 'From: Confrère <confrere@%s>\nTo: %s\nSubject: Nouvelles\n\n%s\n' "$MAIL_DOMAIN" "$HOLDER_ADDRESS" "$news" >message
deliver message
imap_server
smtp_server
desktop 1280x800
thunderbird_policies
thunderbird_account
thunderbird_opens

at_desktop press '^(Lire les messages|Read messages)$'
give_code 9999
wait_until code_dialogs_were 2 || fail "Thunderbird does not ask again"
[[ $(tries_left) == 2 ]] || fail "$(tries_left) tries left after one wrong code"
give_code "$PIN"
open_message Nouvelles
at_desktop wait "$news"
imap_server_saw

sent="le patient $RANDOM$RANDOM va bien"
write_message Merci "$sent"
wait_until mailbox_holds "$sent" || { show_mail_logs && fail "the message did not arrive"; }
smtp_server_saw
code_dialogs_were 2 || fail "$(code_dialogs) dialogs asked for the code"
[[ $(tries_left) == 3 ]] || fail "$(tries_left) tries left after the right code"

at_desktop click "^section: $HOLDER_ADDRESS"
at_desktop press '^(Paramètres du compte|Account Settings)$'
at_desktop click '^[a-z ]*: (Paramètres serveur|Server Settings)$'
at_desktop wait '(Certificat TLS|TLS Certificate)'
picture_of server '^label: (Type de serveur|Server Type)' '^combo box: (Méthode d.authentification|Authentication method)' \
    '^label: 143$'
