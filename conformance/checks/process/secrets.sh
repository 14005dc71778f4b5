#!/bin/bash
# What:    leaves no code, plaintext or protected data in the memory of its process, in a core dump, in a file or in its trace
# Client:  clients/host.c
# Needs:   debian:gcc debian:libc6-dev debian:libp11-kit-dev debian:strace debian:gdb debian:opensc debian:openssl debian:python3 debian:xxd
# Run:     ci
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/host.sh"

build_host
own_service
code=73914602
wrong=86025713
new=59170384
own_card --pin "$code" --trace "$WORK/exchanges" --trace-format json

# What must not be found. The protected data are what the card gives to whoever reads them, below.
mkdir secrets
printf '%s' "$code" >secrets/code
printf '%s' "$wrong" >secrets/wrong
printf '%s' "$new" >secrets/new
openssl rand -out secrets/plaintext 48
openssl rand -out secrets/enciphered 190
public_key "$AUTH_CERTIFICATE" >public.pem
openssl pkeyutl -encrypt -pubin -inkey public.pem -in secrets/plaintext -out cryptogram
for key in destroyed kept; do
    openssl rand -out "secrets/$key" 32
    openssl pkeyutl -encrypt -pubin -inkey public.pem -in "secrets/$key" -out "$key.wrapped"
done
protected_data() {
    python3 - exchanges <<'PYTHON'
import json, sys
# The longest answer while a file that wants the code was the selected one.
selected, answers = "", [b""]
for line in open(sys.argv[1], encoding="utf-8"):
    exchange = json.loads(line)
    selected = exchange.get("file") or selected
    if "CPS_ACTIVITY" in selected and exchange["command"][2:4] in ("B0", "C0"):
        answers.append(bytes.fromhex(exchange["answer"])[:-2])
sys.stdout.buffer.write(max(answers, key=len))
PYTHON
}

secrets=(code=secrets/code wrong=secrets/wrong new=secrets/new plaintext=secrets/plaintext enciphered=secrets/enciphered
    destroyed=secrets/destroyed)
# search NAME WHEN: through all the memory of this program, and through the core dump that it would leave now.
search() {
    search_memory "$@"
    search_core "$@"
}

search_memory() {
    note "memory $2"
    python3 "$CLIENTS/find_secrets.py" --process "${PROCESS[$1]}" "${secrets[@]}"
}

# gcore writes what the kernel would, by the same filter. (Where the kernel's own go is the machine's affair.)
search_core() {
    local core=core.${PROCESS[$1]} status=0
    note "core dump $2"
    gcore -o core "${PROCESS[$1]}" >gcore.log 2>&1 || { cat gcore.log && fail "no core dump"; }
    python3 "$CLIENTS/find_secrets.py" --file "$core" "${secrets[@]}" || status=$?
    rm "$core"
    return "$status"
}

# work: everything that passes a secret through the module.
work() {
    do_it "$1" initialize
    do_it "$1" open
    answers 0xa0 "$1" login "$wrong"
    do_it "$1" login "$code"
    do_it "$1" read CPS_ACTIVITY_01_PS
    do_it "$1" decrypt cryptogram
    do_it "$1" encrypt secrets/enciphered
    do_it "$1" unwrap destroyed.wrapped
    do_it "$1" change "$code" "$new"
    do_it "$1" change "$new" "$code"
    do_it "$1" sign "$SIGNATURE_KEY" cryptogram signature
}

# While it works, when the user has left, and when the library has ended.
host application "$MODULE"
work application
protected_data >secrets/protected
[[ $(stat --format=%s secrets/protected) -ge 16 ]] || fail "no protected data in the trace of the card"
secrets+=(protected=secrets/protected)
search application "while the user is logged in"
# A private session object is there until the logout.
secrets+=(kept=secrets/kept)
do_it application unwrap kept.wrapped keep
refuses search_memory application "with an unwrapped key" | tee found
grep -q '^found kept in ' found
do_it application logout
search application "after C_Logout"
do_it application finalize
search application "after C_Finalize"

# The search finds what is there.
for secret in code plaintext protected; do
    do_it application keep "$(head -c 16 "secrets/$secret" | if [[ $secret == code ]]; then cat; else xxd -p; fi)"
    for place in memory core; do
        refuses "search_$place" application "of a program that keeps the $secret" | tee found
        grep -q "^found $secret in " found
    done
done
leaves application

# No file is written, but the host's own signature; nothing is renamed, made or removed. The files of the queue of processes, in memory
# and the user's alone, are opened for their locks and stay empty.
note "files"
HOST_UNDER=(strace --follow-forks --quiet=all --output="$WORK/calls" "--trace=file,desc" --seccomp-bpf)
host watched "$MODULE"
work watched
do_it watched logout
do_it watched finalize
leaves watched
grep -c 'open' calls
opened='open(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)'
changed='^[0-9]+ +(rename|unlink|mkdir|rmdir|link|symlink|truncate|ftruncate|mknod|chmod|fchmod|creat)'
turns=/dev/shm/cpx-pkcs11-turns-$(id -u)
grep -E "$opened|$changed" calls | grep -vE "= -1 |\"signature\"|\"$turns/[^/]*\.(door|room)\"|mkdir\(\"$turns\", 0700\)" >written || true
cat written
[[ ! -s written ]] || fail "files are written"
[[ $(stat --format='%a %u' "$turns") == "700 $(id -u)" ]] || fail "others may look into $turns"
[[ -n $(find "$turns" -name '*.door') && -z $(find "$turns" -type f '!' -empty) ]] || fail "the queue's files hold something"

# The trace at its highest level is one file, and holds no secret.
note "trace"
HOST_UNDER=()
CPX_PKCS11_TRACE=apdu CPX_PKCS11_TRACE_FILE=$WORK/trace.log host traced "$MODULE"
work traced
do_it traced logout
do_it traced finalize
search traced "of a program that traces"
leaves traced
grep -c '^' trace.log
grep -q 'C_Login' trace.log
grep -qE '> 0[01]20' trace.log
python3 "$CLIENTS/find_secrets.py" --file trace.log "${secrets[@]}"
printf '> 0020000108%s\n' "$(xxd -p <secrets/code)" >>trace.log
refuses python3 "$CLIENTS/find_secrets.py" --file trace.log "${secrets[@]}"
