#!/bin/bash
# What:    fifty clients of a p11-kit server, one after another and all at once, each log in and sign
# Client:  p11-kit server
# Needs:   debian:p11-kit debian:p11-kit-modules debian:opensc debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"

openssl rand -out message 100
p11-kit server --foreground --provider "$MODULE" --name "$WORK/p11.socket" pkcs11: >server.log 2>&1 &
server=$!
wait_until test -S "$WORK/p11.socket"
export P11_KIT_SERVER_ADDRESS="unix:path=$WORK/p11.socket"
CLIENT=$LIBRARIES/pkcs11/p11-kit-client.so
public_key "$SIGNATURE_CERTIFICATE" >public.pem

# client NUMBER: a process of its own, and one of the server's.
client() {
    pkcs11-tool --module "$CLIENT" --login --pin "$PIN" --sign --mechanism SHA256-RSA-PKCS --label "$SIGNATURE_KEY" \
        --input-file message --output-file "signature-$1" >"client-$1" 2>&1 &&
        openssl dgst -sha256 -verify public.pem -signature "signature-$1" message >/dev/null && return
    sed "s/^/client $1: /" "client-$1"
    return 1
}

note "25, one after another"
done=0
for ((number = 1; number <= 25; number++)); do client "$number" && done=$((done + 1)); done
note "25 at once"
clients=()
for ((number = 26; number <= 50; number++)); do
    client "$number" &
    clients+=("$!")
done
for one in "${clients[@]}"; do wait "$one" && done=$((done + 1)); done
kill "$server"
echo "$done of 50"
((done == 50)) || fail "$((50 - done)) of 50 clients failed"
[[ $(tries_left) == 3 ]] || fail "a try was lost"
