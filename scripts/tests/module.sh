# shellcheck shell=bash
# The module through pcscd and the virtual reader, under OpenSC's pkcs11-tool; OpenSSL verifies every result.

CODE=1234
WRONG_CODE=9999
# DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1).
SHA256_DIGEST_INFO='\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20'

SIGNATURE_KEY=CPS_PRIV_SIG
AUTH_KEY=CPS_PRIV_AUT
declare -A CERTIFICATE_OF=(
    [CPS_PRIV_SIG]='Certificat de Signature CPS'
    [CPS_PRIV_AUT]="Certificat d'Authentification CPS"
    [CPS_PRIV_TECH_AUT]='Certificat Technique CPS'
)
declare -A MECHANISMS_OF=(
    [cps3]='RSA-PKCS SHA1-RSA-PKCS SHA256-RSA-PKCS'
    [cps4]='RSA-PKCS SHA1-RSA-PKCS SHA256-RSA-PKCS RSA-PKCS-PSS SHA1-RSA-PKCS-PSS SHA256-RSA-PKCS-PSS'
)

ours() { bounded pkcs11-tool --module "$MODULE" "$@"; }
ours_logged_in() { CARD_CODE=$CODE ours --login --pin env:CARD_CODE "$@"; }

# count PATTERN: lines of standard input that match.
count() { grep -c -- "$1" || true; }

equals() {
    echo "expected: $1; found: $2"
    [[ $1 == "$2" ]]
}

# --- What the token shows -------------------------------------------------------------------------------------

token_names_its_card() {
    ours --list-slots | tee /dev/stderr | grep -q "token label *: .*${1^^}"
}

certificates_and_public_keys_need_no_login() {
    ours --list-objects >"$WORK/objects"
    cat "$WORK/objects"
    equals 2 "$(count '^Certificate Object' <"$WORK/objects")"
    equals 2 "$(count '^Public Key Object' <"$WORK/objects")"
    equals 0 "$(count '^Private Key Object' <"$WORK/objects")"
}

private_keys_appear_after_login() {
    ours_logged_in --list-objects --type privkey >"$WORK/objects"
    cat "$WORK/objects"
    equals 2 "$(count '^Private Key Object' <"$WORK/objects")"
    grep -q "label: *$SIGNATURE_KEY" "$WORK/objects"
    grep -q "label: *$AUTH_KEY" "$WORK/objects"
}

listed_signature_mechanisms() { ours --list-mechanisms | sed -n 's/^  \([^,]*\),.*sign.*/\1/p' | sort | xargs; }

# What is listed works with every key of the slot (the signatures below), and nothing more is listed.
mechanism_list_tells_the_truth() {
    # shellcheck disable=SC2086 # the list is split on purpose
    equals "$(printf '%s\n' ${MECHANISMS_OF[$1]} | sort | xargs)" "$(listed_signature_mechanisms)"
}

# --- Signatures -----------------------------------------------------------------------------------------------

# public_key_of KEY: PEM, from the certificate that the module shows.
public_key_of() {
    ours --read-object --type cert --label "${CERTIFICATE_OF[$1]}" --output-file "$WORK/$1.der"
    openssl x509 -inform DER -in "$WORK/$1.der" -noout -pubkey >"$WORK/$1.pub"
}

# id_of KEY [TOOL]: its CKA_ID, which is its certificate's. pkcs11-tool chooses a key by ID only, and any key where there is
# none.
id_of() { certificate_id "${CERTIFICATE_OF[$1]}" "${2:-ours}"; }

# sign KEY MECHANISM MESSAGE SIGNATURE: the application hashes what the mechanism does not.
sign() {
    local id input=$3 options=()
    case $2 in
        RSA-PKCS)
            input=$WORK/input
            { printf '%b' "$SHA256_DIGEST_INFO" && openssl dgst -sha256 -binary "$3"; } >"$input"
            ;;
        RSA-PKCS-PSS)
            input=$WORK/input
            options=(--hash-algorithm SHA256)
            openssl dgst -sha256 -binary "$3" >"$input"
            ;;
    esac
    id=$(id_of "$1") || return
    ours_logged_in --sign --id "$id" --mechanism "$2" "${options[@]}" --input-file "$input" --output-file "$4"
}

# openssl_verifies KEY MECHANISM MESSAGE SIGNATURE
openssl_verifies() {
    local hash=sha256 scheme=pkcs1
    [[ $2 != SHA1-* ]] || hash=sha1
    [[ $2 != *-PSS ]] || scheme=pss
    openssl_takes "$scheme" "$hash" "$WORK/$1.pub" "$3" "$4"
}

signature_verifies() {
    public_key_of "$1"
    make_message "$WORK/message"
    sign "$1" "$2" "$WORK/message" "$WORK/signature"
    openssl_verifies "$1" "$2" "$WORK/message" "$WORK/signature"
    echo >>"$WORK/message"
    refuses openssl_verifies "$1" "$2" "$WORK/message" "$WORK/signature"
}

two_programs_sign_at_once() {
    local number
    make_message "$WORK/message"
    public_key_of "$AUTH_KEY"
    public_key_of "$SIGNATURE_KEY"
    for number in 1 2 3; do
        sign "$AUTH_KEY" SHA256-RSA-PKCS "$WORK/message" "$WORK/auth-$number" &
        local auth=$!
        sign "$SIGNATURE_KEY" SHA256-RSA-PKCS "$WORK/message" "$WORK/sig-$number"
        wait "$auth"
        openssl_verifies "$AUTH_KEY" SHA256-RSA-PKCS "$WORK/message" "$WORK/auth-$number"
        openssl_verifies "$SIGNATURE_KEY" SHA256-RSA-PKCS "$WORK/message" "$WORK/sig-$number"
    done
}

