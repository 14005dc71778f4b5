# shellcheck shell=bash
# The dialogs that Firefox and Thunderbird have in common, and what they say in French or in English.

source "$CHECKS/desktop.sh"
source "$CHECKS/nss-database.sh"

CERTIFICATE_DIALOG="^[a-z]*: (Requête d’identification|User Identification)"
STORED_ON="^label: (Stocké sur :|Stored on:)"
CODE_DIALOG='^(Mot de passe nécessaire|Password Required)'
LOG_IN='^(Connexion|Sign in)$'

# choose_certificate: the certificates are shown before any code is asked for. Takes the first, which must stand on the
# card in the first reader. NSS does that because of CKP_PUBLIC_CERTIFICATES_TOKEN; where a peer lacks it, the code comes first.
choose_certificate() {
    certificate_is_shown
    at_desktop press '^OK$'
}

certificate_is_shown() {
    at_desktop wait "$CERTIFICATE_DIALOG"
    at_desktop wait "$STORED_ON $(literally "$(token_label)")$"
}

# literally TEXT: a regular expression for it.
literally() { printf '%s' "$1" | sed 's/[][\\.*^$?+(){}|]/\\&/g'; }

# give_code CODE: into the program's own dialog, which takes it after a second only.
give_code() {
    code_is_wanted
    types "$1"
    keys Return
}

code_is_wanted() {
    at_desktop password
    at_desktop enabled "$LOG_IN"
}

code_comes_first() {
    give_code "$PIN"
    choose_certificate
}

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
