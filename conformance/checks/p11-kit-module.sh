# shellcheck shell=bash
# A .module file in a mount of the check's own over the machine's configuration of p11-kit.

module_file() {
    mkdir "$WORK/modules"
    printf 'module: %s\n' "$MODULE" >"$WORK/modules/conformance.module"
    mount --bind "$WORK/modules" /etc/pkcs11/modules 2>/dev/null || {
        mkdir -p /etc/pkcs11/modules && mount --bind "$WORK/modules" /etc/pkcs11/modules
    }
    mkdir "$WORK/none"
    mount --bind "$WORK/none" /usr/share/p11-kit/modules
}
