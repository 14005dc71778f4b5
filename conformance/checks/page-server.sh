# shellcheck shell=bash
# A web server that requires the card's certificate and greets its holder; and what it saw.

PAGE=https://localhost:$TLS_PORT/
SEEN=$WORK/seen

# What signs in TLS 1.2, with a client that looks at what the token can do: PKCS #1 v1.5 if it must.
if [[ $CARD == cps3 ]]; then TLS12_SIGNATURE=RSA; else TLS12_SIGNATURE=RSA-PSS; fi

# page_server OPTION...: with these options of s_server, such as -tls1_3. Every connection is a handshake of its own.
page_server() {
    serve_pages "$TLS_PORT" "$SEEN" "$SERVER_LOG" -CAfile "$CARD_AUTHORITIES" -Verify 5 -verify_return_error "$@"
}

ORDINARY_PAGE=https://localhost:4434/

# ordinary_server: one that wants no certificate.
ordinary_server() { serve_pages 4434 "$WORK/ordinary-seen" "$WORK/ordinary.log"; }

# serve_pages PORT SEEN LOG OPTION...
serve_pages() {
    local port=$1 seen=$2 log=$3
    touch "$seen"
    python3 "$CLIENTS/page_server.py" "$port" "$seen" -cert "$SERVER_CERTIFICATE" -key "$SERVER_KEY" \
        -cert_chain "$(server_authorities)" -no_ticket -no_cache "${@:4}" >"$log" 2>&1 &
    wait_until grep -q '^LISTENING' "$log" || fail "the server of pages did not start"
}

# legacy_page_server: one of TLS 1.3 alone that asks for rsa_pkcs1_sha256_legacy (RFC 9963) first, then for RSA-PSS.
legacy_page_server() {
    touch "$SEEN"
    "$PYTHON" "$CLIENTS/legacy_page_server.py" "$TLS_PORT" "$SEEN" "$SERVER_CHAIN" "$SERVER_KEY" "$CARD_AUTHORITIES" \
        legacy pss >"$SERVER_LOG" 2>&1 &
    wait_until grep -q '^LISTENING' "$SERVER_LOG" || fail "the server of pages did not start"
}

# What signs before it: with a client that knows RFC 9963, PKCS #1 v1.5 if it must, and RSA-PSS where the chip can.
LEGACY_SIGNATURE=$TLS12_SIGNATURE

# visits COMMAND...: a program that talks TLS and no HTTP asks for the page. It is ended when the server has seen what counts:
# tstclnt goes on when the server has closed.
visits() {
    printf 'GET / HTTP/1.0\r\n\r\n' | "$@" &
    wait_until was_seen "$!" || fail "neither the server nor the client came to an end"
    end_process "$!"
}

# was_seen PROCESS: a visitor with a certificate, or one without; or the client has given up.
was_seen() { [[ -s $SEEN ]] || grep -q 'no certificate' "$SERVER_LOG" || ! kill -0 "$1"; }

# page_server_saw TLSv1.2|TLSv1.3 RSA|RSA-PSS: in every handshake this version, a verified chain, the card's
# certificate, this signature; and that the page was asked for.
page_server_saw() {
    note "the server saw" && cat "$SEEN"
    [[ -s $SEEN ]] || tail -n 20 "$SERVER_LOG"
    python3 - "$SEEN" "$(fingerprint "$AUTH_CERTIFICATE")" "$@" <<'PROGRAM' || fail "the server saw something else"
import json, sys
file, certificate, version, signature = sys.argv[1:]
seen = [json.loads(line) for line in open(file)]
expected = dict(certificate=certificate, version=version, verified="0 (ok)", digest="SHA256", signature=signature, resumed=False)
assert "/" in [visit["path"] for visit in seen], "nobody asked for the page"
for visit in seen:
    assert {name: visit[name] for name in expected} == expected, visit
PROGRAM
}

# holder_is_shown REGEX: in a browser at the desktop. What matches is the browser's error, after which nobody waits.
holder_is_shown() {
    local heading
    heading="^heading: .* $(subject_of "$AUTH_CERTIFICATE" GN) $(subject_of "$AUTH_CERTIFICATE" SN)$"
    at_desktop wait "$heading|$1"
    PATIENCE=0 at_desktop wait "$heading" || fail "the browser shows an error"
}
