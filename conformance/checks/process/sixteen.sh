#!/bin/bash
# What:    sixteen programs log in, sign and end twenty times each, all at once
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:opensc debian:openssl
# Module:  ours
# Seconds: 1800
ROUNDS=20
source "$CHECKS/process/together.sh"
