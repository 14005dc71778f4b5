#!/bin/bash
# What:    logs in with the card after `cpx setup firefox --system`, which keeps the policies that are there; undone byte by byte
# Client:  Firefox
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:libnss3-tools debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/cpx-setup.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/firefox.sh"

# Those of an administrator, as he has laid them out.
firefox_policies() {
    over /etc/firefox/policies
    cat >/etc/firefox/policies/policies.json <<'TEXT'
{ "policies": {
     "DisableTelemetry": true,   "DisableFirefoxStudies": true, "DisableAppUpdate": true,
     "DontCheckDefaultBrowser": true, "NoDefaultBookmarks": true, "OverrideFirstRunPage": "", "OverridePostUpdatePage": "",
     "CaptivePortal": false, "NetworkPrediction": false, "SkipTermsOfUse": true } }
TEXT
    set_up /etc/firefox/policies/policies.json firefox --system
    grep -q DontCheckDefaultBrowser /etc/firefox/policies/policies.json
}

page_server -tls1_2
desktop
browse "$PAGE"
log_in
page_server_saw TLSv1.2 "$TLS12_SIGNATURE"
undone firefox --system
