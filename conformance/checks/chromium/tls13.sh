#!/bin/bash
# What:    logs into a TLS 1.3 server, the code typed into Chromium's dialog, and shows the holder's page
# Client:  Chromium
# Needs:   debian:chromium debian:chromium-l10n debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/chromium.sh"

page_server -tls1_3
desktop
browse "$PAGE"
give_code "$PIN"
page_shows_holder
page_server_saw TLSv1.3 RSA-PSS