# --- The rest of the card -------------------------------------------------------------------------------------

authentication_key_deciphers() {
    local id
    id=$(id_of "$AUTH_KEY")
    public_key_of "$AUTH_KEY"
    openssl rand -out "$WORK/plain" 48
    openssl pkeyutl -encrypt -pubin -inkey "$WORK/$AUTH_KEY.pub" -in "$WORK/plain" -out "$WORK/enciphered"
    ours_logged_in --decrypt --id "$id" --mechanism RSA-PKCS \
        --input-file "$WORK/enciphered" --output-file "$WORK/deciphered"
    cmp "$WORK/plain" "$WORK/deciphered"
}

digest_equals_openssl() {
    make_message "$WORK/message"
    ours --hash --mechanism SHA256 --input-file "$WORK/message" --output-file "$WORK/digest"
    openssl dgst -sha256 -binary "$WORK/message" | cmp - "$WORK/digest"
}

random_comes_from_the_card() {
    ours --generate-random 64 --output-file "$WORK/random-1"
    ours --generate-random 64 --output-file "$WORK/random-2"
    equals 64 "$(stat --format=%s "$WORK/random-1")"
    refuses cmp "$WORK/random-1" "$WORK/random-2"
}

# --- Codes ----------------------------------------------------------------------------------------------------

token_flags() { ours --list-slots | sed -n 's/^ *token flags *: //p'; }
no_try_is_lost() {
    local flags
    flags=$(token_flags)
    echo "flags: $flags"
    [[ $flags == *'PIN initialized'* && ! $flags =~ (PIN count low|final user PIN try|PIN locked) ]]
}

# present CODE EXPECTED: a login that must fail with this CKR name.
present() {
    refuses ours --login --pin "$1" --list-objects >"$WORK/login" 2>&1
    cat "$WORK/login"
    grep -q "C_Login failed.*$2" "$WORK/login"
}

# CKR_PIN_LEN_RANGE is only for functions that set a PIN (PKCS #11 v3.2, function return values).
malformed_code_costs_no_try() {
    present 12 CKR_PIN_INCORRECT
    present 1234567890123 CKR_PIN_INCORRECT
    present 12ab CKR_PIN_INCORRECT
    no_try_is_lost
}

wrong_code_costs_one_try_and_shows() {
    no_try_is_lost
    present "$WRONG_CODE" CKR_PIN_INCORRECT
    token_flags
    refuses no_try_is_lost
    ours_logged_in --list-objects --type privkey
    no_try_is_lost
}

code_changes_and_changes_back() {
    local other=4711
    ours --login --pin "$CODE" --change-pin --new-pin "$other"
    present "$CODE" CKR_PIN_INCORRECT
    ours --login --pin "$other" --change-pin --new-pin "$CODE"
    ours_logged_in --list-objects --type privkey
}

third_wrong_code_locks() {
    present "$WRONG_CODE" CKR_PIN_INCORRECT
    present "$WRONG_CODE" CKR_PIN_INCORRECT
    present "$WRONG_CODE" 'CKR_PIN_\(INCORRECT\|LOCKED\)'
    present "$CODE" CKR_PIN_LOCKED
    token_flags | tee /dev/stderr | grep -qi 'locked'
}

# --- Services, and cards that come and go ---------------------------------------------------------------------

# No service is not an error of the application's: it has no reader, now. (pkcs11-tool ends with 1 over an empty list.)
no_service_means_no_slot() {
    PCSCLITE_CSOCK_NAME=$WORK/no-service ours --list-slots >"$WORK/slots" 2>&1 || true
    cat "$WORK/slots"
    grep -qx 'No slots.' "$WORK/slots"
    refuses grep -i 'fail' "$WORK/slots"
}

empty_slot_stays_listed() {
    ours --list-slots | tee "$WORK/slots"
    grep -q "$VIRTUAL_READER" "$WORK/slots"
    grep -q '(empty)' "$WORK/slots"
    refuses grep -q 'token label' "$WORK/slots"
}

signature_checks() {
    local kind=$1 key mechanism
    for key in "$AUTH_KEY" "$SIGNATURE_KEY"; do
        for mechanism in ${MECHANISMS_OF[$kind]}; do
            check "$kind-$key-$mechanism" signature_verifies "$key" "$mechanism"
        done
    done
}

# card_checks KIND: with this card in the reader. The last one leaves the card locked.
card_checks() {
    local kind=$1 name
    check "$kind-token_names_its_card" token_names_its_card "$kind"
    check "$kind-mechanism_list_tells_the_truth" mechanism_list_tells_the_truth "$kind"
    for name in certificates_and_public_keys_need_no_login private_keys_appear_after_login \
        authentication_key_deciphers digest_equals_openssl random_comes_from_the_card; do
        check "$kind-$name" "$name"
    done
    signature_checks "$kind"
    for name in two_programs_sign_at_once malformed_code_costs_no_try wrong_code_costs_one_try_and_shows \
        code_changes_and_changes_back third_wrong_code_locks; do
        check "$kind-$name" "$name"
    done
}

module_checks() {
    local kind
    check no_service_means_no_slot no_service_means_no_slot
    for kind in cps3 cps4; do
        prepare "$kind-insert" insert_card "$kind" || continue
        card_checks "$kind"
        prepare "$kind-remove" remove_card || true
        check "$kind-empty_slot_stays_listed" empty_slot_stays_listed
    done
}
