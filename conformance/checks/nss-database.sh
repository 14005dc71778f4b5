# shellcheck shell=bash
# A database of NSS that knows the module and trusts the lab's authorities.

NSS=$WORK/nss

nss_database() {
    mkdir "$NSS"
    certutil -N -d "sql:$NSS" --empty-password
    nss_import CT,C,C "$SERVER_ROOTS"
    # The bundle begins with the roots; a second import would take their trust away.
    tail -c "+$(($(stat --format=%s "$SERVER_ROOTS") + 1))" "$CARD_AUTHORITIES" >"$WORK/authorities.pem"
    nss_import ,, "$WORK/authorities.pem"
    modutil -dbdir "sql:$NSS" -force -add conformance -libfile "$MODULE" || fail "NSS does not take the module"
}

# nss_import TRUST FILE: every certificate of a PEM file.
nss_import() {
    local one
    csplit --quiet --elide-empty-files --prefix "$WORK/one-" "$2" '/BEGIN CERTIFICATE/' '{*}'
    for one in "$WORK"/one-*; do
        certutil -A -d "sql:$NSS" -n "$(sha256 "$one")" -t "$1" -i "$one"
    done
    rm "$WORK"/one-*
}

# nss_token: the label of the card's token.
nss_token() {
    pkcs11-tool --module "$MODULE" --list-slots 2>/dev/null |
        sed -n 's/^ *token label *: //p' | sed 's/ *$//' | head -n 1
}
