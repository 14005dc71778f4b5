# shellcheck shell=bash
# Firefox at a desktop of its own. The module is registered as an administrator does it, by a policy, and by nothing
# else.

source "$CHECKS/mozilla.sh"

PROFILE=$WORK/profile

ERROR_CODE="(Code d’erreur :|Error [Cc]ode:)"

firefox_policies() {
    mkdir -p "$WORK/policies" /etc/firefox/policies
    cat >"$WORK/policies/policies.json" <<TEXT
{
  "policies": {
    "SecurityDevices": { "Add": { "CPx": "$MODULE" } },
    "DisableTelemetry": true, "DisableFirefoxStudies": true, "DisableAppUpdate": true, "DontCheckDefaultBrowser": true,
    "NoDefaultBookmarks": true, "OverrideFirstRunPage": "", "OverridePostUpdatePage": "", "CaptivePortal": false,
    "NetworkPrediction": false, "SkipTermsOfUse": true
  }
}
TEXT
    mount --bind "$WORK/policies" /etc/firefox/policies
}

# browse ADDRESS: opens it, in a new profile that trusts the lab's servers.
browse() {
    firefox_policies
    nss_trust "$PROFILE"
    # Its patience with whoever chooses and types, 90 seconds, is too short for a busy machine.
    cat >"$PROFILE/user.js" <<'TEXT'
user_pref("network.http.connection-timeout", 900);
user_pref("network.http.tls-handshake-timeout", 900);
TEXT
    visit "$1"
    watch_for_code_dialogs &
}

# visit ADDRESS: in the running Firefox, or in a new one.
visit() { firefox-esr --profile "$PROFILE" --new-tab "$1" >>"$WORK/firefox.log" 2>&1 & }

# card_comes: and Firefox may know it; NSS believes what it has seen of a slot for a second.
card_comes() {
    put_card_in
    sleep 2
}

certificate_comes_first() {
    certificate_is_shown
    picture_of certificate "$CERTIFICATE_DIALOG"
    at_desktop press '^OK$'
    code_is_wanted
    picture_of_window code "$CODE_DIALOG"
    give_code "$PIN"
}

page_shows_holder() { holder_is_shown "$ERROR_CODE"; }

page_shows_error() { at_desktop wait "$ERROR_CODE"; }

# log_in: from the certificates to the page, with a picture of each step.
log_in() {
    if [[ -n $PEER ]]; then code_comes_first; else certificate_comes_first; fi
    page_shows_holder
    picture page 1100x420+0+0
}
