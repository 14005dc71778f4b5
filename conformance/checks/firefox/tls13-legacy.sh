#!/bin/bash
# What:    logs into a TLS 1.3 server that takes PKCS #1 v1.5 signatures too (RFC 9963)
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core pypi:tlslite-ng==0.8.2
# Run:     all
# Not possible on cps3: Firefox does not know RFC 9963
# Shown by: SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

legacy_page_server
desktop
browse "$PAGE"
log_in
page_server_saw TLSv1.3 "$LEGACY_SIGNATURE"
