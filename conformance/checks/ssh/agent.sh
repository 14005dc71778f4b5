#!/bin/bash
# What:    logs into an SSH server through an agent that holds the card, twice
# Client:  OpenSSH ssh-agent and ssh-add -s
# Needs:   debian:openssh-client debian:openssh-server debian:openssl
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/ssh-server.sh"

ssh_server
ssh-agent -D -a "$WORK/agent" -P "$(realpath "$MODULE")" >agent.log 2>&1 &
export SSH_AUTH_SOCK=$WORK/agent
wait_until test -S "$SSH_AUTH_SOCK"
ssh-add -s "$MODULE"
ssh-add -l
for _ in 1 2; do
    [[ $(ssh_login) == "127.0.0.1 "* ]]
done
ssh_server_saw
ssh-add -e "$MODULE"
refuses ssh_login
