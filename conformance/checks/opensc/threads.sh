#!/bin/bash
# What:    stands several threads that initialise, list and read at once
# Client:  OpenSC pkcs11-tool --test-threads
# Needs:   debian:opensc
# Run:     all
# Seconds: 60
source "$CHECKS/lib.sh"

pkcs11-tool --module "$MODULE" --test-threads IN --test-threads ILGISLT0 --test-threads ILGISLT0GM 2>&1 | tee log
refuses grep -iE 'CKR_(GENERAL|FUNCTION_FAILED|HOST_MEMORY)|Segmentation' log
