# shellcheck shell=bash
# A realm of MIT Kerberos on the loopback. Its one user is the holder of the card, by the UPN in the authentication
# certificate; he has no password.

REALM=carte-cps.fr

# card_upn: the name that the authentication certificate gives for logon (otherName 1.3.6.1.4.1.311.20.2.3).
card_upn() {
    openssl x509 -in "$AUTH_CERTIFICATE" -noout -ext subjectAltName | sed -n 's/.*UPN:*:\([^,]*\).*/\1/p'
}

kerberos_realm() {
    export KRB5_CONFIG=$WORK/krb5.conf KRB5_KDC_PROFILE=$WORK/kdc.conf KRB5CCNAME=FILE:$WORK/tickets
    cat >"$KRB5_CONFIG" <<TEXT
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
[realms]
    $REALM = {
        kdc = localhost:8888
        pkinit_anchors = FILE:$SERVER_ROOTS
        pkinit_pool = FILE:$CARD_AUTHORITIES
        pkinit_eku_checking = kpServerAuth
        pkinit_kdc_hostname = localhost
        pkinit_identities = PKCS11:module_name=$MODULE:certlabel=$AUTH_LABEL
    }
TEXT
    cat >"$KRB5_KDC_PROFILE" <<TEXT
[kdcdefaults]
    kdc_listen = 127.0.0.1:8888
    kdc_tcp_listen = 127.0.0.1:8888
[realms]
    $REALM = {
        database_name = $WORK/principal
        key_stash_file = $WORK/stash
        pkinit_identity = FILE:$PKI/server.pem,$PKI/server.key
        pkinit_anchors = FILE:$SERVER_ROOTS
        pkinit_pool = FILE:$CARD_AUTHORITIES
        pkinit_eku_checking = scLogin
        pkinit_allow_upn = true
    }
[logging]
    kdc = FILE:$WORK/kdc.log
TEXT
    kdb5_util create -s -P lab -r "$REALM" >/dev/null
    kadmin.local addprinc -randkey +requires_preauth "$(card_upn)"
    KRB5_TRACE=$WORK/kdc.trace krb5kdc -n &
    wait_until grep -q 'commencing operation' "$WORK/kdc.log"
}

# logon OPTION...: a ticket with the card, that the KDC granted for the card's certificate.
logon() {
    KRB5_TRACE=$WORK/client.trace kinit "$@" "$(card_upn)" <<<"$PIN" || {
        note "client" && cat "$WORK/client.trace"
        note "KDC" && cat "$WORK/kdc.log" "$WORK/kdc.trace"
        fail "no ticket"
    }
    klist -C | tee "$WORK/tickets.txt"
    cat "$WORK/kdc.log" "$WORK/client.trace"
    grep -q "Default principal: $(card_upn)" "$WORK/tickets.txt"
    # RFC 4556: PA-PK-AS-REQ is 16.
    grep -q 'pa_type.* = 16' "$WORK/tickets.txt"
    grep -q "ISSUE:.*$(card_upn) for krbtgt" "$WORK/kdc.log"
}
