#!/bin/bash
# What:    reads every attribute of every object, signs with each key
# Client:  PyKCS11
# Needs:   pypi:PyKCS11==1.5.20 debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
"$PYTHON" "$CLIENTS/pykcs11.py" "$MODULE" "$PIN"
verify_signature pkcs1 "$AUTH_CERTIFICATE" message "$AUTH_KEY.signature"
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message "$SIGNATURE_KEY.signature"
