#!/bin/bash
# What:    asks for one code, once, with a colleague's card in the second reader, then a Vitale
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

put_card_in colleague
page_server -tls1_2
desktop
browse "$PAGE"
log_in

take_card_out colleague
put_card_in vitale
visit "$PAGE?vitale"
wait_until grep -F '?vitale' "$SEEN" || fail "the server did not see the second page"
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for a code"
page_server_saw TLSv1.2 "$TLS12_SIGNATURE"
[[ $(exchanges vitale) == 0 ]] || fail "something was sent to the Vitale"
refuses grep -E '"name":"VERIFY code 01("|, channel)' "${TRACE%.card}.colleague"
