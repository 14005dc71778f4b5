# shellcheck shell=bash
# OpenSC's pkcs11-tool as a test of modules, and what its report must say. (Debian's version ends with status 0
# whatever it found.)

# tool_test [OPTION...]: its own tests after login; it tests the first key with every mechanism and each other key
# with one.
tool_test() {
    pkcs11-tool --module "$MODULE" --login --pin "$PIN" --test "$@" >log 2>&1 || fail "$(tail -n 5 log)"
    cat log
    grep -qx 'No errors' log || fail "pkcs11-tool says: $(tail -n 1 log)"
    refuses grep -iE 'fail|error:|ERR:' log
    tested Signatures "$SIGNATURE_KEY" "$AUTH_KEY"
    tested Verify "$SIGNATURE_KEY" "$AUTH_KEY"
    tested Decryption "$AUTH_KEY"
    echo "counted: $(grep -cE ': OK$|seem to work' log) tests"
}

# tested CHAPTER KEY...: under this heading the tool has used these keys.
tested() {
    local chapter=$1 key
    shift
    sed -n "/^$chapter/,/^[A-Z]/p" log >tested
    for key in "$@"; do
        grep -A 20 "testing key .*$key" tested | sed '1d; /testing key/,$d' | grep -qE ': OK|seem to work' ||
            fail "no result for $key under $chapter"
    done
}
