# shellcheck shell=bash
# Thunderbird at a desktop of its own, with the card's holder as its one account. The module and the authorities are
# there by a policy, as an administrator writes it; what the guide tells people to set is set, or set by the check.

source "$CHECKS/mail-servers.sh"
source "$CHECKS/mozilla.sh"

PROFILE=$WORK/profile

thunderbird_policies() {
    local list=() one
    mkdir -p "$WORK/policies/policies" /etc/thunderbird
    csplit --quiet --elide-empty-files --prefix "$WORK/policies/authority-" --suffix-format %02d.pem \
        "$CARD_AUTHORITIES" '/BEGIN CERTIFICATE/' '{*}'
    for one in "$WORK"/policies/authority-*.pem; do list+=("\"$one\""); done
    cat >"$WORK/policies/policies/policies.json" <<TEXT
{
  "policies": {
    "SecurityDevices": { "Add": { "CPx": "$MODULE" } },
    "Certificates": { "Install": [$(IFS=, && echo "${list[*]}")] }
  }
}
TEXT
    mount --bind "$WORK/policies" /etc/thunderbird
}

# preference NAME VALUE
preference() { echo "user_pref(\"$1\", $2);" >>"$PROFILE/user.js"; }

# thunderbird_account: the card's holder, as the guide sets it up. More preferences may follow.
thunderbird_account() {
    mkdir -p "$PROFILE"
    cat >"$PROFILE/user.js" <<TEXT
user_pref("intl.locale.requested", "$SPEAK");
user_pref("mail.accountmanager.accounts", "account1");
user_pref("mail.accountmanager.defaultaccount", "account1");
user_pref("mail.account.account1.identities", "id1");
user_pref("mail.account.account1.server", "server1");
user_pref("mail.server.server1.type", "imap");
user_pref("mail.server.server1.name", "$HOLDER_ADDRESS");
user_pref("mail.server.server1.hostname", "localhost");
user_pref("mail.server.server1.port", 143);
user_pref("mail.server.server1.socketType", 2);
user_pref("mail.server.server1.authMethod", 7);
user_pref("mail.server.server1.userName", "$HOLDER");
user_pref("mail.server.server1.login_at_startup", false);
user_pref("mail.server.server1.max_cached_connections", 1);
user_pref("mail.identity.id1.fullName", "$(subject_of "$AUTH_CERTIFICATE" GN) $(subject_of "$AUTH_CERTIFICATE" SN)");
user_pref("mail.identity.id1.useremail", "$HOLDER_ADDRESS");
user_pref("mail.identity.id1.smtpServer", "smtp1");
user_pref("mail.identity.id1.valid", true);
user_pref("mail.identity.id1.fcc", false);
user_pref("mail.smtpservers", "smtp1");
user_pref("mail.smtp.defaultserver", "smtp1");
user_pref("mail.smtpserver.smtp1.hostname", "localhost");
user_pref("mail.smtpserver.smtp1.port", 587);
user_pref("mail.smtpserver.smtp1.try_ssl", 2);
user_pref("mail.smtpserver.smtp1.authMethod", 1);
user_pref("security.default_personal_cert", "Select Automatically");
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.rights.version", 1);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.spellcheck.inline", false);
user_pref("mailnews.show_send_progress", false);
user_pref("mailnews.start_page.enabled", false);
user_pref("mailnews.start_page_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("mail.inappnotifications.enabled", false);
TEXT
}

# thunderbird [ARGUMENT...]: in the running one, or in a new one.
thunderbird() { /usr/bin/thunderbird --profile "$PROFILE" "$@" >>"$WORK/thunderbird.log" 2>&1 & }

thunderbird_opens() {
    thunderbird
    watch_for_code_dialogs &
    at_desktop wait '^push button: (Lire les messages|Read messages)$'
}

# write_message SUBJECT SENTENCE: in a window to write in, and sends it.
write_message() {
    thunderbird -compose "to=confrere@$MAIL_DOMAIN,subject=$1,body=$2"
    at_desktop wait "^frame: (Rédaction :|Write:) $1"
    at_desktop press '^(Envoyer|Send)$'
}

# small_window TITLE: brings it to the front, with little room around what it shows.
small_window() {
    local window
    window=$(xdotool search --onlyvisible --name "$1" | tail -n 1)
    xdotool windowsize --sync "$window" 760 "${2:-320}" windowactivate --sync "$window"
    # It draws itself anew.
    sleep 2
}

# open_message SUBJECT: from the list.
open_message() { at_desktop click "^table row: .* $1,"; }

# message_for_card SUBJECT SENTENCE: a file with a message that OpenSSL enciphered for the card.
message_for_card() {
    printf 'Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n' "$2" >"$WORK/plain"
    printf 'From: Confrère <confrere@%s>\nTo: %s\nSubject: %s\nDate: %s\n' "$MAIL_DOMAIN" "$HOLDER_ADDRESS" "$1" \
        "$(LC_ALL=C date --rfc-email)" >"$WORK/message.eml"
    openssl cms -encrypt -aes256 -in "$WORK/plain" "$AUTH_CERTIFICATE" >>"$WORK/message.eml"
    refuses grep -qF "$2" "$WORK/message.eml"
    echo "$WORK/message.eml"
}

# choose_signature_certificate: in the account's settings, as the guide says. Needs a high display.
choose_signature_certificate() {
    local token
    token=$(literally "$(token_label)")
    at_desktop press '^(Chiffrement de bout en bout|End-to-end Encryption)$'
    at_desktop press '^(Sélectionner un certificat…|Select…)$'
    [[ -z $PEER ]] || give_code "$PIN"
    at_desktop wait "(Stocké dans :|Stored on:|Stored in:) $token"
    at_desktop wait "$token:$SIGNATURE_LABEL"
    picture_of signature-certificate '^[a-z]*: (Sélectionner un certificat|Select Certificate)$'
    refuses grep -F "$AUTH_LABEL" <(at_desktop see)
    at_desktop press '^OK$'
    # No other certificate for enciphering: the card has none that says so.
    at_desktop press '^(Non|No)$'
    at_desktop press '^(Tester|Test)$'
    at_desktop wait '(peut être utilisé pour signer les e-mails|can be used for email signing)'
    at_desktop press '^OK$'
    at_desktop click '^check box: (Signer les messages non chiffrés|Sign unencrypted messages)$'
    picture_of signature-settings '^label: S/MIME$' '^check box: (Signer les messages non|Sign unencrypted)' \
        '^push button: (Effacer|Clear)$'
}
