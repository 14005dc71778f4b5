#!/bin/bash
# What:    logs in with the card after `cpx setup chromium`; undone byte by byte
# Client:  Chromium
# Needs:   debian:chromium debian:chromium-l10n debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/cpx-setup.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/chromium.sh"

# A person's database that knows no card.
nss_database() {
    nss_trust "$1"
    set_up "$1/pkcs11.txt" chromium --user
}

page_server -tls1_2
desktop
browse "$PAGE"
give_code "$PIN"
page_shows_holder
page_server_saw TLSv1.2 RSA
end_process "$!"
undone chromium --user
