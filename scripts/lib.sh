# shellcheck shell=bash
# Helpers shared by the scripts beside it; what the checks of conformance use as well is in shared.sh. Sourcing this file defines functions and runs nothing else.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET=$(cd "$ROOT" && realpath -m "${CARGO_TARGET_DIR:-target}")
MODULE=$TARGET/release/libcpx_pkcs11.so
SIM_CARD=$TARGET/release/sim-card
LAB_PKI=$TARGET/release/lab-pki
READER_DRIVER=$TARGET/release/libsim_cards_reader.so

# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$ROOT/scripts/shared.sh"

# pcscd stands in sbin, which a user's PATH may lack.
PATH=$PATH:/usr/sbin:/sbin

# What a build needs, and what the real stack and its clients need.
# shellcheck disable=SC2034 # used by the scripts that source this file
BUILD_PACKAGES=(gcc libc6-dev pkg-config libpcsclite-dev)
# shellcheck disable=SC2034
RUN_PACKAGES=(pcscd openssl libengine-pkcs11-openssl libnss3-tools procps util-linux)

# shellcheck disable=SC2034
VIRTUAL_READER='Virtual PCD 00 00'

# --- What the person sees -------------------------------------------------------------------------------------

title() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    warn "$*"
    exit 1
}

# show_log FILE: the end of a log, indented, so that a failure explains itself.
show_log() {
    printf '   --- %s\n' "${1##*/}" >&2
    tail -n 40 "$1" | cut -c 1-240 | sed 's/^/   | /' >&2
}

# --- Time -----------------------------------------------------------------------------------------------------

# Seconds for whatever is waited for, and for a program that should take seconds: many times what it takes, so that a
# busy machine changes nothing. Builds and installations have no bound.
PATIENCE=${PATIENCE:-300}

# bounded COMMAND...: a program that hangs is ended, and that is said.
bounded() {
    local status=0
    interruptible timeout --foreground --kill-after=10 "$PATIENCE" "$@" || status=$?
    ((status != 124)) || warn "ended after $PATIENCE s: $*"
    return "$status"
}

# interruptible COMMAND...: a shell acts on a signal only between foreground commands, but at once while it waits for
# one in the background; `clean_up` then ends the command.
interruptible() {
    "$@" <&0 &
    wait "$!"
}

# --- Processes and files that must not outlive the script -----------------------------------------------------

WORK=
declare -A RUNNING=()
STARTED=()

# mark_processes ARGUMENTS...: runs this script again, once, with its number in the environment. All that it starts has it
# there, however it is started and whoever its parent is by then.
mark_processes() {
    [[ ${STARTED_BY_SCRIPTS:-} == *":$$:"* ]] || STARTED_BY_SCRIPTS=${STARTED_BY_SCRIPTS:-}:$$: exec "$0" "$@"
}

