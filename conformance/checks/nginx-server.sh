# shellcheck shell=bash
# nginx as a server whose own key is in the card: master and worker are two processes, the key crosses a fork.

# nginx_server PROTOCOL [DIRECTIVE]
nginx_server() {
    cat >"$WORK/nginx.conf" <<TEXT
daemon off;
user root;
pid $WORK/nginx.pid;
error_log stderr info;
env PKCS11_MODULE_PATH;
worker_processes 2;
events {}
http {
    access_log off;
    server {
        listen 127.0.0.1:$TLS_PORT ssl;
        ssl_certificate $AUTH_CERTIFICATE;
        ssl_certificate_key "engine:pkcs11:$AUTH_URI;pin-value=$PIN";
        ssl_protocols $1;
        ssl_session_cache off;
        ssl_session_tickets off;
        ${2:-}
        return 200 "bonjour\n";
    }
}
TEXT
    # nginx loads the engine but leaves its start to OpenSSL's configuration.
    cat >"$WORK/engine.cnf" <<TEXT
openssl_conf = library
[library]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
init = 1
TEXT
    OPENSSL_CONF=$WORK/engine.cnf nginx -c "$WORK/nginx.conf" -e stderr >"$WORK/nginx.log" 2>&1 &
    wait_until grep -q 'start worker process ' "$WORK/nginx.log" || {
        cat "$WORK/nginx.log"
        fail "nginx did not start"
    }
}

# browse PROTOCOL SIGNATURE: fetches the page; what counts is what this client, without the module, saw.
browse() {
    printf 'GET / HTTP/1.0\r\n\r\n' | PKCS11_MODULE_PATH='' timeout "$PATIENCE" openssl s_client -connect "localhost:$TLS_PORT" -4 \
        -CAfile "$CARD_AUTHORITIES" -purpose any -verify_return_error -ign_eof >"$WORK/page" 2>&1 || true
    cut -c 1-200 "$WORK/page"
    note nginx && cat "$WORK/nginx.log"
    grep -qx bonjour "$WORK/page" || fail "no page"
    sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$WORK/page" >"$WORK/seen.pem"
    same_certificate "$WORK/seen.pem" "$AUTH_CERTIFICATE"
    grep -q "^ *Protocol *: $1$\|^New, $1," "$WORK/page" || fail "not $1"
    grep -qx "Peer signature type: $2" "$WORK/page" || fail "not $2"
}
