#!/bin/bash
# What:    signs an archive with the signature key; OpenSSL verifies it
# Client:  Java 17 jarsigner, SunPKCS11
# Needs:   debian:openjdk-17-jdk-headless debian:openssl debian:unzip
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/java-provider.sh"

java_provider
make_message message
jar --create --file message.jar message
jarsigner "${KEYSTORE[@]}" -providerArg "$PROVIDER" -storepass "$PIN" -sigalg SHA256withRSA -digestalg SHA-256 \
    -sigfile CARD message.jar "$SIGNATURE_LABEL"
unzip -q message.jar -d archive
verify_cms archive/META-INF/CARD.RSA "$SIGNATURE_CERTIFICATE" archive/META-INF/CARD.SF
