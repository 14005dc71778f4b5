#!/bin/bash
# What:    logs into a TLS 1.3 server, the code typed into Firefox's dialog, and shows the holder's page
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

page_server -tls1_3
desktop
browse "$PAGE"
log_in
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the code"
page_server_saw TLSv1.3 RSA-PSS
