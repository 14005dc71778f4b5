#!/bin/bash
# What:    a program on a server signs with the card in the reader of the person's machine: ssh forwards pcscd's socket
# Client:  pkcs11-tool over ssh -R
# Needs:   debian:openssh-client debian:openssh-server debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/ssh-server.sh"

ssh_server "${WITHOUT_PCSCD[@]}"
make_message message
sign="pkcs11-tool --module '$MODULE' --login --pin '$PIN' --sign --mechanism SHA256-RSA-PKCS --label '$SIGNATURE_KEY' \
    --input-file '$PWD/message' --output-file '$PWD/signature'"
note "the server has no reader of its own"
refuses on_server /run/pcscd/pcscd.comm "$sign"
note "over ssh"
before=$(exchanges)
on_server /run/pcscd/pcscd.comm "export PCSCLITE_CSOCK_NAME=$FORWARDED && $sign"
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message signature
there=$(($(exchanges) - before))
note "here"
before=$(exchanges)
bash -c "$sign"
here=$(($(exchanges) - before))
echo "exchanges: $there over ssh, $here here"
((there == here)) || fail "the way costs exchanges"
