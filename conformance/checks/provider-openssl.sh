# shellcheck shell=bash
# OpenSSL of Debian 13 with pkcs11-provider. A peer of this Debian does not start there: it brings libraries of its own along.

cp "$AUTH_CERTIFICATE" auth.pem
cp "$SIGNATURE_CERTIFICATE" signature.pem

# provider_openssl COMMAND OPTIONS...
provider_openssl() {
    local command=$1
    shift
    in_debian13 env "PKCS11_PROVIDER_MODULE=$MODULE" openssl "$command" -provider default -provider pkcs11 "$@"
}

# provider_logs_in VERSION OPTIONS...
provider_logs_in() {
    tls_server "$1"
    cp "$SERVER_ROOTS" roots.pem
    converse provider_openssl s_client -connect "127.0.0.1:$TLS_PORT" -servername localhost \
        -CAfile roots.pem -verify_return_error -quiet "${@:2}" -cert auth.pem -key "$AUTH_URI?pin-value=$PIN"
}
