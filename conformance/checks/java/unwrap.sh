#!/bin/bash
# What:    unwraps secret keys with the authentication key, and deciphers with one of them
# Client:  Java 17 Cipher.UNWRAP_MODE, SunPKCS11
# Needs:   debian:openjdk-17-jdk-headless debian:openssl
# Run:     ci
# Seconds: 120
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/java-provider.sh"

java_provider
make_message message
public_key "$AUTH_CERTIFICATE" >public.pem

# wrapped NAME BYTES: a key, and its cryptogram for the card.
wrapped() {
    openssl rand -out "$1" "$2"
    openssl pkeyutl -encrypt -pubin -inkey public.pem -in "$1" -out "$1.wrapped"
}

# unwraps ALGORITHM NAME VALUE
unwraps() { java "$CLIENTS/Unwrap.java" "$PROVIDER" "$PIN" "$AUTH_LABEL" "$1" "$2.wrapped" "$3"; }

wrapped aes 32
wrapped des 24
wrapped mac 20
openssl enc -aes-256-cbc -K "$(od -An -tx1 -v aes | tr -d " \n")" -iv 00000000000000000000000000000000 -in message -out enciphered

note "the provider's own template"
unwraps AES aes aes
cmp message deciphered
unwraps DESede des des
unwraps HmacSHA256 mac mac

note "the template for old tokens"
echo 'attributes = compatibility' >>"$PROVIDER"
rm deciphered
unwraps AES aes aes
cmp message deciphered

note "a template that hides the value"
java_provider
printf 'attributes(*,CKO_SECRET_KEY,*) = {\n  CKA_SENSITIVE = true\n  CKA_EXTRACTABLE = false\n}\n' >>"$PROVIDER"
unwraps AES aes hidden
