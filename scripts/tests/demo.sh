# shellcheck shell=bash
# scripts/demo itself: that it succeeds, that it can fail, that it leaves nothing behind; and how the two commands come to Rust.

# left_by NUMBER: processes that carry this mark (mark_processes) in their environment.
left_by() {
    local pid
    while IFS= read -r pid; do
        pid=${pid#/proc/} pid=${pid%/environ}
        ! runs_at_all "$pid" || echo "$pid"
    done < <(exec grep -lzsE "^STARTED_BY_SCRIPTS=.*:$1:" /proc/[0-9]*/environ)
}

# listeners_of NUMBER: addresses but those of the loopback at which they listen for TCP.
listeners_of() {
    local pids address users
    pids=" $(left_by "$1" | xargs) "
    while read -r _ _ _ address _ users; do
        [[ ! $address =~ ^(127\.|\[::1\]) && $users =~ pid=([0-9]+) && $pids == *" ${BASH_REMATCH[1]} "* ]] || continue
        echo "$address"
    done < <(ss --no-header --listening --tcp --numeric --processes)
}

# watched COMMAND...: runs it. Nobody outside this machine may reach what it starts; when it has ended, nothing of it may be left.
watched() {
    local mark=$BASHPID$RANDOM program now left status=0
    STARTED_BY_SCRIPTS=$STARTED_BY_SCRIPTS:$mark: "$@" &
    program=$!
    while kill -0 "$program" 2>/dev/null; do
        now=$(listeners_of "$mark")
        [[ -z $now ]] || { echo "somebody listens: $now" && status=1 && kill "$program"; }
        sleep 0.3
    done
    wait "$program" || status=$?
    left=$(left_by "$mark")
    equals '' "$left" && return "$status"
    # shellcheck disable=SC2086 # numbers
    kill $left
    return 1
}

# What `watched` looks for can be seen.
leftovers_would_be_seen() {
    watched true
    refuses watched false
    refuses watched bash -c 'setsid sleep 300 &'
    refuses watched python3 -c 'import socket, time; s = socket.create_server(("", 0)); time.sleep(300)'
    watched timeout 3 python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); time.sleep(300)' || [[ $? == 124 ]]
}

demo_succeeds() {
    watched "$ROOT/scripts/demo"
    [[ ! -e /run/pcscd/pcscd.comm || $PCSCD_BEFORE == yes ]]
}

# A server that does not know the card's authorities must refuse the card, and the demonstration must say so.
demo_fails_before_a_foreign_authority() {
    foreign_authority
    refuses interruptible "$ROOT/scripts/demo" --ca "$WORK/foreign.pem" >"$WORK/foreign.log" 2>&1
    cat "$WORK/foreign.log"
    grep -q 'Foreign authority: NOT a root of IGC-Santé' "$WORK/foreign.log"
    grep -q 'verify error' "$WORK/foreign.log"
}

foreign_authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/foreign.key" -out "$WORK/foreign.pem" -days 1 \
        -subj '/C=FR/O=LAB/CN=Foreign authority'
}

# With a card of one's own, an authority that anybody can have made is refused before anything is asked.
foreign_authority_is_refused_for_a_card_of_ones_own() {
    local file
    foreign_authority
    # The roots of the simulated cards are nobody's either.
    "$LAB_PKI" --out "$WORK/lab-of-demo" >/dev/null
    openssl x509 -in "$WORK/foreign.pem" -outform DER -out "$WORK/foreign.der"
    for file in "$WORK/foreign.pem" "$WORK/lab-of-demo/ca-bundle.pem" "$WORK/foreign.der"; do
        refuses interruptible "$ROOT/scripts/demo" --reader --ca "$file" >"$WORK/refused.log" 2>&1
        cat "$WORK/refused.log"
        grep -qE 'not every root in .* is one of IGC-Santé|holds no root certificate' "$WORK/refused.log"
        refuses grep -q 'Code of the card' "$WORK/refused.log"
    done
}

# What docs/demo.md prints is what the demonstration compares.
the_document_prints_the_same_roots() {
    local print
    sed -n 's/^    \[\([0-9A-F:]\{95\}\)\]=\([A-Z]*\)$/\1 \2/p' "$ROOT/scripts/demo" >"$WORK/roots"
    equals 3 "$(wc -l <"$WORK/roots")"
    while read -r print name; do
        grep -qF "| AC RACINE IGC-SANTE $name | \`$print\` |" "$ROOT/docs/demo.md"
    done <"$WORK/roots"
}

