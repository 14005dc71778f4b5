#!/bin/bash
# What:    lists both keys with their certificates
# Client:  Java 17 keytool, SunPKCS11
# Needs:   debian:openjdk-17-jdk-headless debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/java-provider.sh"

java_provider
keytool -list -v "${KEYSTORE[@]}" -providerArg "$PROVIDER" -storepass "$PIN" | tee log
[[ $(grep -c 'Entry type: PrivateKeyEntry' log) == 2 ]]
grep -qF "SHA256: $(fingerprint "$AUTH_CERTIFICATE")" log
grep -qF "SHA256: $(fingerprint "$SIGNATURE_CERTIFICATE")" log
