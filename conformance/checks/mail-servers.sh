# shellcheck shell=bash
# Mail servers as MSSanté runs them: Dovecot at port 143 and Postfix at 587, STARTTLS on both, a certificate of a person
# required, and its common name taken as the user. CPS3: TLS 1.2 only, as MSSanté's; CPS4: TLS 1.3 as well.

HOLDER=$(subject_cn "$AUTH_CERTIFICATE")
MAIL_DOMAIN=medecin.mssante.invalid
HOLDER_ADDRESS=docteur@$MAIL_DOMAIN
MAILBOX=$WORK/mailboxes/$HOLDER
IMAP_LOG=$WORK/dovecot.log
SMTP_LOG=$WORK/postfix.log
POLICY_LOG=$WORK/policy.log
if [[ $CARD == cps3 ]]; then MAIL_TLS=TLSv1.2; else MAIL_TLS=TLSv1.3; fi

# mailbox: the holder's, empty; what goes through Postfix ends there, and Dovecot shows it.
mailbox() {
    mkdir -p "$MAILBOX"/{new,cur,tmp}
    chown -R nobody:nogroup "$WORK/mailboxes"
}

imap_server() {
    # Dovecot 2.3 has no setting for the highest version.
    cat >"$WORK/dovecot-openssl.cnf" <<TEXT
openssl_conf = library
[library]
ssl_conf = modules
[modules]
system_default = tls
[tls]
MaxProtocol = $MAIL_TLS
TEXT
    # Dovecot checks revocation: the lists stand beside the authorities.
    cat "$CARD_AUTHORITIES" "$PKI/crls.pem" >"$WORK/dovecot-authorities.pem"
    echo "$HOLDER:::::::nopassword" >"$WORK/dovecot-users"
    cat >"$WORK/dovecot.conf" <<TEXT
protocols = imap
listen = 127.0.0.1
base_dir = $WORK/dovecot
state_dir = $WORK/dovecot
log_path = $IMAP_LOG
import_environment = \$import_environment OPENSSL_CONF=$WORK/dovecot-openssl.cnf
auth_verbose = yes
verbose_ssl = yes
login_log_format_elements = user=<%u> method=%m rip=%r mpid=%e %c %k

ssl = required
ssl_cert = <$SERVER_CHAIN
ssl_key = <$SERVER_KEY
ssl_ca = <$WORK/dovecot-authorities.pem
ssl_verify_client_cert = yes
ssl_cert_username_field = commonName
auth_ssl_require_client_cert = yes
auth_ssl_username_from_cert = yes
auth_mechanisms = external

passdb {
  driver = passwd-file
  args = $WORK/dovecot-users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$WORK/mailboxes/%u
}
mail_location = maildir:~
service imap-login {
  inet_listener imap {
    port = 143
  }
  inet_listener imaps {
    port = 0
  }
}
TEXT
    mkdir "$WORK/dovecot"
    dovecot -F -c "$WORK/dovecot.conf" >"$WORK/dovecot.out" 2>&1 &
    wait_until listens 143 || { cat "$WORK/dovecot.out" "$IMAP_LOG" && fail "Dovecot did not start"; }
}

smtp_server() {
    cp -r /etc/postfix "$WORK/postfix"
    mount --bind "$WORK/postfix" /etc/postfix
    mount -t tmpfs -o mode=755 tmpfs /var/spool/postfix
    mount -t tmpfs -o mode=755,uid=postfix tmpfs /var/lib/postfix
    echo "$(fingerprint "$AUTH_CERTIFICATE") $HOLDER" >"$WORK/postfix-clients"
    cat >/etc/postfix/main.cf <<TEXT
compatibility_level = 3.6
maillog_file = $SMTP_LOG
maillog_file_prefixes = $WORK
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = $MAIL_DOMAIN
virtual_mailbox_base = $WORK/mailboxes
virtual_mailbox_maps = static:$HOLDER/
virtual_uid_maps = static:$(id --user nobody)
virtual_gid_maps = static:$(id --group nobody)

smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $SERVER_KEY, $SERVER_CHAIN
smtpd_tls_CAfile = $CARD_AUTHORITIES
smtpd_tls_req_ccert = yes
smtpd_tls_ccert_verifydepth = 5
smtpd_tls_fingerprint_digest = sha256
smtpd_tls_mandatory_protocols = >=TLSv1.2, <=$MAIL_TLS
smtpd_tls_loglevel = 1
smtpd_tls_session_cache_database =
relay_clientcerts = texthash:$WORK/postfix-clients
smtpd_relay_restrictions = check_policy_service unix:private/holder, permit_tls_clientcerts, reject
TEXT
    cat >/etc/postfix/master.cf <<TEXT
587       inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
anvil     unix  -       -       n       -       1       anvil
virtual   unix  -       n       n       -       -       virtual
postlog   unix-dgram n  -       n       -       1       postlogd
holder    unix  -       n       n       -       0       spawn
  user=nobody argv=/bin/bash $WORK/policy.sh
TEXT
    : >"$POLICY_LOG"
    chown nobody "$POLICY_LOG"
    # The name in a verified certificate must be that of the sender's owner.
    cat >"$WORK/policy.sh" <<TEXT
declare -A of=()
while IFS== read -r name value; do
    if [[ \$name ]]; then of[\$name]=\$value && continue; fi
    printf '%s ' "from=\${of[sender]}" "user=\${of[ccert_subject]}" "certificate=\${of[ccert_fingerprint]}" \
        "version=\${of[encryption_protocol]}" >>"$POLICY_LOG"
    action="REJECT not the mailbox of this card"
    [[ \${of[sender]} == "$HOLDER_ADDRESS" && \${of[ccert_subject]} == "$HOLDER" ]] && action=DUNNO
    echo "\$action" >>"$POLICY_LOG"
    printf 'action=%s\n\n' "\$action"
    of=()
done
TEXT
    postfix start-fg >"$WORK/postfix.out" 2>&1 &
    wait_until listens 587 || { cat "$WORK/postfix.out" "$SMTP_LOG" && fail "Postfix did not start"; }
}

