#!/bin/bash
# What:    stands several threads that initialise, list and read at once
# Client:  OpenSC pkcs11-tool --test-threads
# Needs:   debian:opensc
# Run:     all
# Seconds: 90
source "$CHECKS/lib.sh"

# Each thread: C_Initialize with locks, C_GetInfo, C_GetSlotList, C_GetTokenInfo.
pkcs11-tool --module "$MODULE" --test-threads ILGISLT0 --test-threads ILGISLT0 --test-threads ILGISLT0 2>&1 | tee log
refuses grep -E 'CKR_(GENERAL_ERROR|FUNCTION_FAILED|HOST_MEMORY|DEVICE_ERROR)' log
[[ $(grep -c 'C_GetTokenInfo' log) -ge 3 ]]
