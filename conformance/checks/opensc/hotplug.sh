#!/bin/bash
# What:    sees the card leave the reader and come back, and signs with it again
# Client:  OpenSC pkcs11-tool
# Needs:   debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

take_card_out
refuses pkcs11-tool --module "$MODULE" --login --pin "$PIN" --list-objects --type privkey
put_card_in

make_message message
id=$(id_of "$SIGNATURE_LABEL")
pkcs11-tool --module "$MODULE" --login --pin "$PIN" --sign --mechanism SHA256-RSA-PKCS \
    --id "$id" --input-file message --output-file signature
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message signature
[[ $(tries_left) == 3 ]]
