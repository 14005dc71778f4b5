# shellcheck shell=bash
# What the checks share. Sourcing this file starts nothing.
#
# The runner sets: MODULE, CARD (cps3, cps4), PIN, PKI (the lab's certificates and keys), AUTH_CERTIFICATE and
# SIGNATURE_CERTIFICATE (what the card must hold, PEM, not read through the module), TRACE (the exchanges with the
# card), WORK (a directory that goes away, also HOME), KEEP (a directory that stays with the report), SPEAK (fr or en:
# what programs with windows speak), CPX (the program `cpx`), PEER (the column of a module that is not ours, or nothing), CHECKS, PYTHON,
# NODE_PATH, EXAMPLES, DEBIAN13; for the hands at the readers: SIM_CARD, DESK, READER_DRIVER.
# A check has network, processes and mounts of its own: any port is free, what it starts ends with it.

set -euo pipefail

AUTH_KEY=CPS_PRIV_AUT
SIGNATURE_KEY=CPS_PRIV_SIG
AUTH_LABEL="Certificat d'Authentification CPS"
SIGNATURE_LABEL="Certificat de Signature CPS"
AUTH_URI="pkcs11:object=$AUTH_KEY;type=private"
SIGNATURE_URI="pkcs11:object=$SIGNATURE_KEY;type=private"

# Where programs of this crate in other languages stand.
CLIENTS=$CHECKS/../clients

LIBRARIES=/usr/lib/$(uname -m)-linux-gnu

# OpenSSL's engine of libp11 and others that take the module from the environment.
export PKCS11_MODULE_PATH=$MODULE

fail() {
    echo "FAIL: $*"
    exit 1
}

note() { printf '\n== %s\n' "$*"; }

# Seconds for whatever a check waits for: many times what it takes, so that a busy machine changes no verdict.
export PATIENCE=${PATIENCE:-180}

# shellcheck source-path=SCRIPTDIR source=../../scripts/shared.sh
source "$CHECKS/../../scripts/shared.sh"

# pin_file: a file that holds the code, for programs that want one.
pin_file() {
    printf '%s' "$PIN" >"$WORK/pin"
    echo "$WORK/pin"
}

