#!/bin/bash
# What:    shows what the guide for health professionals shows
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

# show_devices: the module and the card as Firefox's settings list them.
show_devices() {
    visit about:preferences#connectionSecurity
    at_desktop wait "^[a-z]*: (Mode HTTPS uniquement|HTTPS-Only Mode)"
    xdotool mousemove 700 450 click --repeat 60 --delay 30 5
    at_desktop press "^(Gérer les périphériques de sécurité|Manage security devices)"
    at_desktop click "^tree item: Virtual PCD 00 00$"
    at_desktop wait "^table row: .* $(token_label)$"
    picture_of devices "^(dialog|panel): (Gestionnaire de périphériques|Device Manager)"
    keys Escape
}

page_server -tls1_2
serve_pages 4435 "$WORK/tls13-seen" "$WORK/tls13.log" -CAfile "$CARD_AUTHORITIES" -Verify 5 -tls1_3
desktop 1100x640
browse "$PAGE"
log_in
show_devices
if [[ $CARD == cps3 ]]; then
    # Of the same name as the first, for which Firefox remembers the certificate.
    visit https://localhost:4435/
    page_shows_error
    picture tls13-only
fi
take_card_out
visit "$PAGE?out"
page_shows_error
picture card-out