# find_processes: sets MARKED to the numbers of those that this script has started and that still run.
find_processes() {
    local file pid
    MARKED=()
    while IFS= read -r file; do
        pid=${file#/proc/} pid=${pid%/environ}
        [[ $pid == "$$" ]] || ! runs_at_all "$pid" || MARKED+=("$pid")
    done < <(exec grep -lzsE "^STARTED_BY_SCRIPTS=.*:$$:" /proc/[0-9]*/environ)
}

# runs_at_all PID: a process that has ended keeps its number until its parent has asked for it.
runs_at_all() {
    local status
    { read -r status <"/proc/$1/stat"; } 2>/dev/null || return 1
    [[ ! ${status##*) } =~ ^[ZX] ]]
}

nothing_runs_any_more() {
    find_processes
    ((${#MARKED[@]} == 0))
}

# open_work_dir: a private directory in WORK, removed at exit together with every process that the script started.
open_work_dir() {
    WORK=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# start NAME LOG COMMAND...: runs COMMAND in the background, with the caller's standard input.
start() {
    local name=$1 log=$2
    shift 2
    "$@" <&0 >"$log" 2>&1 &
    RUNNING[$name]=$!
    STARTED+=("$name")
}

runs() { [[ -n ${RUNNING[$1]:-} ]] && kill -0 "${RUNNING[$1]}" 2>/dev/null; }
runs_no_more() { ! runs "$1"; }

# stop NAME: ends the process politely, then surely.
stop() {
    local pid=${RUNNING[$1]:-}
    [[ -n $pid ]] || return 0
    kill "$pid" 2>/dev/null || true
    PATIENCE=30 wait_until runs_no_more "$1" || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    unset "RUNNING[$1]"
}

# end_all_processes: those that `start` did not start, too, such as compilers whose cargo is gone.
end_all_processes() {
    find_processes
    kill "${MARKED[@]}" 2>/dev/null || true
    PATIENCE=30 wait_until nothing_runs_any_more || kill -KILL "${MARKED[@]}" 2>/dev/null || true
}

clean_up() {
    local status=$? i
    trap - EXIT
    trap '' INT TERM HUP
    for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
        stop "${STARTED[i]}"
    done
    end_all_processes
    say_what_was_added
    [[ -z $WORK ]] || rm -rf "$WORK"
    exit "$status"
}

# --- The machine ----------------------------------------------------------------------------------------------

# become_root ARGUMENTS...: packages and pcscd need root; cargo goes back to the calling user (see `builder_runs`).
become_root() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null || die "run this as root, or install sudo"
    exec sudo -- env "PATH=$PATH" "CARGO_TARGET_DIR=$TARGET" "$0" "$@"
}

installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# missing_packages PACKAGE...: those that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        installed "$package" || echo "$package"
    done
}

installed_packages() { dpkg-query --show --showformat='${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed //p' | sort; }

# Packages that were not there before this script, those that others have brought along among them.
ADDED=()

# need_packages PACKAGE...: installs those that are missing, after saying so.
need_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "apt-get is not here, to install: ${missing[*]}"
    note "installing with apt-get, and what they need: ${missing[*]}"
    installed_packages >"$WORK/packages-before"
    interruptible apt_install "${missing[@]}" >"$WORK/apt.log" 2>&1 || {
        show_log "$WORK/apt.log"
        die "apt-get could not install: ${missing[*]}"
    }
    mapfile -t -O "${#ADDED[@]}" ADDED < <(installed_packages | comm -13 "$WORK/packages-before" -)
}

# Another apt may be at work, such as the machine's own upgrades: it is waited for. The lock of the package lists knows no
# time-out.
apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    until apt-get update >"$WORK/apt-update.log" 2>&1; do
        cat "$WORK/apt-update.log"
        grep -q 'Could not get lock' "$WORK/apt-update.log" || return 1
        sleep 1
    done
    apt-get -o DPkg::Lock::Timeout=-1 install --yes --no-install-recommends "$@"
}

# say_what_was_added: and how to take it away.
say_what_was_added() {
    [[ -z ${RUST_ADDED:-} && ${#ADDED[@]} == 0 ]] || title "what was added to this machine"
    ((${#ADDED[@]} == 0)) || {
        note "packages. To take them away: sudo apt-get purge ${ADDED[*]}"
    }
    [[ -z ${RUST_ADDED:-} ]] || note "Rust. To take it away: $RUST_ADDED"
}

# --- Rust -----------------------------------------------------------------------------------------------------

# What this script fetches itself goes here, and nothing of it into the user's home.
RUST_DIR=$TARGET/rust

needed_rust() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml"; }

# Who runs cargo: under sudo the person who called it, so that target/ stays his; otherwise whoever runs this script.
builder() {
    local owner
    ((EUID == 0)) || { id --user --name && return; }
    owner=$(stat --format=%U "$ROOT")
    if [[ ${SUDO_USER:-root} == "$owner" ]]; then echo "$owner"; else echo root; fi
}

builder_home() { getent passwd "$(builder)" | cut -d: -f6; }

# Set by `need_rust`: variables under which the toolchain is found.
RUST_ENVIRONMENT=()

# builder_runs PROGRAM ARGUMENTS...: a program of the Rust toolchain at the root of the workspace, as the builder.
builder_runs() {
    local user home command=()
    user=$(builder) home=$(builder_home)
    ((EUID > 0)) || [[ $user == root ]] || command=(setpriv "--reuid=$user" "--regid=$(id --group "$user")" --init-groups)
    command+=(env "--chdir=$ROOT" "HOME=$home" "USER=$user" "PATH=$home/.cargo/bin:$PATH" "CARGO_TARGET_DIR=$TARGET")
    interruptible "${command[@]}" "${RUST_ENVIRONMENT[@]}" "$@"
}

cargo_here() { builder_runs cargo "$@"; }

# rust_version: of the compiler that is found, or nothing. (rustup's stand-in for it fails without a toolchain.)
rust_version() { { builder_runs rustc --version || true; } 2>/dev/null </dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p'; }

# rust_suffices: a compiler is found, and cargo, and they are new enough.
rust_suffices() {
    local found needed
    found=$(rust_version) needed=$(needed_rust)
    [[ -n $found && $(printf '%s\n' "$needed" "$found" | sort --version-sort | head -n 1) == "$needed" ]] &&
        cargo_here --version >/dev/null 2>&1 </dev/null
}

# has_toolchain NAME: under rustup, which may not be there.
has_toolchain() { builder_runs rustup toolchain list 2>/dev/null </dev/null | grep -q "^$1-"; }

# need_rust: takes the toolchain that is there if it is new enough; otherwise says what is missing, and fetches one.
need_rust() {
    local found own path
    rust_suffices && return
    found=$(rust_version)
    # One that is not the default.
    if has_toolchain stable; then
        RUST_ENVIRONMENT=(RUSTUP_TOOLCHAIN=stable)
        rust_suffices && return
        RUST_ENVIRONMENT=()
    fi
    # One of an earlier run.
    path=$(builder_home)/.cargo/bin:$PATH
    own=("RUSTUP_HOME=$RUST_DIR/rustup" "CARGO_HOME=$RUST_DIR/cargo" "PATH=$RUST_DIR/cargo/bin:$path" RUSTUP_TOOLCHAIN=stable)
    if [[ -d $RUST_DIR ]]; then
        RUST_ENVIRONMENT=("${own[@]}")
        rust_suffices && return
        RUST_ENVIRONMENT=()
    fi
    note "Rust $(needed_rust) or newer is needed; here is ${found:-none}"
    if builder_runs rustup --version >/dev/null 2>&1 </dev/null; then
        note "rustup is here: it fetches the stable toolchain"
        RUST_ENVIRONMENT=(RUSTUP_TOOLCHAIN=stable)
        RUST_ADDED="rustup toolchain uninstall stable"
        builder_runs rustup toolchain install stable --profile minimal || die "rustup could not fetch Rust: see above"
    else
        RUST_ENVIRONMENT=("${own[@]}")
        RUST_ADDED="rm -r $RUST_DIR"
        if ! installed rustc && ! installed cargo && apt_knows rustup; then
            note "Debian's rustup fetches the stable toolchain into $RUST_DIR"
            need_packages rustup
            builder_runs rustup toolchain install stable --profile minimal || die "rustup could not fetch Rust: see above"
        else
            note "rustup's installer, from https://sh.rustup.rs, fetches the stable toolchain into $RUST_DIR"
            rustup_installer
        fi
    fi
    rust_suffices || die "Rust $(needed_rust) is needed, and what was fetched is $(rust_version): see https://rustup.rs"
}

# apt_knows PACKAGE: whether it can be installed from here.
apt_knows() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

# rustup_installer: without a change to the user's home or to his shell's start files.
rustup_installer() {
    command -v curl >/dev/null || need_packages curl ca-certificates
    interruptible curl --proto '=https' --tlsv1.2 --silent --show-error --fail --output "$WORK/rustup-init.sh" \
        https://sh.rustup.rs || die "https://sh.rustup.rs cannot be reached; install Rust yourself: https://rustup.rs"
    # The builder reads it.
    chmod 711 "$WORK"
    chmod 644 "$WORK/rustup-init.sh"
    builder_runs env --unset=RUSTUP_TOOLCHAIN sh "$WORK/rustup-init.sh" -y --no-modify-path --profile minimal --default-toolchain stable ||
        die "rustup's installer could not fetch Rust: see above"
}

# need_nightly: the sanitizers and libFuzzer's instrumentation are not in the stable toolchain.
need_nightly() {
    builder_runs rustc +nightly --version >/dev/null 2>&1 && return
    builder_runs rustup toolchain install nightly --profile minimal || die "no nightly toolchain"
}

# need_rust_component SUBCOMMAND COMPONENT
need_rust_component() {
    cargo_here "$1" --version >/dev/null 2>&1 && return
    builder_runs rustup component add "$2" || die "cargo has no \"$1\": install the Rust component $2"
}

# build_release: the module and the simulator, as they are delivered. cargo says itself how far it is.
build_release() {
    local made
    note "building the release: some minutes the first time, more on a busy machine"
    cargo_here build --locked --release --package cpx-pkcs11 --package sim-cards --package sim-cards-reader --lib --bins || die "the build failed: see above"
    for made in "$MODULE" "$SIM_CARD" "$LAB_PKI" "$READER_DRIVER"; do
        [[ -f $made ]] || die "the build made no $made"
    done
}

# performance_program: builds the benchmark, and says where it is.
performance_program() {
    cargo_here build --package conformance --bench performance --quiet --message-format json |
        sed -n 's/.*"executable":"\([^"]*\/performance-[^"]*\)".*/\1/p'
}

# --- Readers and cards ----------------------------------------------------------------------------------------

# virtual_reader NAME SOCKET: an entry of pcscd's reader.conf, with the driver of the simulated cards.
virtual_reader() {
    printf 'FRIENDLYNAME "%s"\nDEVICENAME unix:%s\nLIBPATH %s\nCHANNELID 0\n' "$1" "$2" "$READER_DRIVER"
}

# disable_polkit: for a pcscd that asks polkit, where there is no system bus to ask, as in a container: it would turn every
# client away.
disable_polkit() {
    [[ -S /run/dbus/system_bus_socket ]] || ! pcscd --help | grep -q -- --disable-polkit || echo --disable-polkit
}

# start_pcscd: one of this script's own, with two virtual readers and no reader of this machine. It knows one place for its socket, and
# gets it for itself in a mount namespace. Where that is not allowed, as in many containers, it stands where others would.
start_pcscd() {
    local dir=$WORK/pcscd
    mkdir -p "$dir" "$WORK/readers" /run/pcscd
    { virtual_reader 'Virtual PCD' "$WORK/reader-0" && virtual_reader 'Virtual PCD' "$WORK/reader-1"; } >"$WORK/readers/virtual"
    if unshare --mount --propagation=private true 2>/dev/null; then
        export PCSCLITE_CSOCK_NAME=$dir/pcscd.comm
        rm -f "$dir"/*
        # shellcheck disable=SC2016,SC2046 # for the shell inside; one word or none
        start pcscd "$WORK/pcscd.log" unshare --mount --propagation=private -- sh -c '
            mount --bind "$1" /run/pcscd || exit
            [ ! -e /dev/bus/usb ] || mount -t tmpfs none /dev/bus/usb
            shift
            exec pcscd --foreground --error --config "$@"
        ' sh "$dir" "$WORK/readers" $(disable_polkit)
    else
        ! pcscd_runs || die "a pcscd runs, and no other can be started beside it without Linux namespaces (CAP_SYS_ADMIN)"
        export PCSCLITE_CSOCK_NAME=/run/pcscd/pcscd.comm
        rm -f /run/pcscd/pcscd.{comm,pid}
        # shellcheck disable=SC2046 # one word or none
        start pcscd "$WORK/pcscd.log" pcscd --foreground --error --config "$WORK/readers" $(disable_polkit)
    fi
    wait_until service_answers_or_left
    [[ -S $PCSCLITE_CSOCK_NAME ]] || {
        show_log "$WORK/pcscd.log"
        warn "pcscd did not start"
        return 1
    }
    note "started a pcscd of our own"
}

pcscd_runs() { pgrep --exact pcscd >/dev/null; }

service_answers_or_left() { [[ -S $PCSCLITE_CSOCK_NAME ]] || runs_no_more pcscd; }

# insert_card KIND [ARGUMENTS...]: puts a simulated card of this kind into the first virtual reader. `card_present` says
# whether one is there, as a client sees it.
insert_card() {
    local kind=$1
    shift
    start card "$WORK/card-$kind.log" "$SIM_CARD" --card "$kind" --reader "$WORK/reader-0" --wait "$@" </dev/null
    wait_until card_present_or_refused
    card_present || {
        show_log "$WORK/card-$kind.log"
        warn "the simulated $kind did not arrive in the virtual reader"
        return 1
    }
}

card_present_or_refused() { card_present || runs_no_more card; }
card_absent() { ! card_present; }

remove_card() {
    stop card
    wait_until card_absent
}
