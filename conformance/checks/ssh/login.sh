#!/bin/bash
# What:    logs into an SSH server with the card's authentication key
# Client:  OpenSSH ssh -I
# Needs:   debian:openssh-client debian:openssh-server debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/ssh-server.sh"

ssh_server
[[ $(ssh_login -I "$MODULE") == "127.0.0.1 "* ]]
ssh_server_saw
