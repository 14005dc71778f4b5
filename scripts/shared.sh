# shellcheck shell=bash
# What scripts/ and conformance/checks share. Sourcing this file defines functions and runs nothing else. Who sources it sets WORK, a
# directory of its own, and PATIENCE, the seconds for whatever is waited for.

# --- Commands and conditions ----------------------------------------------------------------------------------

# refuses COMMAND...: ends the shell if COMMAND succeeds. (With a bare "!" a success would pass unseen under "set -e".)
refuses() {
    if "$@"; then
        echo "FAIL: this must not succeed: $*"
        exit 1
    fi
}

# wait_until COMMAND...: polls until it succeeds; says so if it gives up.
wait_until() {
    local deadline=$((SECONDS + PATIENCE))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || {
            echo "${0##*/}: given up after $PATIENCE s: $*" >&2
            return 1
        }
        sleep 0.05
    done
}

# end_process [PID]: one that this shell runs in the background, if it does.
end_process() {
    [[ -n ${1:-} ]] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# has_ended PROCESS: a child of this shell.
has_ended() { [[ ! -e /proc/$1 || $(sed 's/.*) //' "/proc/$1/stat") == Z* ]]; }

# open_fifo NAME: sets FIFO to a descriptor with both ends of a new $WORK/NAME: who reads from it waits, and meets no end.
open_fifo() {
    rm -f "$WORK/$1"
    mkfifo "$WORK/$1"
    exec {FIFO}<>"$WORK/$1"
}

# --- Keys, certificates, messages -----------------------------------------------------------------------------

# certificate_id LABEL COMMAND...: CKA_ID, in hexadecimal, of the certificate with this label among those that COMMAND, a pkcs11-tool, lists;
# the ID of its key is the same. Assign it: within the arguments of a command its failure would pass unseen.
certificate_id() {
    local label=$1 listing id
    shift
    listing=$("$@" --list-objects --type cert) || {
        echo "the certificates cannot be listed" >&2
        return 1
    }
    id=$(grep -A 4 "label: *$label$" <<<"$listing" | sed -n 's/^ *ID: *//p' | head -n 1)
    [[ $id =~ ^[0-9a-f]+$ ]] || {
        printf 'no certificate is called %s in:\n%s\n' "$label" "$listing" >&2
        return 1
    }
    echo "$id"
}

# fingerprint CERTIFICATE: SHA-256 of a certificate, PEM or DER.
fingerprint() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'; }

# make_message FILE: not a whole number of hash blocks, more than one part.
make_message() { openssl rand -out "$1" 100001; }

# openssl_takes pkcs1|pss HASH PUBLIC_KEY MESSAGE SIGNATURE: whether OpenSSL, without the module, verifies it.
openssl_takes() {
    local options=()
    [[ $1 == pkcs1 ]] || options=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)
    openssl dgst "-$2" "${options[@]}" -verify "$3" -signature "$5" "$4"
}

# --- TLS: what counts is what the server saw ------------------------------------------------------------------

# openssl_server ADDRESS tls1_2|tls1_3 CERTIFICATE KEY AUTHORITIES CLIENT_AUTHORITIES [OPTION...]: becomes a server that requires a
# certificate of the client's authorities; for the background, with a standard input of `open_fifo`, since it leaves at the end of it.
# What a client is told by OPENSSL_CONF is not told to it.
openssl_server() {
    exec env --unset=OPENSSL_CONF openssl s_server -accept "$1" "-$2" -cert "$3" -key "$4" -cert_chain "$5" \
        -CAfile "$6" -Verify 5 -verify_return_error -no_ticket "${@:7}"
}

# speak COMMAND...: runs a client that says one sentence, until the server has heard it, as SERVER_LOG shows. What the client
# says is in $WORK/client.log.
speak() {
    local log head client speech sentence
    sentence="bonjour $RANDOM$RANDOM$RANDOM"
    open_fifo speech
    speech=$FIFO
    # tstclnt spins and floods its output when a handshake fails.
    exec {log}> >(exec head -c 100000 >"$WORK/client.log")
    head=$!
    "$@" <&"$speech" >&"$log" 2>&1 {log}>&- &
    client=$!
    exec {log}>&-
    echo "$sentence" >&"$speech"
    wait_until heard_or_gone "$sentence" "$client" || true
    kill -KILL "$client" 2>/dev/null || true
    wait "$client" 2>/dev/null || true
    exec {speech}>&-
    # What the client said last is in the file when nobody writes any more.
    wait_until has_ended "$head" || true
    grep -qaxF "$sentence" "$SERVER_LOG"
}

# tstclnt stays after a handshake that failed: the server says that it ended the connection, or what was wrong with it.
heard_or_gone() {
    grep -qaxF "$1" "$SERVER_LOG" || has_ended "$2" || grep -qaxE 'ERROR|CONNECTION CLOSED' "$SERVER_LOG"
}

# certificate_seen: by the server, PEM.
certificate_seen() { sed -n '/^Client certificate$/,/END CERTIFICATE/p' "$SERVER_LOG" | sed 1d; }

# session_seen: the TLS session in the server's log, decoded.
session_seen() { sed -n '/BEGIN SSL SESSION/,/END SSL SESSION/p' "$SERVER_LOG" | openssl sess_id -noout -text; }

# signature_seen: RSA or RSA-PSS. Since 3.5 OpenSSL names the signature by its scheme of TLS 1.3.
signature_seen() { server_line 'Peer signature type' | sed 's/^rsa_pkcs1_.*/RSA/; s/^rsa_pss_.*/RSA-PSS/'; }

# server_line NAME: what the server's log says of it.
server_line() { sed -n "s/^$1: //p" "$SERVER_LOG" | head -n 1; }
