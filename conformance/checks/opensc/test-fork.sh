#!/bin/bash
# What:    works on after a fork whose child called C_Initialize: signatures with both keys
# Client:  OpenSC pkcs11-tool --test-fork
# Needs:   debian:opensc
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/pkcs11-tool.sh"

tool_test --test-fork
grep -q 'Calling C_Initialize in forked child process' log
