# shellcheck shell=bash
# Debian's OpenSC, an independent reader of the CPS3, takes the simulated card for real.

OPENSC_MODULE=opensc-pkcs11.so

opensc_module() { bounded pkcs11-tool --module "$OPENSC_MODULE" "$@"; }

opensc_names_the_card() {
    bounded opensc-tool --reader "$VIRTUAL_READER" --name | tee /dev/stderr | grep -qx IAS-ECC
}

opensc_dumps_two_keys_and_two_certificates() {
    bounded pkcs15-tool --reader "$VIRTUAL_READER" --dump >"$WORK/dump"
    cat "$WORK/dump"
    equals 2 "$(count '^Private RSA Key' <"$WORK/dump")"
    equals 2 "$(count '^X.509 Certificate' <"$WORK/dump")"
}

opensc_signs_with_the_authentication_key() {
    local id
    id=$(id_of "$AUTH_KEY" opensc_module)
    make_message "$WORK/message"
    { printf '%b' "$SHA256_DIGEST_INFO" && openssl dgst -sha256 -binary "$WORK/message"; } >"$WORK/input"
    opensc_public_key
    opensc_module --login --pin "$CODE" --sign --id "$id" --mechanism RSA-PKCS \
        --input-file "$WORK/input" --output-file "$WORK/signature"
    openssl_verifies "$AUTH_KEY" RSA-PKCS "$WORK/message" "$WORK/signature"
}

# The key to verify with is the one OpenSC read, not the one our module read.
opensc_public_key() {
    opensc_module --read-object --type cert --label "${CERTIFICATE_OF[$AUTH_KEY]}" --output-file "$WORK/opensc.der"
    openssl x509 -inform DER -in "$WORK/opensc.der" -noout -pubkey >"$WORK/$AUTH_KEY.pub"
}

opensc_deciphers_with_the_authentication_key() {
    local id
    id=$(id_of "$AUTH_KEY" opensc_module)
    opensc_public_key
    openssl rand -out "$WORK/plain" 48
    openssl pkeyutl -encrypt -pubin -inkey "$WORK/$AUTH_KEY.pub" -in "$WORK/plain" -out "$WORK/enciphered"
    opensc_module --login --pin "$CODE" --decrypt --id "$id" --mechanism RSA-PKCS \
        --input-file "$WORK/enciphered" --output-file "$WORK/deciphered"
    cmp "$WORK/plain" "$WORK/deciphered"
}

opensc_checks() {
    local name
    prepare opensc-insert insert_card cps3 || return 0
    for name in opensc_names_the_card opensc_dumps_two_keys_and_two_certificates \
        opensc_signs_with_the_authentication_key opensc_deciphers_with_the_authentication_key; do
        check "$name" "$name"
    done
    prepare opensc-remove remove_card || true
}
