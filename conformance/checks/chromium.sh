# shellcheck shell=bash
# Chromium at a desktop of its own, with the module in the user's NSS database.

source "$CHECKS/desktop.sh"
source "$CHECKS/nss-database.sh"

chromium_policies() {
    mkdir -p "$WORK/policies/managed" /etc/chromium/policies
    # Without a choice the person is asked for the code only.
    cat >"$WORK/policies/managed/conformance.json" <<'TEXT'
{
  "AutoSelectCertificateForUrls": ["{\"pattern\": \"https://localhost\", \"filter\": {}}"],
  "MetricsReportingEnabled": false, "SearchSuggestEnabled": false, "BackgroundModeEnabled": false,
  "BrowserSignin": 0, "SyncDisabled": true, "PromotionalTabsEnabled": false, "TranslateEnabled": false
}
TEXT
    mount --bind "$WORK/policies" /etc/chromium/policies
}

# browse ADDRESS
browse() {
    chromium_policies
    nss_database "$HOME/.pki/nssdb"
    # Its sandbox does not start as root.
    chromium --no-sandbox --no-first-run --disable-gpu --force-renderer-accessibility --disable-background-networking --disable-component-update \
        --password-store=basic --user-data-dir="$WORK/chromium" "$1" >"$WORK/chromium.log" 2>&1 &
}

# give_code CODE: into its own dialog.
give_code() {
    wait_for_window "^(Déverrouiller l'appareil de sécurité|Unlock Security Device)"
    sleep 1
    types "$1"
    keys Return
}

page_shows_holder() { holder_is_shown ERR_; }
