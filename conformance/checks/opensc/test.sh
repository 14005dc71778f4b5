#!/bin/bash
# What:    stands pkcs11-tool's own tests: digests, signatures and verification with both keys, deciphering
# Client:  OpenSC pkcs11-tool --test
# Needs:   debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/pkcs11-tool.sh"

tool_test
