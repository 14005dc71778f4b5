# shellcheck shell=bash
# A tunnel of OpenVPN between two processes, on the loopback and without a network device.

# vpn_server 1.2|1.3: writes what it saw of the client's certificate to vpn-client. In place of the one before, and of its
# client.
vpn_server() {
    end_server
    end_process "${VPN_CLIENT:-}"
    rm -f "$WORK/vpn-client" "$WORK/client.log" "$WORK/server.log"
    printf '#!/bin/sh\n[ "$1" = 0 ] && echo "$tls_digest_sha256_0" >%s\nexit 0\n' "$WORK/vpn-client" >"$WORK/verify"
    chmod +x "$WORK/verify"
    env --unset=OPENSSL_CONF openvpn --dev null --tls-server --proto udp4 --local 127.0.0.1 --lport 1194 --ca "$CARD_AUTHORITIES" --dh none \
        --cert "$SERVER_CERTIFICATE" --key "$SERVER_KEY" --extra-certs "$(server_authorities)" \
        --tls-version-min "$1" --tls-version-max "$1" --remote-cert-ku a0 80 --remote-cert-eku "TLS Web Client Authentication" \
        --script-security 2 --tls-verify "$WORK/verify" --data-ciphers AES-256-GCM --cipher AES-256-GCM --verb 3 \
        >"$WORK/server.log" 2>&1 &
    SERVER=$!
}

# vpn_client OPTION...: until the tunnel stands on both sides; the code goes through the management interface.
vpn_client() {
    local key id
    key=$(id_of "$AUTH_LABEL")
    id=$(openvpn --show-pkcs11-ids "$MODULE" | grep -B 1 -A 4 -F 'Certificate' | tee "$WORK/ids" |
        sed -n 's/^ *Serialized id: *//p' | grep -iF "$key" | head -n 1)
    cat "$WORK/ids"
    openvpn --dev null --tls-client --proto udp4 --remote 127.0.0.1 1194 --nobind --ca "$SERVER_ROOTS" \
        --pkcs11-providers "$MODULE" --pkcs11-id "$id" --management 127.0.0.1 7505 --management-query-passwords \
        --remote-cert-tls server --data-ciphers AES-256-GCM --cipher AES-256-GCM --verb 3 "$@" >"$WORK/client.log" 2>&1 &
    VPN_CLIENT=$!
    wait_until grep -q 'MANAGEMENT: TCP Socket listening' "$WORK/client.log"
    manage | socat - TCP:127.0.0.1:7505 >"$WORK/manager.log" || true
    note manager && cat "$WORK/manager.log"
    note client && cat "$WORK/client.log"
    note server && cat "$WORK/server.log"
}

# manage: answers each question for the code of the token, at most three times; OpenVPN asks again if the token refuses.
manage() {
    local time
    for time in 1 2 3; do
        wait_until question_or_end "$time" || return 0
        ! tunnel_is_decided || return 0
        sed -n "s/.*Need '\(.*\) token' password.*/password \"\1 token\" $PIN/p" "$WORK/manager.log" | tail -n 1
    done
    wait_until tunnel_is_decided || true
}

question_or_end() { tunnel_is_decided || [[ $(grep -c "Need '.* token' password" "$WORK/manager.log") -ge $1 ]]; }

tunnel_is_decided() { tunnel_stands || grep -q 'TLS handshake failed' "$WORK/client.log"; }

tunnel_stands() {
    grep -q 'Initialization Sequence Completed' "$WORK/client.log" &&
        grep -q 'Initialization Sequence Completed' "$WORK/server.log"
}

# vpn_server_saw TLSv1.2|TLSv1.3
vpn_server_saw() {
    tunnel_stands || fail "there is no tunnel"
    grep -q "Control Channel: $1" "$WORK/server.log"
    [[ $(tr a-f A-F <"$WORK/vpn-client") == "$(fingerprint "$AUTH_CERTIFICATE")" ]] || fail "another certificate"
}
