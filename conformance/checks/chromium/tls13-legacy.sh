#!/bin/bash
# What:    logs into a TLS 1.3 server that takes PKCS #1 v1.5 signatures too (RFC 9963)
# Client:  Chromium
# Needs:   debian:chromium debian:chromium-l10n debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core pypi:tlslite-ng==0.8.2
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/chromium.sh"

legacy_page_server
desktop
browse "$PAGE"
give_code "$PIN"
page_shows_holder
page_server_saw TLSv1.3 "$LEGACY_SIGNATURE"
