#!/bin/bash
# What:    logs into a TLS 1.2 server, the code typed into Chromium's dialog, and shows the holder's page
# Client:  Chromium
# Needs:   debian:chromium debian:chromium-l10n debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/chromium.sh"

page_server -tls1_2
desktop
browse "$PAGE"
give_code "$PIN"
page_shows_holder
# Chromium prefers PKCS #1 v1.5 in TLS 1.2, whatever the token can do.
page_server_saw TLSv1.2 RSA
