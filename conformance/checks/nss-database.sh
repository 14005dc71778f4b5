# shellcheck shell=bash
# A database of NSS that knows the module and trusts the lab's servers.

NSS=$WORK/nss

nss_database() {
    local root number=0
    mkdir "$NSS"
    certutil -N -d "sql:$NSS" --empty-password
    csplit --quiet --elide-empty-files --prefix "$WORK/root-" "$SERVER_ROOTS" '/BEGIN CERTIFICATE/' '{*}'
    for root in "$WORK"/root-*; do
        certutil -A -d "sql:$NSS" -n "root $((number += 1))" -t CT,C, -i "$root"
    done
    # NSS builds no chain from a PKCS #11 token whose authorities it lacks.
    csplit --quiet --elide-empty-files --prefix "$WORK/authority-" "$CARD_AUTHORITIES" '/BEGIN CERTIFICATE/' '{*}'
    for root in "$WORK"/authority-*; do
        certutil -A -d "sql:$NSS" -n "authority $((number += 1))" -t ,, -i "$root" 2>/dev/null || true
    done
    modutil -dbdir "sql:$NSS" -force -add conformance -libfile "$MODULE" || fail "NSS does not take the module"
}

# nss_token: the label of the card's token, as NSS writes it.
nss_token() { pkcs11-tool --module "$MODULE" --list-slots 2>/dev/null | sed -n 's/^ *token label *: //p' | sed 's/ *$//' | head -n 1; }
