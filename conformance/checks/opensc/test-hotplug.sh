#!/bin/bash
# What:    follows a card that comes and goes, by C_GetSlotList and by C_WaitForSlotEvent; both keys sign afterwards
# Client:  OpenSC pkcs11-tool --test-hotplug
# Needs:   debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

shown() { grep -q "$1" log; }
count() { grep -c "$1" log || true; }
more_than() { (($(count "$2") > $1)); }

# shown_after KEYS PATTERN: the tool asks for a return key before each look; then a new line of this kind appears.
shown_after() {
    local before
    before=$(count "$2")
    printf '%s\n' "$1" >&"$keyboard"
    wait_until more_than "$before" "$2" || { cat log; fail "no new line \"$2\" after pressing \"$1\""; }
}

READER='Virtual PCD'

take_card_out
mkfifo keyboard
exec {keyboard}<>keyboard
stdbuf --output=L pkcs11-tool --module "$MODULE" --test-hotplug <&"$keyboard" >log 2>&1 &
tool=$!

wait_until shown 'using C_GetSlotList' || fail "no C_GetSlotList"
shown_after '' "$READER"
refuses shown 'token label'
put_card_in
shown_after '' "token label.*${CARD^^}"
take_card_out
shown_after '' "$READER"
[[ $(count 'token label') == 1 ]] || fail "a token without a card"

shown_after x 'using C_WaitForSlotEvent'
put_card_in
shown_after '' 'event on slot 0x'
wait_until more_than 1 'token label' || fail "no token after its insertion"
take_card_out
shown_after '' 'event on slot 0x'
put_card_in
printf 'x\n' >&"$keyboard"
wait "$tool" || { cat log; fail "the tool ended with $?"; }
cat log
refuses shown 'CKR_'
echo "counted: $(count 'event on slot 0x') events"

make_message message
for key in AUTH SIGNATURE; do
    label=${key}_LABEL certificate=${key}_CERTIFICATE
    id=$(id_of "${!label}")
    pkcs11-tool --module "$MODULE" --login --pin "$PIN" --sign --mechanism SHA256-RSA-PKCS --id "$id" \
        --input-file message --output-file signature
    verify_signature pkcs1 "${!certificate}" message signature
done
