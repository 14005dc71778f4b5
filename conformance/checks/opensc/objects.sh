#!/bin/bash
# What:    lists certificates and public keys without login, private keys after it
# Client:  OpenSC pkcs11-tool
# Needs:   debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"

pkcs11-tool --module "$MODULE" --list-objects >public
pkcs11-tool --module "$MODULE" --login --pin "$PIN" --list-objects --type privkey >private
cat public private

[[ $(grep -c '^Certificate Object' public) == 2 ]]
[[ $(grep -c '^Public Key Object' public) == 2 ]]
refuses grep '^Private Key Object' public
[[ $(grep -c '^Private Key Object' private) == 2 ]]

for label in "$AUTH_LABEL" "$SIGNATURE_LABEL"; do
    pkcs11-tool --module "$MODULE" --read-object --type cert --label "$label" --output-file "$label.der"
done
same_certificate "$AUTH_LABEL.der" "$AUTH_CERTIFICATE"
same_certificate "$SIGNATURE_LABEL.der" "$SIGNATURE_CERTIFICATE"