# --- A build that fails, and one that is interrupted ----------------------------------------------------------

# script_with_tools NAME: a script like the others, with the tools in $WORK/NAME/bin and nothing of the builder's own; the rest
# of it comes from standard input.
script_with_tools() {
    mkdir -p "$WORK/$1/bin" "$WORK/$1/home"
    chmod 711 "$WORK"
    {
        cat <<TEXT
#!/bin/bash
set -euo pipefail
PATH=$WORK/$1/bin:/usr/bin:/bin
source "$ROOT/scripts/lib.sh"
TARGET=$WORK/$1/target RUST_DIR=$WORK/$1/target/rust
builder_home() { echo "$WORK/$1/home"; }
mark_processes "\$@"
open_work_dir
TEXT
        cat
    } >"$WORK/$1/script"
    chmod 755 "$WORK/$1/script"
}

# tool NAME OF_SCRIPT: a stand-in; what it does comes from standard input.
tool() {
    { echo '#!/bin/bash' && cat; } >"$WORK/$2/bin/$1"
    chmod 755 "$WORK/$2/bin/$1"
}

failed_build_says_so() {
    script_with_tools failing <<<'build_release'
    tool cargo failing <<<'echo "error: no such luck" >&2; exit 101'
    refuses "$WORK/failing/script" >"$WORK/failing.log" 2>&1
    cat "$WORK/failing.log"
    grep -q 'error: no such luck' "$WORK/failing.log"
    grep -q 'the build failed' "$WORK/failing.log"
}

# Its compilers run on without it, in a session of their own.
interrupted_build_leaves_nothing() {
    local signal script
    script_with_tools interrupted <<<'build_release'
    tool cargo interrupted <<<'setsid sleep 4711 & setsid sleep 4712 & sleep 4713'
    for signal in TERM INT HUP; do
        # A shell without job control has its children ignore INT from the keyboard, nohup has all of them ignore HUP:
        # both are sent here as from a terminal.
        env --default-signal=INT,HUP "$WORK/interrupted/script" >"$WORK/interrupted.log" 2>&1 &
        script=$!
        wait_until all_compile "$script"
        kill "-$signal" "$script"
        refuses wait "$script"
        cat "$WORK/interrupted.log"
        equals '' "$(left_by "$script")"
    done
}

all_compile() { (($(left_by "$1" | wc -l) >= 4)); }

# --- Rust -----------------------------------------------------------------------------------------------------

# rust_of CASE: what the script says and does about Rust with the tools of this case.
rust_of() {
    script_with_tools "$1" <<'TEXT'
installed() { [[ $1 == "${DEBIAN_HAS:-}" ]]; }
apt_knows() { [[ $1 == "${DEBIAN_OFFERS:-}" ]]; }
need_packages() { echo "installs: $*" && [[ $* != *rustup* ]] || ln -s "$STAND_INS/rustup" "${STAND_INS%/stand-ins}/bin/rustup"; }
need_rust
echo "takes: $(rust_version) ${RUST_ENVIRONMENT[*]}"
TEXT
    mkdir -p "$WORK/$1/stand-ins"
    tool curl "$1" <<'TEXT'
echo "fetches: ${*: -1}"
stand_ins=$(dirname "$0")/../stand-ins
cat >"$(sed 's/.*--output \([^ ]*\).*/\1/' <<<"$*")" <<INSTALLER
echo "installer: \$*"
mkdir -p "\$CARGO_HOME/bin"
cp "$stand_ins/new-rustc" "\$CARGO_HOME/bin/rustc"
cp "$stand_ins/new-rustc" "\$CARGO_HOME/bin/cargo"
INSTALLER
TEXT
    printf '#!/bin/sh\necho "rustc 1.%s.0 (of a stand-in)"\n' 63 >"$WORK/$1/stand-ins/old-rustc"
    printf '#!/bin/sh\necho "rustc 99.0.0 (of a stand-in)"\n' >"$WORK/$1/stand-ins/new-rustc"
    # rustup as a program beside which a toolchain appears when it is told to fetch one.
    cat >"$WORK/$1/stand-ins/rustup" <<TEXT
#!/bin/bash
case "\$*" in
    'toolchain list') [[ ! -e $WORK/$1/stable ]] || echo stable-x86_64 ;;
    'toolchain install stable --profile minimal')
        echo "rustup: \$* RUSTUP_HOME=\${RUSTUP_HOME:-}"
        cp "$WORK/$1/stand-ins/new-rustc" "$WORK/$1/bin/rustc"
        cp "$WORK/$1/stand-ins/new-rustc" "$WORK/$1/bin/cargo"
        ;;
    --version) echo rustup 1 ;;
