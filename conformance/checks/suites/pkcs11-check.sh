#!/bin/bash
# What:    stands what pkcs11-check tests without creating objects; clients/pkcs11_check.toml says what that is
# Client:  pkcs11-check
# Needs:   pypi3.12:pkcs11-check==0.2.3
# Run:     all
# Seconds: 14400
source "$CHECKS/lib.sh"

[[ -x $PYTHON_3_12 ]]
export P11TEST_PIN=$PIN P11TEST_SO_PIN=12345678
"$PYTHON_3_12" "$CLIENTS/run_pkcs11_check.py" "$MODULE" "$WORK" || status=$?
cp report.jsonl results.json "$KEEP"
left=$(tries_left)
[[ $left == 3 ]] || fail "$left tries are left"
exit "${status:-0}"
