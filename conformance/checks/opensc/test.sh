#!/bin/bash
# What:    stands pkcs11-tool's own tests
# Client:  OpenSC pkcs11-tool --test
# Needs:   debian:opensc
# Run:     ci
# Seconds: 60
source "$CHECKS/lib.sh"

pkcs11-tool --module "$MODULE" --login --pin "$PIN" --test 2>&1 | tee log
grep -q 'No errors' log
refuses grep -E 'ERR:|failed|[1-9][0-9]* errors' log
