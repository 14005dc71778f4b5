# shellcheck shell=bash
# stunnel as a TLS client with the card's key.

tunnel() {
    cat >"$WORK/stunnel.conf" <<TEXT
foreground = yes
pid =
debug = info
engine = pkcs11
engineCtrl = MODULE_PATH:$MODULE
engineCtrl = PIN:$PIN

[card]
client = yes
accept = 127.0.0.1:8080
connect = 127.0.0.1:$TLS_PORT
sni = localhost
checkHost = localhost
CAfile = $SERVER_ROOTS
verifyChain = yes
engineId = pkcs11
cert = $AUTH_CERTIFICATE
key = $AUTH_URI
TEXT
    end_process "${TUNNEL:-}"
    # What an earlier one has said is not what this one says.
    rm -f "$WORK/stunnel.log"
    stunnel4 "$WORK/stunnel.conf" >"$WORK/stunnel.log" 2>&1 &
    TUNNEL=$!
    wait_until grep -q 'Configuration successful' "$WORK/stunnel.log" || true
    # Left to the runner's bound otherwise.
    trap 'note stunnel; cat "$WORK/stunnel.log"' EXIT
    converse socat - TCP:127.0.0.1:8080
}
