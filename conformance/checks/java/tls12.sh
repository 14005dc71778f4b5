#!/bin/bash
# What:    logs into a TLS 1.2 server
# Client:  Java 17 SSLSocket, SunPKCS11
# Needs:   debian:openjdk-17-jdk-headless debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/java-provider.sh"

java_provider
tls_server tls1_2
converse java "$CLIENTS/TlsClient.java" "$PROVIDER" "$PIN" "$TLS_PORT" TLSv1.2 "$SERVER_ROOTS"
# Java looks at what the token can do, and takes PKCS #1 v1.5 if it must.
if [[ $CARD == cps3 ]]; then server_saw TLSv1.2 RSA; else server_saw TLSv1.2 RSA-PSS; fi