esac
TEXT
    chmod 755 "$WORK/$1"/stand-ins/*
}

# has CASE old|new: Rust is in PATH.
has() {
    cp "$WORK/$1/stand-ins/$2-rustc" "$WORK/$1/bin/rustc"
    cp "$WORK/$1/stand-ins/$2-rustc" "$WORK/$1/bin/cargo"
}

# says CASE [VARIABLE=VALUE...]: runs it; its words are in $WORK/CASE.log.
says() {
    local status=0
    env STAND_INS="$WORK/$1/stand-ins" "${@:2}" "$WORK/$1/script" >"$WORK/$1.log" 2>&1 || status=$?
    echo "== $1" && cat "$WORK/$1.log"
    return "$status"
}

rust_is_taken_or_fetched() {
    rust_of new && has new new && says new
    equals 'takes: 99.0.0 ' "$(<"$WORK/new.log")"

    rust_of none && says none
    grep -q "Rust $(needed_rust) or newer is needed; here is none" "$WORK/none.log"
    grep -q "from https://sh.rustup.rs" "$WORK/none.log"
    grep -q 'fetches: https://sh.rustup.rs' "$WORK/none.log"
    grep -q 'installer: -y --no-modify-path --profile minimal --default-toolchain stable' "$WORK/none.log"
    grep -q "To take it away: rm -r $WORK/none/target/rust" "$WORK/none.log"
    # The second time it is there.
    says none
    refuses grep -q fetches "$WORK/none.log"
    grep -q 'takes: 99.0.0 ' "$WORK/none.log"

    # Debian 12 with Debian's own compiler, and Debian 13 with its own, beside which its rustup cannot be.
    rust_of debian12 && has debian12 old && says debian12 DEBIAN_HAS=cargo
    grep -q "here is 1.63.0" "$WORK/debian12.log"
    grep -q 'fetches: https://sh.rustup.rs' "$WORK/debian12.log"
    grep -q 'takes: 99.0.0 ' "$WORK/debian12.log"
    rust_of both && has both old && says both DEBIAN_HAS=rustc DEBIAN_OFFERS=rustup
    grep -q 'fetches: https://sh.rustup.rs' "$WORK/both.log"

    # Debian 13 without any.
    rust_of debian13 && says debian13 DEBIAN_OFFERS=rustup
    grep -qx 'installs: rustup' "$WORK/debian13.log"
    grep -q "rustup: toolchain install stable --profile minimal RUSTUP_HOME=$WORK/debian13/target/rust/rustup" "$WORK/debian13.log"
    refuses grep -q fetches: "$WORK/debian13.log"
    grep -q 'takes: 99.0.0 ' "$WORK/debian13.log"

    # rustup with an old toolchain.
    rust_of rustup && has rustup old && cp "$WORK/rustup/stand-ins/rustup" "$WORK/rustup/bin" && says rustup
    grep -q 'rustup: toolchain install stable --profile minimal RUSTUP_HOME=$' "$WORK/rustup.log"
    grep -q 'To take it away: rustup toolchain uninstall stable' "$WORK/rustup.log"
}

demo_checks() {
    local name
    if [[ -e /run/pcscd/pcscd.comm ]]; then PCSCD_BEFORE=yes; else PCSCD_BEFORE=no; fi
    for name in leftovers_would_be_seen demo_succeeds demo_fails_before_a_foreign_authority \
        foreign_authority_is_refused_for_a_card_of_ones_own the_document_prints_the_same_roots failed_build_says_so \
        interrupted_build_leaves_nothing rust_is_taken_or_fetched; do
        check "$name" "$name"
    done
}
