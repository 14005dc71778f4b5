#!/bin/bash
# What:    signs a PDF (PAdES) with the signature key; pdfsig verifies it
# Client:  pyHanko
# Needs:   pypi:pyHanko[pkcs11]==0.38.0 pypi:python-pkcs11==0.9.5 debian:poppler-utils debian:libnss3-tools debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

"$PYTHON" "$CLIENTS/pyhanko_sign.py" "$MODULE" "$PIN" "$CARD_AUTHORITIES" "$SIGNATURE_LABEL"
# pdfsig is NSS too, but with a database that knows nothing of the module.
nss_trust "$WORK/nss"
pdfsig -no-ocsp -nssdir "sql:$NSS" signed.pdf | tee log
grep -q 'Signature is Valid' log
grep -q 'Signature Type: ETSI.CAdES.detached' log
grep -q 'Total document signed' log
grep -q "Signer Certificate Common Name: $(subject_cn "$SIGNATURE_CERTIFICATE")" log
# One changed byte of the page.
sed 's/Bonjour/Bonsoir/' signed.pdf >changed.pdf
pdfsig -no-ocsp -nssdir "sql:$NSS" changed.pdf | tee changed
refuses grep -q 'Signature is Valid' changed
