# shellcheck shell=bash
# Firefox at a desktop of its own. The module is registered as an administrator does it, by a policy, and by nothing
# else.

source "$CHECKS/desktop.sh"
source "$CHECKS/nss-database.sh"

PROFILE=$WORK/profile

# What Firefox says, in French or in English.
CERTIFICATE_DIALOG="^[a-z]*: (Requête d’identification|User Identification)"
STORED_ON="^label: (Stocké sur :|Stored on:)"
CODE_DIALOG='^(Mot de passe nécessaire|Password Required)'
LOG_IN='^(Connexion|Sign in)$'
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

# choose_certificate: Firefox shows the certificates before it asks for any code. Takes the first, which must stand on
# the card in the first reader.
choose_certificate() {
    at_desktop wait 90 "$CERTIFICATE_DIALOG"
    at_desktop wait 10 "$STORED_ON $(token_label)$"
    at_desktop press 10 '^OK$'
}

# give_code CODE: into Firefox's own dialog, which takes it after a second only.
give_code() {
    at_desktop password 60
    at_desktop enabled 10 "$LOG_IN"
    types "$1"
    keys Return
}

page_shows_holder() {
    local heading
    heading="^heading: .* $(subject_of "$AUTH_CERTIFICATE" GN) $(subject_of "$AUTH_CERTIFICATE" SN)$"
    at_desktop wait 90 "$heading|$ERROR_CODE"
    at_desktop wait 0 "$heading" || fail "Firefox shows an error"
}

page_shows_error() { at_desktop wait 90 "$ERROR_CODE"; }

# watch_for_code_dialogs: writes down every dialog that asks for a code. Each stays until somebody answers it.
watch_for_code_dialogs() {
    while true; do
        xdotool search --onlyvisible --name "$CODE_DIALOG" >>"$WORK/code-dialogs" 2>/dev/null || true
        sleep 0.2
    done
}

# code_dialogs: how many there were.
code_dialogs() { sort -u "$WORK/code-dialogs" | wc -l; }

code_dialogs_were() { [[ $(code_dialogs) == "$1" ]]; }
