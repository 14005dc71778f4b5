# shellcheck shell=bash
# Helpers shared by scripts/demo and scripts/test. Sourcing this file defines functions and runs nothing else.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET=$(cd "$ROOT" && realpath -m "${CARGO_TARGET_DIR:-target}")
MODULE=$TARGET/release/libcpx_pkcs11.so
SIM_CARD=$TARGET/release/sim-card
LAB_PKI=$TARGET/release/lab-pki

# pcscd stands in sbin, which a user's PATH may lack.
PATH=$PATH:/usr/sbin:/sbin

# What a build needs, and what the real stack and its clients need.
# shellcheck disable=SC2034 # used by the scripts that source this file
BUILD_PACKAGES=(gcc libc6-dev pkg-config libpcsclite-dev)
# shellcheck disable=SC2034
RUN_PACKAGES=(pcscd vsmartcard-vpcd libccid pcsc-tools opensc openssl libengine-pkcs11-openssl libnss3-tools procps)

VPCD_CONFIG=/etc/reader.conf.d/vpcd
VIRTUAL_READER='Virtual PCD 00 00'
VIRTUAL_READER_PORT=35963

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

# bounded SECONDS COMMAND...: no program may hang the script. In the foreground, so that Ctrl-C reaches it too.
bounded() {
    local seconds=$1
    shift
    timeout --foreground --kill-after=2 "$seconds" "$@"
}

# interruptible COMMAND...: for what takes minutes. A shell acts on a signal only between foreground commands, but at
# once while it waits for one in the background; `clean_up` then ends the command.
interruptible() {
    "$@" <&0 &
    wait "$!"
}

# wait_until SECONDS COMMAND...: polls until COMMAND succeeds; fails when the time is up.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# --- Processes and files that must not outlive the script -----------------------------------------------------

WORK=
declare -A RUNNING=()
STARTED=()

# open_work_dir: a private directory in WORK, removed at exit together with every process that `start` started.
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
    wait_until 3 runs_no_more "$1" || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    unset "RUNNING[$1]"
}

# end_children PID: all that descends from it, the youngest first.
end_children() {
    local child
    for child in $(pgrep -P "$1" || true); do
        end_children "$child"
        kill "$child" 2>/dev/null || true
    done
}

clean_up() {
    local status=$? i
    trap - EXIT
    for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
        stop "${STARTED[i]}"
    done
    end_children "$$"
    [[ -z $WORK ]] || rm -rf "$WORK"
    exit "$status"
}

# --- The machine ----------------------------------------------------------------------------------------------

# become_root ARGUMENTS...: packages and pcscd need root; cargo goes back to the calling user (see `cargo_here`).
become_root() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null || die "run this as root, or install sudo"
    exec sudo -- env "PATH=$PATH" "CARGO_TARGET_DIR=$TARGET" "$0" "$@"
}

installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
    command -v apt-get >/dev/null || die "this script installs what it needs with apt-get: it wants Debian"
    local package missing=()
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    note "installing ${missing[*]}"
    interruptible apt_install "${missing[@]}" >"$WORK/apt.log" 2>&1 || {
        show_log "$WORK/apt.log"
        die "apt-get could not install: ${missing[*]}"
    }
}

# Another apt may be at work, such as the machine's own upgrades: it is waited for. The lock of the package lists knows no time-out.
apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    wait_until 60 bounded 300 apt-get update || bounded 300 apt-get update || return
    bounded 900 apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"
}

# Who runs cargo: under sudo the person who called it, so that target/ stays his; otherwise root itself.
builder() {
    local owner
    owner=$(stat --format=%U "$ROOT")
    if [[ ${SUDO_USER:-root} == "$owner" ]]; then echo "$owner"; else echo root; fi
}

