#!/bin/bash
# What:    lists the token and what it shows without a PIN
# Client:  examples/list.rs, crate cryptoki
# Needs:   example:list
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"

"$EXAMPLES/list" "$MODULE" | tee listed
grep -q "^${CARD^^}" listed
[[ $(grep -c '^  CKO_CERTIFICATE: ' listed) == 2 ]]
grep -qxF "  CKO_CERTIFICATE: $AUTH_LABEL" listed
grep -qxF "  CKO_CERTIFICATE: $SIGNATURE_LABEL" listed
grep -q '^  CKO_DATA: CPS_NAME_PS$' listed
refuses grep CKO_PRIVATE_KEY listed
refuses "$EXAMPLES/list"
