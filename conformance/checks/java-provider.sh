# shellcheck shell=bash
# SunPKCS11 on the module.

# java_provider: writes its configuration, PROVIDER.
java_provider() {
    PROVIDER=$WORK/provider.cfg
    printf 'name = Conformance\nlibrary = %s\nslotListIndex = 0\n' "$MODULE" >"$PROVIDER"
}

KEYSTORE=(-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11)

# A short life: no second compiler, no parallel collector.
export JDK_JAVA_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
