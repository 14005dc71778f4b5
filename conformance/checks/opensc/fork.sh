#!/bin/bash
# What:    works in a child after fork, and in the parent
# Client:  OpenSC pkcs11-tool --test-fork
# Needs:   debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"

pkcs11-tool --module "$MODULE" --test-fork 2>&1 | tee log
refuses grep -E 'CKR_|error' log
