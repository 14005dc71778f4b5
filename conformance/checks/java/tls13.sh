#!/bin/bash
# What:    logs into a TLS 1.3 server
# Client:  Java 17 SSLSocket, SunPKCS11
# Needs:   debian:openjdk-17-jdk-headless debian:openssl
# Run:     ci
# Not possible on cps3: this server wants RSA-PSS, which the chip cannot do
# Shown by: No supported CertificateVerify signature algorithm for RSA
source "$CHECKS/lib.sh"
source "$CHECKS/java-provider.sh"

java_provider
tls_server tls1_3
converse java "$CLIENTS/TlsClient.java" "$PROVIDER" "$PIN" "$TLS_PORT" TLSv1.3 "$SERVER_ROOTS"
server_saw TLSv1.3 RSA-PSS
