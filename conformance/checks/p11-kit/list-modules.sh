#!/bin/bash
# What:    finds the module through a .module file, and its token
# Client:  p11-kit
# Needs:   debian:p11-kit debian:p11-kit-modules
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/p11-kit-module.sh"

module_file
p11-kit list-modules | tee log
grep -qF "$MODULE" log
grep -q 'token: .*CPS' log
