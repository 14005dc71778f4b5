# shellcheck shell=bash
# Firefox at a desktop of its own. The module is registered as an administrator does it, by a policy, and by nothing
# else.

source "$CHECKS/mozilla.sh"

PROFILE=$WORK/profile

ERROR_CODE="(Code d’erreur :|Error code:)"

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

# firefox ADDRESS: opens it, in a new profile that trusts the lab's servers.
firefox() {
    firefox_policies
    nss_trust "$PROFILE"
    visit "$1"
    watch_for_code_dialogs &
}

# visit ADDRESS: in the running Firefox, or in a new one.
visit() { firefox-esr --profile "$PROFILE" --new-tab "$1" >>"$WORK/firefox.log" 2>&1 & }

page_shows_holder() {
    local heading
    heading="^heading: .* $(subject_of "$AUTH_CERTIFICATE" GN) $(subject_of "$AUTH_CERTIFICATE" SN)$"
    at_desktop wait 90 "$heading|$ERROR_CODE"
    at_desktop wait 0 "$heading" || fail "Firefox shows an error"
}

page_shows_error() { at_desktop wait 90 "$ERROR_CODE"; }
