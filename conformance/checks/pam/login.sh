#!/bin/bash
# What:    logs a user in by the certificate's common name; refuses the card to another user
# Client:  pam_pkcs11 under pamtester
# Needs:   debian:libpam-pkcs11 debian:pamtester debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"

mkdir authorities pam.d
csplit --quiet --elide-empty-files --prefix authorities/ --suffix-format %02d.pem "$CARD_AUTHORITIES" \
    '/BEGIN CERTIFICATE/' '{*}'
openssl rehash authorities
echo "$(subject_cn "$AUTH_CERTIFICATE") -> root" >mapping
cat >pam_pkcs11.conf <<TEXT
pam_pkcs11 {
  use_pkcs11_module = conformance;
  pkcs11_module conformance {
    module = $MODULE;
    slot_description = "none";
    ca_dir = $WORK/authorities;
    cert_policy = ca,signature;
    token_type = "card";
  }
  use_mappers = cn;
  mapper cn {
    module = internal;
    ignorecase = false;
    mapfile = file://$WORK/mapping;
  }
}
TEXT
echo "auth required pam_pkcs11.so config_file=$WORK/pam_pkcs11.conf" >pam.d/card
echo "account required pam_permit.so" >>pam.d/card
mount --bind pam.d /etc/pam.d

pamtester -v card root authenticate <<<"$PIN" 2>&1 | tee log
grep -q 'successfully authenticated' log
refuses pamtester card daemon authenticate <<<"$PIN"
