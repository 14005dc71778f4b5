# shellcheck shell=bash
# A database of NSS that knows the module and trusts the lab's authorities.

# nss_trust DIRECTORY: a new database in NSS that trusts the lab's authorities.
nss_trust() {
    NSS=$1
    mkdir -p "$NSS"
    certutil -N -d "sql:$NSS" --empty-password
    nss_import CT,C,C "$SERVER_ROOTS"
    # The bundle begins with the roots; a second import would take their trust away.
    tail -c "+$(($(stat --format=%s "$SERVER_ROOTS") + 1))" "$CARD_AUTHORITIES" >"$WORK/authorities.pem"
    nss_import ,, "$WORK/authorities.pem"
}

# nss_database [DIRECTORY]: the same, with the module.
nss_database() {
    nss_trust "${1:-$WORK/nss}"
    modutil -dbdir "sql:$NSS" -force -add conformance -libfile "$MODULE" || fail "NSS does not take the module"
}

# nss_import TRUST FILE: every certificate of a PEM file.
nss_import() {
    local one
    csplit --quiet --elide-empty-files --prefix "$WORK/one-" "$2" '/BEGIN CERTIFICATE/' '{*}'
    for one in "$WORK"/one-*; do
        certutil -A -d "sql:$NSS" -n "$(fingerprint "$one")" -t "$1" -i "$one"
    done
    rm "$WORK"/one-*
}

# token_label: of the card in the first reader.
token_label() {
    pkcs11-tool --module "$MODULE" --list-slots 2>/dev/null |
        sed -n 's/^ *token label *: //p' | sed 's/ *$//' | head -n 1
}
