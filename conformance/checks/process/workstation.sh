#!/bin/bash
# What:    Firefox, Thunderbird and an ssh agent on one card, for as long as it is told: each asks for the PIN once
# Client:  Firefox, Thunderbird and ssh-agent together
# Needs:   debian:firefox-esr debian:firefox-esr-l10n-fr debian:thunderbird debian:thunderbird-l10n-fr debian:openssh-client debian:openssh-server debian:openssl debian:libnss3-tools debian:opensc debian:dovecot-imapd debian:postfix debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Module:  ours
# Seconds: 6000
source "$CHECKS/lib.sh"
source "$CHECKS/page-server.sh"
source "$CHECKS/ssh-server.sh"
source "$CHECKS/thunderbird.sh"
MAIL_PROFILE=$PROFILE-mail
source "$CHECKS/firefox.sh"

# Ten minutes, or what WORKSTATION_SECONDS says.
: "${WORKSTATION_SECONDS:=600}"

# in_mail COMMAND...: with Thunderbird's profile.
in_mail() { local PROFILE=$MAIL_PROFILE && "$@"; }

page_server -tls1_2
ssh_server
desktop 1280x1400

note "Firefox logs in"
browse "$PAGE"
log_in
code_dialogs_were 1 || fail "$(code_dialogs) dialogs asked for the PIN"

note "Thunderbird deciphers"
mailbox
thunderbird_policies
in_mail thunderbird_account
message=$(message_for_card Premier "premier message")
cp "$message" first.eml
in_mail thunderbird "$WORK/first.eml"
give_code "$PIN"
at_desktop wait '^section: premier message$'
code_dialogs_were 2 || fail "$(code_dialogs) dialogs asked for the PIN"

note "the agent takes the card"
ssh-agent -D -a "$WORK/agent" -P "$(realpath "$MODULE")" >agent.log 2>&1 &
export SSH_AUTH_SOCK=$WORK/agent
wait_until test -S "$SSH_AUTH_SOCK"
ssh-add -s "$MODULE"

note "all three, for $WORKSTATION_SECONDS seconds"
end=$((SECONDS + WORKSTATION_SECONDS)) round=0
until ((SECONDS >= end)); do
    round=$((round + 1))
    # From now on nobody may ask the person again.
    [[ $(CARD_CODE=none ssh_login) == "127.0.0.1 "* ]] || fail "round $round: ssh does not get in"
    cp "$(message_for_card "Message $round" "message numéro $round")" "message-$round.eml"
    in_mail thunderbird "$WORK/message-$round.eml"
    at_desktop wait "^section: message numéro $round$"
    xdotool search --onlyvisible --name "^Message $round " windowclose || true
    # Each visit is a handshake of its own, and the server has verified it before it serves the page.
    visit "$PAGE?round=$round"
    wait_until grep -q "round=$round\"" "$SEEN" || fail "round $round: Firefox does not get in"
    # An agent that lets the card go, and takes it again, is another program that ends.
    if ((round % 5 == 0)); then
        ssh-add -e "$MODULE"
        ssh-add -s "$MODULE"
    fi
    code_dialogs_were 2 || fail "round $round: $(code_dialogs) dialogs asked for the PIN"
done
echo "$round rounds, 2 dialogs, one PIN for the agent each time it was given the card"
ssh_server_saw
[[ $(tries_left) == 3 ]] || fail "a try was lost"
