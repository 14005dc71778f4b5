# shellcheck shell=bash
# The simulated cards as a product of their own: programs, ways in for other languages, crate, and what Debian's OpenSC
# makes of every CPS3 that there is.

CARDS=$ROOT/sim-cards

# --- Without a reader -----------------------------------------------------------------------------------------------

cps3_personas() { (cd "$CARDS/personas" && grep -l '^chip = "cps3"' ./*.toml | sed 's/^\.\///; s/\.toml$//'); }

every_persona_is_listed() {
    local file
    "$SIM_CARD" --list >"$WORK/list"
    cat "$WORK/list"
    for file in "$CARDS"/personas/*.toml; do
        grep -q "^$(basename "$file" .toml) " "$WORK/list"
    done
}

# Every persona: its directory, its keys, its identifier.
every_persona_is_dumped() {
    local file name
    for file in "$CARDS"/personas/*.toml; do
        name=$(basename "$file" .toml)
        "$SIM_CARD" --persona "$name" --dump >"$WORK/dump"
        echo "$name: $(wc -l <"$WORK/dump") lines"
        grep -q 'EF.ODF' "$WORK/dump"
        grep -q '"CPS_PRIV_AUT", private' "$WORK/dump"
        grep -qF "$(sed -n 's/^identifier = "\(.*\)"/\1/p' "$file")" "$WORK/dump"
    done
}

# A holder whom the programs do not know, from a file: his card, his certificates, their status.
anyone_adds_a_persona() {
    local file=$WORK/visitor.toml
    sed 's/doctor-hospital-cps3/visitor/; s/"cps3"/"cps4"/; s/27000002/27000091/; s/LABO-CARDIO/LABO-VISITE/' \
        "$CARDS/personas/doctor-hospital-cps3.toml" >"$file"
    "$SIM_CARD" --persona "$file" --dump >"$WORK/dump"
    grep -q 'CPS4-27000091' "$WORK/dump"
    grep -q 'SN=LABO-VISITE' "$WORK/dump"
    "$LAB_PKI" --out "$WORK/visit" --crl --persona "$file"
    openssl verify -crl_check_all -CAfile "$WORK/visit/roots.pem" -untrusted "$WORK/visit/ca-bundle.pem" \
        -CRLfile "$WORK/visit/crls.pem" "$WORK/visit/persona/visitor-aut.pem"
}

python_plays_cards() {
    cargo_here build --locked --release --quiet --package sim-cards-c
    SIM_CARDS_LIBRARY=$TARGET/release/libsim_cards_c.so PYTHONDONTWRITEBYTECODE=1 \
        interruptible python3 -m unittest discover --start-directory "$CARDS/python"
}

c_plays_cards() {
    cc -std=c99 -Wall -Wextra -Werror -pedantic -I "$CARDS/c-api/include" "$CARDS/c-api/example.c" \
        -L "$TARGET/release" -lsim_cards_c -o "$WORK/example"
    LD_LIBRARY_PATH=$TARGET/release "$WORK/example"
}

# crates_under PACKAGE EDGES: every crate that PACKAGE stands on.
crates_under() { cargo_here tree --locked --package "$1" --edges "$2" --prefix none --format '{p}' | awk '{ print $1 }' | sort -u; }

# The module never knows the simulator, nor the simulator the module; only the module's tests put a card beside it.
driver_and_simulator_share_no_code() {
    crates_under cpx-pkcs11 normal,build >"$WORK/module-crates"
    crates_under sim-cards normal,build,dev >"$WORK/simulator-crates"
    grep -qx cpx-pkcs11 "$WORK/module-crates"
    grep -qx sim-cards "$WORK/simulator-crates"
    refuses grep '^sim-cards' "$WORK/module-crates"
    refuses grep '^cpx' "$WORK/simulator-crates"
    # What both stand on comes from the registry: no crate of this workspace is between them.
    comm -12 "$WORK/module-crates" "$WORK/simulator-crates" >"$WORK/shared-crates"
    cat "$WORK/shared-crates"
    refuses grep -E '^(cpx|sim-cards|conformance)' "$WORK/shared-crates"
    refuses grep -rnE '(cpx_pkcs11|\.\./\.\./src/)' "$CARDS/src" "$CARDS/c-api/src"
    refuses grep -rn 'sim_cards' "$ROOT/src" --include='*.rs' --exclude='*test*'
}

simulator_can_be_published() {
    # With the profile of the workspace, so that most of what it stands on is built already.
    cargo_here package --locked --package sim-cards --allow-dirty --quiet --config 'profile.dev.package."*".opt-level = 2'
    cargo_here package --package sim-cards --allow-dirty --list >"$WORK/packaged"
    local file
    for file in README.md LICENSE guesses.toml personas/README.md keys/README.md tests/books/cps3.book python/sim_cards.py; do
        grep -qx "$file" "$WORK/packaged"
    done
}

simulator_is_documented() { builder_runs env RUSTDOCFLAGS='-D warnings' cargo doc --locked --package sim-cards --no-deps --quiet; }

# of_the_book START: the commands of the book from the first line that begins so to the end of its block.
of_the_book() { awk -v start="$1" 'index($0, start) == 1 { on = 1 } /^```/ { on = 0 } on' "$CARDS/README.md"; }

# The chapter on the lab PKI as it is printed, in a network of its own: its port may be taken.
the_book_explains_the_lab_pki() {
    mkdir "$WORK/book"
    {
        echo 'set -ex; ip link set lo up'
        of_the_book 'lab-pki --out lab --crl  ' | grep -v -- '--at'
        of_the_book 'lab-pki serve &' | sed '1a until (: <>/dev/tcp/localhost/8971) 2>/dev/null; do sleep 0.1; done'
    } >"$WORK/book/commands"
    cat "$WORK/book/commands"
    (cd "$WORK/book" && PATH=$TARGET/release:$PATH bounded \
        unshare --net --pid --fork --mount-proc bash commands) 2>&1 | tee "$WORK/book/said"
    grep -q '^lab/persona/doctor-gp-cps4-aut.pem: OK' "$WORK/book/said"
    grep -q '^Response verify OK' "$WORK/book/said"
    grep -q '^lab/persona/nurse-revoked-cps4-aut.pem: revoked' "$WORK/book/said"
}

# with_cards COMMAND...: below with-card's pcscd, in a process namespace and with a /run/pcscd of its own.
with_cards() {
    # shellcheck disable=SC2016
    CARGO_TARGET_DIR=$TARGET bounded unshare --mount --pid --fork --kill-child --mount-proc sh -c \
        'mkdir -p /run/pcscd; mount -t tmpfs tmpfs /run/pcscd; exec "$@"' sh \
        "$CARDS/with-card" --persona doctor-gp-cps4 --persona insured-alone -- "$@"
}

# Two cards in the first two readers, the status and the standard input of the command, and nothing left.
with_card_runs_a_command() {
    local status=0
    echo given | with_cards sh -c 'cat; opensc-tool --reader 0 --atr; opensc-tool --reader 1 --atr; exit 7' >"$WORK/with-card" || status=$?
    equals 7 "$status"
    printf '%s\n' given 3b:9b:18:80:01:00:12:25:00:64:80:04:01:00:00:90:44 3b:75:13:00:00:43:09:ea:90:00 | diff - "$WORK/with-card"
}

sim_cards_checks() {
    local name
    for name in every_persona_is_listed every_persona_is_dumped anyone_adds_a_persona python_plays_cards c_plays_cards \
        the_book_explains_the_lab_pki with_card_runs_a_command \
        driver_and_simulator_share_no_code simulator_is_documented simulator_can_be_published; do
        check "$name" "$name"
    done
}

# --- Under pcscd ----------------------------------------------------------------------------------------------------

# code_of PERSONA: the holder code in its file, or the usual one.
code_of() { sed -n 's/^holder = "\(.*\)"/\1/p' "$CARDS/personas/$1.toml" | grep . || echo "$CODE"; }

opensc_recognises() {
    bounded opensc-tool --reader "$VIRTUAL_READER" --name | tee /dev/stderr | grep -qx IAS-ECC
}

# Keys, certificates, and the identifier of the holder in the certificate that OpenSC read.
opensc_lists() {
    local identifier
    identifier=$(sed -n 's/^identifier = "\(.*\)"/\1/p' "$CARDS/personas/$1.toml")
    bounded pkcs15-tool --reader "$VIRTUAL_READER" --dump >"$WORK/dump"
    cat "$WORK/dump"
    equals 2 "$(count '^Private RSA Key' <"$WORK/dump")"
    equals 2 "$(count '^X.509 Certificate' <"$WORK/dump")"
    opensc_public_key
    openssl x509 -inform DER -in "$WORK/opensc.der" -noout -subject -nameopt utf8 | tee /dev/stderr | grep -qF "$identifier"
}

opensc_logs_in_and_signs() {
    local id
    id=$(id_of "$AUTH_KEY" opensc_module)
    make_message "$WORK/message"
    { printf '%b' "$SHA256_DIGEST_INFO" && openssl dgst -sha256 -binary "$WORK/message"; } >"$WORK/input"
    opensc_public_key
    opensc_module --login --pin "$(code_of "$1")" --sign --id "$id" --mechanism RSA-PKCS \
        --input-file "$WORK/input" --output-file "$WORK/signature"
    openssl_verifies "$AUTH_KEY" RSA-PKCS "$WORK/message" "$WORK/signature"
}

# OpenSC asks for a secure messaging object that the card does not show, and gives up there: 6A88 as on a real card.
opensc_fails_on_protected_data() {
    grep -q '^\[\[situation\]\]' "$CARDS/personas/$1.toml" || return 0
    refuses bounded pkcs15-tool --reader "$VIRTUAL_READER" --verify-pin --pin "$(code_of "$1")" \
        --read-data-object CPS_ACTIVITY_01_PS >"$WORK/protected" 2>&1
    cat "$WORK/protected"
    grep -A 1 'GET DATA 3FFF' "$WORK/card-cps3.log" | tail -n 2
    grep -q '00CB3FFF0A4D087006BFFB05027B80' "$WORK/card-cps3.log"
    grep -A 1 '00CB3FFF0A4D087006BFFB05027B80' "$WORK/card-cps3.log" | grep -q '6A88'
}

# Partial hashing on the card is not in an OpenSC that is built on OpenSSL 3.
opensc_fails_with_the_signature_key() {
    local id
    id=$(id_of "$SIGNATURE_KEY" opensc_module)
    make_message "$WORK/message"
    refuses opensc_module --login --pin "$(code_of "$1")" --sign --id "$id" \
        --mechanism SHA256-RSA-PKCS --input-file "$WORK/message" --output-file "$WORK/refused" >"$WORK/sign" 2>&1
    cat "$WORK/sign"
    grep -q CKR_FUNCTION_NOT_SUPPORTED "$WORK/sign"
}

opensc_finds_the_code_blocked() {
    refuses opensc_module --login --pin "$(code_of "$1")" --list-objects >"$WORK/login" 2>&1
    cat "$WORK/login"
    grep -q CKR_PIN_LOCKED "$WORK/login"
}

# pcsc_tools_show ATR [NAME]: the ATR under two tools; its name in the list of ATRs that Debian's pcsc-tools bring.
pcsc_tools_show() {
    bounded opensc-tool --reader "$VIRTUAL_READER" --atr | tee "$WORK/atr"
    grep -qix "$(tr ' ' ':' <<<"$1")" "$WORK/atr"
    # A newer list in the home of whoever runs this would win, and one that was fetched in vain is empty.
    HOME=$WORK/no-home XDG_CACHE_HOME=$WORK/no-home bounded pcsc_scan -t 2 >"$WORK/scan" 2>&1 || true
    cat "$WORK/scan"
    grep -q "ATR: $1" "$WORK/scan"
    [[ -z ${2:-} ]] || grep -qF "$2" "$WORK/scan"
}

# Cards and orders as they are printed.
the_book_gives_orders() {
    of_the_book 'sim-card --persona doctor-gp-cps4 --persona insured-alone' | sed 's/^sim-card .*&$/set -ex/' >"$WORK/orders"
    cat "$WORK/orders"
    trap 'stop desk' EXIT
    rm -f /tmp/desk
    start desk "$WORK/desk.log" \
        "$SIM_CARD" --persona doctor-gp-cps4 --persona insured-alone --control /tmp/desk \
        --reader "$WORK/reader-0" --reader "$WORK/reader-1"
    wait_until test -S /tmp/desk
    PATH=$TARGET/release:$PATH bounded bash "$WORK/orders" | tee "$WORK/desk.status"
    grep -q '^doctor-gp-cps4: in reader 0, CPS4' "$WORK/desk.status"
    grep -q '^insured-alone: in reader 1, Vitale 2' "$WORK/desk.status"
    "$SIM_CARD" --control /tmp/desk --order end
    wait_until runs_no_more desk
    refuses test -e /tmp/desk
}

# four_cards_come_and_go CYCLES: each as often, in four virtual readers at once.
four_cards_come_and_go() {
    mkdir "$WORK/four-readers"
    interruptible "$ROOT/scripts/tests/four_readers.sh" "$WORK/four-readers" "$SIM_CARD" "$READER_DRIVER" "$1"
    rm -r "$WORK/four-readers"
}

persona_under_opensc() {
    local persona=$1 name
    prepare "$persona-insert" insert_card cps3 --persona "$persona" --trace - || return 0
    for name in opensc_recognises opensc_lists; do
        check "$persona-$name" "$name" "$persona"
    done
    if [[ $persona == *-blocked-* ]]; then
        check "$persona-opensc_finds_the_code_blocked" opensc_finds_the_code_blocked "$persona"
    else
        for name in opensc_logs_in_and_signs opensc_fails_on_protected_data opensc_fails_with_the_signature_key; do
            check "$persona-$name" "$name" "$persona"
        done
    fi
    prepare "$persona-remove" remove_card || true
}

personas_under_opensc_checks() {
    local persona
    for persona in $(cps3_personas); do
        persona_under_opensc "$persona"
    done
    prepare cps3-insert-for-its-atr insert_card cps3 && {
        check cps3-pcsc_tools_name_the_atr pcsc_tools_show \
            '3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00' 'Carte Profesionnel de Santé'
        prepare cps3-remove-for-its-atr remove_card
    }
    prepare cps4-insert-for-its-atr insert_card cps4 && {
        check cps4-pcsc_tools_show_the_atr pcsc_tools_show '3B 9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 44'
        prepare cps4-remove-for-its-atr remove_card
    }
    check the_book_gives_orders the_book_gives_orders
    # A hundred insertions in all.
    check four_cards_in_four_readers four_cards_come_and_go 25
}
