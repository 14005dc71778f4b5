#!/bin/bash
# What:    sends nothing to the card for ordinary HTTPS pages, after the first, for which NSS reads the certificates
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

# shows_page PATH: an ordinary one, after another handshake.
shows_page() {
    visit "$ORDINARY_PAGE$1"
    at_desktop wait "^heading: Page publique /$1$"
}

# It sent something to the card, and then nothing for a while.
module_is_loaded() {
    local now
    now=$(exchanges)
    ((now > START)) && sleep 4 && [[ $(exchanges) == "$now" ]]
}

ordinary_server
desktop
START=$(exchanges)
echo '<h1>Ici</h1>' >start.html
browse "file://$WORK/start.html"
at_desktop wait "^heading: Ici$"
wait_until module_is_loaded || fail "Firefox does not load the module"
LOADED=$(exchanges)
shows_page first
FIRST=$(exchanges)
for i in 1 2 3 4 5; do shows_page "$i"; done
sleep 4
LAST=$(exchanges)

note "exchanges: $((LOADED - START)) to load the module, $((FIRST - LOADED)) for the first page, $((LAST - FIRST)) for five more"
sed -n "$((LOADED + 1)),${FIRST}p" "$TRACE" >first
refuses grep -vE '"name":"(SELECT|READ BINARY|GET RESPONSE)' first
(($(wc -l <"$WORK/ordinary-seen") >= 6)) || fail "the server saw fewer handshakes"
((LAST == FIRST)) || fail "an ordinary page reached the card"
