#!/bin/bash
# What:    signs with both keys while four threads ask for slots and tokens
# Client:  OpenSC pkcs11-tool --test-threads
# Needs:   debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/pkcs11-tool.sh"

# Two characters a step: initialise with locking, C_GetInfo, C_GetSlotList, pause a second, C_GetTokenInfo of slot 0.
STEPS=ILGISLP1SLT0GISLT0
THREADS=4

options=()
for ((i = 0; i < THREADS; i++)); do
    options+=(--test-threads "$STEPS")
done
tool_test --use-locking "${options[@]}"
grep -q 'all threads have ended with CKR_OK' log
[[ $(grep -c '^Test thread [0-9]* returning rv = 0' log) == "$THREADS" ]]
