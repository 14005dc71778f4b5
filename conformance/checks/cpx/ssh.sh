#!/bin/bash
# What:    logs in with the card after `cpx setup ssh`, which keeps what the file has; undone byte by byte
# Client:  OpenSSH ssh
# Needs:   debian:openssh-client debian:openssh-server debian:openssl
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/cpx-setup.sh"
source "$CHECKS/ssh-server.sh"

ssh_server
printf 'Host elsewhere\n  Port 2022' >"$WORK/.ssh/config"
set_up "$WORK/.ssh/config" ssh --user
ssh_login -F "$WORK/.ssh/config"
ssh_server_saw
undone ssh --user