listens() { exec 3<>"/dev/tcp/127.0.0.1/$1"; }

# deliver FILE: a message into the holder's mailbox, without any server.
deliver() {
    sed 's/\r*$/\r/' "$1" >"$MAILBOX/new/$(date +%s.%N).check"
    chown nobody:nogroup "$MAILBOX"/new/*
}

# --- What counts is what the servers saw ----------------------------------------------------------------------

show_mail_logs() {
    local log
    for log in "$IMAP_LOG" "$SMTP_LOG" "$POLICY_LOG"; do
        [[ ! -f $log ]] || { note "${log##*/}" && sed '/Debug: SSL: where=/d' "$log" | cut -c 1-300; }
    done
}

# imap_server_saw: a verified certificate with the holder's name, who was logged in by it, over this version of TLS.
imap_server_saw() {
    show_mail_logs
    grep "Received valid SSL certificate: .*[/+]CN=$HOLDER" "$IMAP_LOG" || fail "Dovecot verified no certificate"
    grep "Login: user=<$HOLDER>, method=EXTERNAL, .* $MAIL_TLS with cipher" "$IMAP_LOG" ||
        fail "Dovecot did not log the holder in over $MAIL_TLS"
}

# smtp_server_saw: the card's certificate by its SHA-256, verified; the holder's name; this version of TLS.
smtp_server_saw() {
    show_mail_logs
    grep "Trusted TLS connection established from localhost.*: $MAIL_TLS with cipher" "$SMTP_LOG" ||
        fail "Postfix verified no certificate over $MAIL_TLS"
    grep -x "from=$HOLDER_ADDRESS user=$HOLDER certificate=$(fingerprint "$AUTH_CERTIFICATE") version=$MAIL_TLS DUNNO" \
        "$POLICY_LOG" || fail "Postfix did not see the card's certificate"
}

# mailbox_holds TEXT
mailbox_holds() { grep -rqF "$1" "$MAILBOX"/{new,cur}; }

# --- What a client says that only carries the bytes -----------------------------------------------------------

# converse_by_line COMMAND...: runs a client and says the lines of standard input: "WHAT TO SAY | ANSWER TO WAIT FOR", a
# regular expression.
converse_by_line() {
    local said answer
    mkfifo "$WORK/speech"
    exec {speech}<>"$WORK/speech"
    "$@" <&"$speech" >"$WORK/client.log" 2>&1 &
    while IFS='|' read -r said answer; do
        printf '%s\r\n' "${said% }" >&"$speech"
        wait_until grep -qE "${answer# }" "$WORK/client.log" || {
            note "client" && cut -c 1-300 "$WORK/client.log"
            show_mail_logs
            fail "no answer ${answer# } to: $said"
        }
    done
    note "client" && cut -c 1-300 "$WORK/client.log"
}

# read_first_message: what `converse_by_line` says to read it.
read_first_message() {
    cat <<TEXT
a1 AUTHENTICATE EXTERNAL = | ^a1 OK
a2 SELECT INBOX | ^a2 OK
a3 FETCH 1 BODY[] | ^a3 OK
a4 LOGOUT | ^a4 OK
TEXT
}

# send_message TEXT
send_message() {
    cat <<TEXT
EHLO localhost | ^250 CHUNKING
MAIL FROM:<$HOLDER_ADDRESS> | ^250 2.1.0
RCPT TO:<confrere@$MAIL_DOMAIN> | ^250 2.1.5
DATA | ^354
$1 | .
. | ^250 2.0.0
QUIT | ^221
TEXT
}
