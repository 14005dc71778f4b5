#!/bin/bash
# What:    logs in with the card of the second reader when a Vitale is in the first
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

take_card_out
put_card_in vitale 0
put_card_in card 1
page_server -tls1_2
desktop
browse "$PAGE"
log_in
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for a code"
page_server_saw TLSv1.2 "$TLS12_SIGNATURE"
[[ $(exchanges vitale) == 0 ]] || fail "something was sent to the Vitale"
