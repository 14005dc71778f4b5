# shellcheck shell=bash
# An application under this check's hands: clients/host.c, told line by line what to call.

# build_host: needs gcc and libp11-kit-dev.
build_host() {
    gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I/usr/include/p11-kit-1 "$CLIENTS/host.c" -o "$WORK/host" -ldl -lpthread
}

# build_guest: ./guest, another program on the card; needs gcc and libpcsclite-dev.
build_guest() {
    gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I/usr/include/PCSC "$CLIENTS/guest.c" -o guest -lpcsclite
}

# first_reader: its name, as PC/SC shows it, if a card is in it.
first_reader() { opensc-tool --list-readers | sed -n 's/^0 *Yes *//p' | sed 's/^ *//; s/ *$//'; }

declare -A SAYS=() HEARS=() PROCESS=()

# host NAME MODULE [MODULE]: starts one. The environment of this shell is its environment.
host() {
    local name=$1 to from
    shift
    mkfifo "$WORK/$name.in" "$WORK/$name.out"
    exec {to}<>"$WORK/$name.in" {from}<>"$WORK/$name.out"
    "${HOST_UNDER[@]}" "$WORK/host" "$@" <&"$to" >"$WORK/$name.out" {to}>&- {from}>&- &
    PROCESS[$name]=$!
    HEARS[$name]=$to
    SAYS[$name]=$from
}

# A program to run it under, such as strace.
HOST_UNDER=()

# tell NAME WORD...: without waiting for the answer; hear NAME: the answer.
tell() { echo "${*:2}" >&"${HEARS[$1]}"; }
hear() {
    local answer
    IFS= read -r -t "$PATIENCE" -u "${SAYS[$1]}" answer || fail "$1 says nothing"
    echo "$answer"
}

# ask NAME WORD...: the answer, function and CK_RV and value.
ask() {
    tell "$@"
    hear "$1"
}

# do_it NAME WORD...: must answer CKR_OK; shows what was asked, unless it holds a code.
do_it() {
    local answer
    answer=$(ask "$@")
    echo "$1: $2 -> $answer"
    [[ $answer == *' 0x0'* ]] || fail "$1: $2: $answer"
}

# answers CKR NAME WORD...: must answer this number.
answers() {
    local answer
    answer=$(ask "${@:2}")
    echo "$2: $3 -> $answer"
    [[ " $answer " == *" $1 "* ]] || fail "$2: $3: $answer instead of $1"
}

CKR_DEVICE_REMOVED=0x32
CKR_SESSION_HANDLE_INVALID=0xb3
CKR_USER_NOT_LOGGED_IN=0x101
CKR_CRYPTOKI_NOT_INITIALIZED=0x190

# logs_in NAME [CODE]: from C_Initialize to C_Login.
logs_in() {
    do_it "$1" initialize
    do_it "$1" token
    do_it "$1" open
    do_it "$1" login "${2:-$PIN}"
}

# comes NAME: a new one, logged in.
comes() {
    host "$1" "$MODULE"
    logs_in "$1"
}

# short_message FILE: what the host takes in one call.
short_message() { openssl rand -out "$1" 5001; }

# signs NAME: with both keys, and OpenSSL verifies.
signs() {
    short_message "$WORK/$1.message"
    do_it "$1" sign "$AUTH_KEY" "$WORK/$1.message" "$WORK/$1.signature"
    verify_signature pkcs1 "$AUTH_CERTIFICATE" "$WORK/$1.message" "$WORK/$1.signature"
    do_it "$1" sign "$SIGNATURE_KEY" "$WORK/$1.message" "$WORK/$1.signature"
    verify_signature pkcs1 "$SIGNATURE_CERTIFICATE" "$WORK/$1.message" "$WORK/$1.signature"
}

# signed_in NAME: whether the holder is logged in, as the session says.
signed_in() { [[ $(ask "$1" state) =~ \ (1|3)$ ]]; }

# card_is_closed: asks the card, as another program would.
card_is_closed() {
    local answer commands=(-s 00:20:00:01)
    [[ $CARD == cps3 ]] || commands=(-s 01:A4:04:0C:08:80:25:00:00:01:FF:01:00 -s 01:20:00:01)
    answer=$(opensc-tool "${commands[@]}" 2>&1 | grep 'SW1=' | tail -n 1)
    echo "the card says: $answer"
    [[ $answer == *'SW1=0x63, SW2=0xC3'* ]]
}

# leaves NAME: ends by itself, without a complaint.
leaves() {
    tell "$1" exit
    wait "${PROCESS[$1]}" || fail "$1 ended with status $?"
}

# --- A pcscd of this check alone ------------------------------------------------------------------------------

# own_service: in place of the lane's, in this check's own mounts.
own_service() {
    [[ -d $WORK/readers ]] || {
        mount -t tmpfs none /run/pcscd
        mkdir "$WORK/readers"
        printf 'FRIENDLYNAME "Virtual PCD"\nDEVICENAME unix:%s\nLIBPATH %s\nCHANNELID 0\n' "$WORK/own-reader" "$READER_DRIVER" \
            >"$WORK/readers/virtual"
    }
    local options=()
    ! pcscd --help | grep -q -- --disable-polkit || options=(--disable-polkit)
    pcscd --foreground --error --config "$WORK/readers" "${options[@]}" >>"$WORK/pcscd.log" 2>&1 &
    SERVICE=$!
    wait_until test -S /run/pcscd/pcscd.comm || fail "pcscd did not start"
}

# own_card OPTION...: the holder's card of this lane, in the reader of that pcscd.
own_card() {
    "$SIM_CARD" --persona "$(basename "$AUTH_CERTIFICATE" -aut.pem)" --reader "$WORK/own-reader" --wait "$@" \
        >"$WORK/card.log" 2>&1 &
    wait_until there_are 1 || fail "the card did not come into its reader"
}
