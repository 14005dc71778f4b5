# shellcheck shell=bash
# SunPKCS11 on the module.

# java_provider: writes its configuration, PROVIDER.
java_provider() {
    PROVIDER=$WORK/provider.cfg
    printf 'name = Conformance\nlibrary = %s\nslotListIndex = 0\n' "$MODULE" >"$PROVIDER"
}

KEYSTORE=(-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11)

# java_trust: a store of the lab's roots, for servers.
java_trust() {
    local root number=0
    csplit --quiet --elide-empty-files --prefix "$WORK/root-" "$SERVER_ROOTS" '/BEGIN CERTIFICATE/' '{*}'
    for root in "$WORK"/root-*; do
        keytool -importcert -noprompt -alias "root$((number += 1))" -file "$root" \
            -keystore "$WORK/trust.p12" -storepass changeit -storetype PKCS12
    done
}
