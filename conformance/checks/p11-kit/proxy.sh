#!/bin/bash
# What:    signs through p11-kit-proxy.so, which loads the module named by a .module file
# Client:  p11-kit-proxy under pkcs11-tool
# Needs:   debian:p11-kit-modules debian:p11-kit debian:opensc debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/p11-kit-module.sh"

module_file
make_message message
id=$(id_of "$AUTH_LABEL")
pkcs11-tool --module "$LIBRARIES/p11-kit-proxy.so" --login --pin "$PIN" --sign --id "$id" \
    --mechanism SHA256-RSA-PKCS --input-file message --output-file signature
verify_signature pkcs1 "$AUTH_CERTIFICATE" message signature
