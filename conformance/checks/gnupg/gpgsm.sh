#!/bin/bash
# What:    signs a document (CMS) with the signature key; OpenSSL verifies it
# Client:  GnuPG gpgsm with gnupg-pkcs11-scd
# Needs:   debian:gpgsm debian:gnupg-pkcs11-scd debian:gpg-agent debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

export GNUPGHOME=$WORK/gnupg
mkdir -m 700 "$GNUPGHOME"
# A pinentry that knows the code.
cat >pinentry <<TEXT
#!/bin/sh
echo OK
while read -r command rest; do
    [ "\$command" = GETPIN ] && echo 'D $PIN'
    echo OK
    [ "\$command" = BYE ] && exit 0
done
TEXT
chmod +x pinentry
printf 'scdaemon-program /usr/bin/gnupg-pkcs11-scd\npinentry-program %s\n' "$WORK/pinentry" >"$GNUPGHOME/gpg-agent.conf"
printf 'providers conformance\nprovider-conformance-library %s\n' "$MODULE" >"$GNUPGHOME/gnupg-pkcs11-scd.conf"
printf 'disable-crl-checks\ndisable-policy-checks\n' >"$GNUPGHOME/gpgsm.conf"
csplit --quiet --elide-empty-files --prefix root- "$SERVER_ROOTS" '/BEGIN CERTIFICATE/' '{*}'
for root in root-*; do
    echo "$(openssl x509 -in "$root" -noout -fingerprint -sha1 | sed 's/.*=//') S relax" >>"$GNUPGHOME/trustlist.txt"
done

gpgsm --batch --import "$CARD_AUTHORITIES" 2>&1 | tail -n 3
gpgsm --batch --learn-card
gpgsm --batch --list-secret-keys | tee keys
signer=$(openssl x509 -in "$SIGNATURE_CERTIFICATE" -noout -fingerprint -sha1 | sed 's/.*=//')
grep -qi "$signer" keys

# GnuPG takes a signature for a signed number: if its first bit is set, it writes a zero before it, and nobody else accepts 257
# bytes. Then the message is another one.
for _ in {1..10}; do
    make_message message
    gpgsm --batch --yes --digest-algo SHA256 --local-user "0x${signer//:/}" --detach-sign --output message.p7s message
    length=$(openssl asn1parse -inform DER -in message.p7s | sed -n 's/.* l= *\([0-9]*\) prim: OCTET STRING.*/\1/p' | tail -n 1)
    echo "a signature of $length bytes"
    ((length != 256)) || break
done
verify_cms message.p7s "$SIGNATURE_CERTIFICATE" message
