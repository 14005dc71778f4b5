#!/bin/bash
# What:    passes the mandatory test cases of the profiles that it claims, on in-process cards of every kind
# Client:  PKCS #11 Profiles v3.2, tests/profiles.rs
# Needs:   test:profiles
# Module:  ours
# Run:     ci
source "$CHECKS/lib.sh"

"$TEST_PROGRAM" 2>&1 | tee log
grep -qE '^test [a-z]+_m_1_32 \.\.\. ok$' log || fail "no test case of the profiles has run"
sed -nE 's/^test result: ok\. ([0-9]+ passed); 0 failed; ([0-9]+ ignored);.*/counted: \1, \2/p' log | tee counted
grep -q . counted
