#!/bin/bash
# What:    lists the card and signs in to it after `cpx setup p11-kit --system`; undone
# Client:  GnuTLS p11tool
# Needs:   debian:gnutls-bin debian:p11-kit debian:p11-kit-modules
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/cpx-setup.sh"

over /etc/pkcs11/modules
over /usr/share/p11-kit/modules
set_up /etc/pkcs11/modules/cpx-pkcs11.module p11-kit --system
p11tool --list-tokens | tee tokens
grep -q 'CPS' tokens
GNUTLS_PIN=$PIN p11tool --login --list-privkeys "$(sed -n 's/.*URL: //p' tokens | grep CPS | head -n 1)" | tee keys
grep -q "$AUTH_KEY" keys
undone p11-kit --system
refuses grep -q CPS <(p11tool --list-tokens)
