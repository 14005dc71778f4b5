#!/bin/bash
# What:    signs with each key, in parts
# Client:  Node.js, graphene-pk11 on pkcs11js
# Needs:   npm:graphene-pk11@2.3.6 npm:pkcs11js@2.1.7 debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

make_message message
node "$CLIENTS/graphene.js" "$MODULE" "$PIN"
verify_signature pkcs1 "$AUTH_CERTIFICATE" message "$AUTH_KEY.signature"
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message "$SIGNATURE_KEY.signature"
