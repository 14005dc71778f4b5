#!/bin/bash
# What:    signs a file with the signature key
# Client:  examples/sign.c
# Needs:   debian:libp11-kit-dev debian:gcc debian:libc6-dev debian:openssl
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"

gcc -Wall -Wextra -Werror -I/usr/include/p11-kit-1 "$CHECKS/../../examples/sign.c" -o sign -ldl
openssl rand -out message 5001
./sign "$MODULE" message <<<"$PIN" >signature
verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" message signature
refuses ./sign "$MODULE" no-such-file <<<"$PIN"
[[ $(tries_left) == 3 ]] || fail "a try was lost"
