#!/bin/bash
# What:    downloads the public keys, without login
# Client:  OpenSSH ssh-keygen -D
# Needs:   debian:openssh-client debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/ssh-server.sh"

ssh-keygen -D "$MODULE" </dev/null | tee keys
grep -qF "$(card_ssh_key | cut -d' ' -f2)" keys
[[ $(grep -c '^ssh-rsa ' keys) == 2 ]]
