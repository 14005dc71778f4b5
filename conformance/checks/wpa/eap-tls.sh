#!/bin/bash
# What:    joins a network by EAP-TLS (TLS 1.2), told to sign with RSA+SHA256; RADIUS servers with RSA and ECDSA certificates verify the card
# Client:  wpa_supplicant (eapol_test), engine of libp11
# Needs:   debian:eapoltest debian:hostapd debian:libengine-pkcs11-openssl debian:openssl debian:p11-kit-modules
# Run:     ci
source "$CHECKS/lib.sh"

# wpa_supplicant loads what is below /usr/lib only: the module goes where its package puts it.
mount -t tmpfs none "$LIBRARIES/pkcs11"
INSTALLED=$LIBRARIES/pkcs11/$(basename "$MODULE")
cp "$MODULE" "$INSTALLED"

joins() {
    echo '127.0.0.1 secret' >clients
    echo '* TLS' >users
    cat >hostapd.conf <<TEXT
driver=none
eap_server=1
eap_user_file=$WORK/users
radius_server_clients=$WORK/clients
radius_server_auth_port=18120
ca_cert=$CARD_AUTHORITIES
server_cert=$SERVER_CHAIN
private_key=$SERVER_KEY
TEXT
    cat >network.conf <<TEXT
pkcs11_engine_path=$LIBRARIES/engines-3/pkcs11.so
pkcs11_module_path=$INSTALLED
network={
    key_mgmt=IEEE8021X
    eap=TLS
    identity="card"
    ca_cert="$SERVER_ROOTS"
    client_cert="$AUTH_CERTIFICATE"
    engine=1
    engine_id="pkcs11"
    key_id="$AUTH_URI"
    pin="$PIN"
    phase1="tls_disable_tlsv1_3=1"
}
TEXT
    end_server
    rm -f server.log
    env --unset=OPENSSL_CONF hostapd -dd hostapd.conf >server.log 2>&1 &
    SERVER=$!
    wait_until grep -q 'AP-ENABLED' server.log || fail "the RADIUS server did not start"
    timeout "$PATIENCE" eapol_test -c network.conf -a 127.0.0.1 -p 18120 -s secret -t "$PATIENCE" >client.log 2>&1 || true
    note client && tail -n 60 client.log | cut -c 1-200
    note server && grep -vi hexdump server.log | cut -c 1-200 | tail -n 100
    grep -qx SUCCESS client.log || fail "no access"
    grep -qi "depth=0.*$(subject_cn "$AUTH_CERTIFICATE")" server.log
    grep -q 'EAP-TLS: Done' server.log
}
openssl_configuration
with_each_server joins
