# shellcheck shell=bash
# A server of OpenSSH on the loopback that lets in the card's authentication key, and nothing else.

SSH_PORT=2222

# card_ssh_key: the authentication key from its certificate, in OpenSSH's form.
card_ssh_key() {
    public_key "$AUTH_CERTIFICATE" >"$WORK/auth.pub"
    ssh-keygen -i -m PKCS8 -f "$WORK/auth.pub"
}

# ssh_server [COMMAND...]: runs it below that command.
ssh_server() {
    mkdir -p /run/sshd "$WORK/.ssh"
    card_ssh_key >"$WORK/authorized_keys"
    ssh-keygen -q -t ed25519 -N '' -f "$WORK/host"
    printf '[127.0.0.1]:%s %s\n' "$SSH_PORT" "$(cat "$WORK/host.pub")" >"$WORK/known_hosts"
    cat >"$WORK/sshd_config" <<TEXT
Port $SSH_PORT
ListenAddress 127.0.0.1
HostKey $WORK/host
PidFile none
AuthorizedKeysFile $WORK/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel DEBUG1
StreamLocalBindUnlink yes
TEXT
    "$@" /usr/sbin/sshd -D -f "$WORK/sshd_config" -E "$WORK/sshd.log" &
    wait_until grep -q 'Server listening' "$WORK/sshd.log"
    # ssh asks the code from a program if there is no terminal.
    printf '#!/bin/sh\necho "$CARD_CODE"\n' >"$WORK/askpass"
    chmod +x "$WORK/askpass"
    export CARD_CODE=$PIN SSH_ASKPASS=$WORK/askpass SSH_ASKPASS_REQUIRE=force
}

# ssh_login OPTION...: logs in and runs a command on the server.
ssh_login() {
    ssh -p "$SSH_PORT" -o UserKnownHostsFile="$WORK/known_hosts" -o StrictHostKeyChecking=yes -o IdentitiesOnly=no \
        -o PreferredAuthentications=publickey "$@" root@127.0.0.1 'echo "$SSH_CONNECTION"' </dev/null
}

# ssh_server_saw: the card's key, by its SHA-256.
ssh_server_saw() {
    local fingerprint
    fingerprint=$(card_ssh_key | ssh-keygen -l -f - | cut -d' ' -f2)
    note "the server saw" && grep -E 'Accepted' "$WORK/sshd.log"
    # One grep: behind a pipe, one that has seen enough ends the other by SIGPIPE where the log is long.
    grep -q "Accepted publickey for root from 127\.0\.0\.1 .* RSA $fingerprint" "$WORK/sshd.log"
}

# A server on which no reader is in sight: for ssh_server.
WITHOUT_PCSCD=(unshare --mount sh -c 'mount -t tmpfs none /run/pcscd && exec "$@"' sh)

# on_server SOCKET COMMAND: a shell command of a person who is logged in with a key of his own; there, $FORWARDED is this
# machine's SOCKET.
FORWARDED=$WORK/forwarded
on_server() {
    [[ -f $WORK/login ]] || {
        ssh-keygen -q -t ed25519 -N '' -f "$WORK/login"
        cat "$WORK/login.pub" >>"$WORK/authorized_keys"
    }
    ssh -p "$SSH_PORT" -o UserKnownHostsFile="$WORK/known_hosts" -o StrictHostKeyChecking=yes -i "$WORK/login" \
        -o ExitOnForwardFailure=yes -R "$FORWARDED:$1" root@127.0.0.1 "$2" </dev/null
}
