#!/bin/bash
# What:    logs into a TLS 1.2 server, the code typed into Firefox's dialog, and shows the holder's page
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
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the code"
page_server_saw TLSv1.2 "$TLS12_SIGNATURE"
