#!/bin/bash
# What:    shows an error when the card is out of the reader, and logs in again once it is back
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

page_server -tls1_2
desktop
browse "$PAGE"
log_in

take_card_out
visit "$PAGE?out"
page_shows_error

card_comes
visit "$PAGE?in"
# Which certificate it is Firefox remembers; the code it must not.
give_code "$PIN"
page_shows_holder
code_dialogs_were 2 || fail "$(code_dialogs) dialogs asked for the code"
page_server_saw TLSv1.2 "$TLS12_SIGNATURE"
refuses grep -F '?out' "$SEEN"
