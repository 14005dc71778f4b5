#!/bin/bash
# What:    asks again after a wrong code, and logs in with the right one
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

page_server -tls1_2
desktop
browse "$PAGE"
[[ -n $PEER ]] || choose_certificate
give_code 0000
wait_until code_dialogs_were 2 || fail "Firefox does not ask again"
[[ $(tries_left) == 2 ]] || fail "$(tries_left) tries left after one wrong code"
if [[ -n $PEER ]]; then code_comes_first; else give_code "$PIN"; fi
page_shows_holder
code_dialogs_were 2 || fail "$(code_dialogs) dialogs asked for the code"
[[ $(tries_left) == 3 ]] || fail "$(tries_left) tries left after the right code"
page_server_saw TLSv1.2 "$TLS12_SIGNATURE"