# builder_runs PROGRAM ARGUMENTS...: a program of the Rust toolchain at the root of the workspace, as the builder, for
# BUILDER_SECONDS at the most.
builder_runs() {
    local user home command=()
    user=$(builder)
    home=$(getent passwd "$user" | cut -d: -f6)
    [[ $user == root ]] || command=(sudo -u "$user" --)
    command+=(env "HOME=$home" "PATH=$home/.cargo/bin:$PATH" "CARGO_TARGET_DIR=$TARGET")
    (cd "$ROOT" && bounded "${BUILDER_SECONDS:-1200}" "${command[@]}" "$@")
}

cargo_here() { builder_runs cargo "$@"; }

need_rust() {
    cargo_here --version >/dev/null 2>&1 || die "no Rust toolchain found: install one from https://rustup.rs"
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

# build_release: the module and the simulator, as they are delivered.
build_release() {
    note "building the release"
    interruptible cargo_here build --locked --release --workspace --bins --lib --quiet
    local made
    for made in "$MODULE" "$SIM_CARD" "$LAB_PKI"; do
        [[ -f $made ]] || die "the build made no $made"
    done
}

# performance_program: builds the benchmark, and says where it is.
performance_program() {
    cargo_here build --package conformance --bench performance --quiet --message-format json |
        sed -n 's/.*"executable":"\([^"]*\/performance-[^"]*\)".*/\1/p'
}

# --- Readers and cards ----------------------------------------------------------------------------------------

# readers: one line per PC/SC reader, "Nr Card Features Name"; Card is Yes or No.
readers() { bounded 10 opensc-tool --list-readers 2>/dev/null | grep -E '^[0-9]+ +(Yes|No) '; }

virtual_reader_listed() { readers | grep -qF "$VIRTUAL_READER"; }
virtual_card_present() { readers | grep -F "$VIRTUAL_READER" | grep -qE '^[0-9]+ +Yes '; }
virtual_card_absent() { ! virtual_card_present; }
any_card_present() { readers | grep -qE '^[0-9]+ +Yes '; }

# processes_named NAME: their numbers, of this file system only: a pcscd in a container is not ours.
processes_named() { pgrep --ns "$$" --nslist mnt -x "$1"; }

# start_pcscd: in the foreground of this script, which ends it. There may be no systemd here.
start_pcscd() {
    local options=(--foreground --error)
    # Built with polkit and without a system bus to ask, as in a container, pcscd turns every client away.
    if [[ ! -S /run/dbus/system_bus_socket ]] && pcscd --help | grep -q -- --disable-polkit; then
        options+=(--disable-polkit)
    fi
    install -d /run/pcscd
    start pcscd "$WORK/pcscd.log" pcscd "${options[@]}"
    note "started pcscd"
}

# ensure_virtual_reader: a pcscd that has vpcd, the one that runs or our own, and no card in its first slot.
ensure_virtual_reader() {
    if ! virtual_reader_listed; then
        if [[ ! -f $VPCD_CONFIG ]]; then
            warn "$VPCD_CONFIG is missing: pcscd does not know the virtual reader"
            return 1
        elif processes_named pcscd >/dev/null; then
            warn "a pcscd runs without the virtual reader: restart it, so that it reads $VPCD_CONFIG"
            return 1
        fi
        start_pcscd
        wait_until 15 virtual_reader_listed || {
            show_log "$WORK/pcscd.log"
            warn "pcscd does not list the virtual reader"
            return 1
        }
    fi
    virtual_card_absent || {
        warn "the virtual reader already holds a card: take it out first"
        return 1
    }
}

ensure_pcscd() {
    readers | grep -q . && return
    processes_named pcscd >/dev/null || start_pcscd
}

# insert_card KIND [ARGUMENTS...]: puts a simulated card of this kind into the virtual reader.
insert_card() {
    local kind=$1
    shift
    start card "$WORK/card-$kind.log" \
        "$SIM_CARD" --card "$kind" --port "$VIRTUAL_READER_PORT" --wait "$@" </dev/null
    wait_until 15 virtual_card_present || {
        show_log "$WORK/card-$kind.log"
        warn "the simulated $kind did not arrive in the virtual reader"
        return 1
    }
}

remove_card() {
    stop card
    wait_until 10 virtual_card_absent
}