# in_debian13 COMMAND...: in the Debian 13 of `Needs: debian13:...`, with our module, the lane's pcscd, and this directory. pcscd turns
# clients away that speak a newer protocol, so its own client library comes along.
in_debian13() {
    local path
    if [[ ! -e $DEBIAN13/run/pcscd/pcscd.comm ]]; then
        mkdir -p "$DEBIAN13/run/pcscd"
        mount --bind /run/pcscd "$DEBIAN13/run/pcscd"
        mount --rbind /dev "$DEBIAN13/dev"
        mount -t proc proc "$DEBIAN13/proc"
        for path in "$(dirname "$MODULE")" "$WORK"; do
            mkdir -p "$DEBIAN13$path"
            mount --bind "$path" "$DEBIAN13$path"
        done
        mkdir "$WORK/pcsc"
        cp --no-dereference "$LIBRARIES"/libpcsclite.so.1* "$WORK/pcsc"
    fi
    # shellcheck disable=SC2016 # for the shell inside
    LD_LIBRARY_PATH=$WORK/pcsc chroot "$DEBIAN13" sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

# --- The hands at the two readers -----------------------------------------------------------------------------

# The lane's own card, in the first reader, is called "card". Beside the readers lie "colleague", another
# professional's card of the other chip, and "vitale". The runner puts new cards in their places after the check.

order() { "$SIM_CARD" --control "$DESK" --order "$*"; }

cards_in_readers() { opensc-tool --list-readers 2>/dev/null | grep -c '  Yes  ' || true; }

there_are() { [[ $(cards_in_readers) == "$1" ]]; }

# take_card_out [CARD], put_card_in [CARD [READER]]: return when pcscd has seen it.
take_card_out() {
    local before
    before=$(cards_in_readers)
    order remove "${1:-card}"
    wait_until there_are $((before - 1)) || fail "the card did not leave its reader"
}

put_card_in() {
    local before
    before=$(cards_in_readers)
    order insert "${1:-card}" "${@:2}"
    wait_until there_are $((before + 1)) || fail "the card did not come into its reader"
}

# exchanges [CARD]: how many commands it got so far; as many lines has its file "$TRACE".
exchanges() { order status | sed -n "s/^${1:-card}: .* \([0-9]*\) exchanges, .*/\1/p"; }

# delays [CARD]: how many delays its faults have begun, also while the card is at a command. delayed_since NUMBER [CARD]: whether
# another one has begun.
delays() { order delays "${1:-card}"; }
delayed_since() { (($(delays "${2:-card}") > $1)); }

# tries_left [CARD]: of its code, asked from the card itself.
tries_left() { order status | sed -n "s/^${1:-card}: .* \([0-9]*\) tries left$/\1/p"; }

# --- What the card must hold ----------------------------------------------------------------------------------

# same_certificate FILE EXPECTED
same_certificate() {
    [[ $(fingerprint "$1") == "$(fingerprint "$2")" ]] || fail "$1 is not the certificate $2"
}

public_key() { openssl x509 -in "$1" -noout -pubkey; }

# subject_of CERTIFICATE CN|SN|GN|title: of the subject, which a person's certificate has in an RDN with others.
subject_of() {
    local value
    value=$(openssl x509 -in "$1" -noout -subject -nameopt RFC2253,utf8,-esc_msb | sed 's/^subject=/,/' |
        grep -oE "[,+]$2=[^,+]+")
    echo "${value#?"$2"=}"
}

subject_cn() { subject_of "$1" CN; }

# Every authority of the lab.
CARD_AUTHORITIES=$PKI/ca-bundle.pem

# --- The servers of the checks --------------------------------------------------------------------------------

# Certificate, key, chain from the certificate on, and what a client trusts: of the lab's server, with an RSA key.
SERVER_CERTIFICATE=$PKI/server.pem
SERVER_KEY=$PKI/server.key
SERVER_CHAIN=$PKI/server-chain.pem
SERVER_ROOTS=$PKI/roots.pem

# ecdsa_server: from now on the servers have a certificate with a key on P-256, of an authority that has one too.
ecdsa_server() {
    local request=(-new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    SERVER_CERTIFICATE=$WORK/ecdsa.pem SERVER_KEY=$WORK/ecdsa.key SERVER_CHAIN=$WORK/ecdsa-chain.pem
    SERVER_ROOTS=$WORK/ecdsa-root.pem
    openssl req -x509 "${request[@]}" -keyout "$WORK/ecdsa-root.key" -out "$SERVER_ROOTS" -days 2 \
        -subj '/C=FR/O=LAB/CN=LAB RACINE ECDSA' -addext keyUsage=critical,keyCertSign
    openssl req "${request[@]}" -keyout "$SERVER_KEY" -subj '/C=FR/O=LAB/CN=localhost' |
        openssl x509 -req -CA "$SERVER_ROOTS" -CAkey "$WORK/ecdsa-root.key" -CAcreateserial -days 1 \
            -out "$SERVER_CERTIFICATE" -extfile <(printf '%s\n' subjectAltName=DNS:localhost,IP:127.0.0.1 \
                basicConstraints=CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth)
    cat "$SERVER_CERTIFICATE" "$SERVER_ROOTS" >"$SERVER_CHAIN"
}

# with_each_server COMMAND...: before a server with an RSA key, then before one with an ECDSA key. COMMAND starts it.
with_each_server() {
    note "the server has an RSA key"
    "$@"
    ecdsa_server
    note "the server has an ECDSA key"
    "$@"
}

# server_authorities: the server's chain without the server itself.
server_authorities() {
    sed '1,/END CERTIFICATE/d' "$SERVER_CHAIN" >"$WORK/server-authorities.pem"
    echo "$WORK/server-authorities.pem"
}

# end_server: the one that is named by SERVER.
end_server() {
    end_process "${SERVER:-}"
    SERVER=
}

# id_of LABEL: CKA_ID of the certificate with this label, and so of its key; hexadecimal.
id_of() { certificate_id "$1" pkcs11-tool --module "$MODULE"; }

# --- Signatures, verified by OpenSSL without the module -------------------------------------------------------

# verify_signature pkcs1|pss CERTIFICATE MESSAGE SIGNATURE [HASH]: over MESSAGE, and not over another.
verify_signature() {
    local scheme=$1 certificate=$2 message=$3 signature=$4 hash=${5:-sha256}
    public_key "$certificate" >"$WORK/public.pem"
    openssl_takes "$scheme" "$hash" "$WORK/public.pem" "$message" "$signature" || fail "OpenSSL does not verify the signature"
    { cat "$message" && echo; } >"$WORK/changed"
    refuses openssl_takes "$scheme" "$hash" "$WORK/public.pem" "$WORK/changed" "$signature"
}

# verify_cms SIGNED CERTIFICATE CONTENT: a detached CMS signature in DER, with the chain, by this signer.
verify_cms() {
    openssl cms -verify -binary -inform DER -in "$1" -content "$3" -CAfile "$CARD_AUTHORITIES" -purpose any \
        -signer "$WORK/cms-signer.pem" -out /dev/null || fail "OpenSSL does not verify the CMS signature"
    same_certificate "$WORK/cms-signer.pem" "$2"
    { cat "$3" && echo; } >"$WORK/changed"
    refuses openssl cms -verify -binary -inform DER -in "$1" -content "$WORK/changed" -CAfile "$CARD_AUTHORITIES" \
        -purpose any -out /dev/null
}

# --- TLS: what counts is what the server saw ------------------------------------------------------------------

TLS_PORT=4433
SERVER_LOG=$WORK/server.log

# tls_server tls1_2|tls1_3 [OPTION...]: an OpenSSL server that requires a certificate of the lab's persons, in place of
# the one before.
tls_server() {
    local version=$1 authorities
    shift
    end_server
    rm -f "$SERVER_LOG"
    authorities=$(server_authorities)
    open_fifo silence
    openssl_server "127.0.0.1:$TLS_PORT" "$version" "$SERVER_CERTIFICATE" "$SERVER_KEY" "$authorities" "$CARD_AUTHORITIES" "$@" \
        <&"$FIFO" >"$SERVER_LOG" 2>&1 &
    SERVER=$!
    exec {FIFO}<&-
    wait_until grep -q '^ACCEPT' "$SERVER_LOG" || fail "the TLS server did not start"
}

# tls_page_server tls1_2|tls1_3: the same, which answers one GET with a page. (s_server's own -www logs less.)
tls_page_server() {
    tls_server "$@"
    {
        wait_until grep -qa '^GET / ' "$SERVER_LOG" &&
            printf 'HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nbonjour\n' >"$WORK/silence"
    } &
}

# converse COMMAND...: a client that the server hears, see `speak`; shows both ends.
converse() {
    local heard=yes
    speak "$@" || heard=no
    note "client" && cut -c 1-300 "$WORK/client.log"
    note "server" && cut -c 1-300 "$SERVER_LOG"
    [[ $heard == yes ]] || fail "the server did not hear the client"
}

# server_saw TLSv1.2|TLSv1.3 RSA|RSA-PSS: this version, a verified chain, the card's certificate, this signature.
server_saw() {
    local seen=$WORK/seen.pem session
    certificate_seen >"$seen"
    session=$(session_seen)
    note "the server saw"
    printf '%s\n' "$(fingerprint "$seen")" "$(grep -E '^ *(Protocol|Verify return code)' <<<"$session")" \
        "$(grep '^Peer sign' "$SERVER_LOG")"
    same_certificate "$seen" "$AUTH_CERTIFICATE"
    grep -q 'Verify return code: 0 (ok)' <<<"$session" || fail "the server did not verify the chain"
    grep -qE "^ *Protocol *: $1$" <<<"$session" || fail "the server did not see $1"
    [[ $(server_line 'Peer signing digest') == SHA256 ]] || fail "the server did not see SHA-256"
    [[ $(signature_seen) == "$2" ]] || fail "the server did not see $2"
}

# With PKCS #1 v1.5 alone on the card, clients built on OpenSSL have to be told so: OpenSSL looks at the key's type,
# not at what the token can do, and prefers RSA-PSS. This limits what signs with the client's certificate, and not what
# the server may sign with.
CLIENT_SIGNATURE_ALGORITHMS=RSA+SHA256

# openssl_configuration: the same for programs without such an option, through OpenSSL's configuration file.
openssl_configuration() {
    cat >"$WORK/openssl.cnf" <<TEXT
openssl_conf = library
[library]
ssl_conf = modules
[modules]
system_default = tls
[tls]
ClientSignatureAlgorithms = $CLIENT_SIGNATURE_ALGORITHMS
TEXT
    export OPENSSL_CONF=$WORK/openssl.cnf
}
