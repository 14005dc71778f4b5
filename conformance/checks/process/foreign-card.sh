#!/bin/bash
# What:    nobody stumbles over a Vitale, in the first reader beside the card or alone; the log says what it is
# Client:  pkcs11-tool, NSS, p11-kit, GnuTLS, OpenSSH, OpenSSL, Java
# Needs:   debian:opensc debian:libnss3-tools debian:p11-kit debian:p11-kit-modules debian:gnutls-bin debian:openssh-client debian:libengine-pkcs11-openssl debian:openssl debian:openjdk-17-jdk-headless
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/java-provider.sh"
source "$CHECKS/nss-database.sh"
source "$CHECKS/p11-kit-module.sh"

java_provider
nss_database
module_file

# keys_of_java SLOT: what keytool says of the slot with this place in the list.
keys_of_java() {
    sed -i "s/slotListIndex = .*/slotListIndex = $1/" "$PROVIDER"
    keytool -list "${KEYSTORE[@]}" -providerArg "$PROVIDER" -storepass "$PIN"
}

take_card_out
put_card_in vitale 0

note "a Vitale alone"
CPX_PKCS11_TRACE=error CPX_PKCS11_TRACE_FILE=$WORK/log pkcs11-tool --module "$MODULE" --list-token-slots | tee slots || true
cat "$WORK/log"
[[ $(grep -c 'ERROR .* the card is no CPS card and is left alone (answer to reset 3B[0-9A-F]*): put in a CPS card$' "$WORK/log") == 1 ]]
[[ $(wc --lines <"$WORK/log") == 1 ]]
keys_of_java 0 >java 2>&1 || true
cat java
grep -q 'PKCS11 not found' java
p11-kit list-modules >tokens 2>&1
refuses grep -iE "couldn't|error|fail" tokens
{ ssh-keygen -D "$MODULE" </dev/null 2>&1 || true; } | tr -d '\r' | tee keys
[[ $(cat keys) == 'cannot read public key from pkcs11' ]]

note "Java is started, then the card comes"
sed -i 's/slotListIndex = .*/slotListIndex = 0/' "$PROVIDER"
mkfifo keyboard
exec {KEYBOARD}<>keyboard
java "$CLIENTS/LateCard.java" "$PROVIDER" "$PIN" <&"$KEYBOARD" >late 2>&1 &
wait_until grep -qx started late || { cat late && fail "the provider does not start"; }
take_card_out vitale
put_card_in card 0
echo >&"$KEYBOARD"
wait "$!" || { cat late && fail "no keys"; }
grep -qx 'keys: 2' late

note "a Vitale in the first reader, the card in the second"
take_card_out
put_card_in vitale 0
put_card_in card 1
pkcs11-tool --module "$MODULE" --list-objects --type cert | tee objects
[[ $(grep -c '^ *label:' objects) == 2 ]]
certutil -K -d "sql:$NSS" -h all -f "$(pin_file)" 2>&1 | tee keys
[[ $(grep -cE '^< *[0-9]+> rsa ' keys) == 2 ]]
refuses grep -E 'SEC_ERROR|token ""' keys
p11-kit list-modules 2>&1 | tee tokens
[[ $(grep -c 'token: .*CPS' tokens) == 1 ]]
refuses grep -iE "couldn't|error|fail" tokens
[[ $(p11tool --list-token-urls | grep -c 'CPx') == 1 ]]
ssh-keygen -D "$MODULE" </dev/null >keys 2>complaints
[[ $(grep -c '^ssh-rsa ' keys) == 2 && ! -s complaints ]]
openssl pkey -engine pkcs11 -inform engine -in "pkcs11:object=$AUTH_KEY;type=private;pin-value=$PIN" -pubout -out engine.pem
public_key "$AUTH_CERTIFICATE" | cmp - engine.pem
keys_of_java 1 | tee java
[[ $(grep -c PrivateKeyEntry java) == 2 ]]

[[ $(exchanges vitale) == 0 ]] || fail "something was sent to the Vitale"
