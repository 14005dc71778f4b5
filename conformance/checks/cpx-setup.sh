# shellcheck shell=bash
# Programs that `cpx setup` has told of the card, and what it leaves when that is undone.

# over DIRECTORY: one of the check's own in its place.
over() {
    mkdir -p "$1" "$WORK/over$1"
    mount --bind "$WORK/over$1" "$1"
}

# Where cpx keeps what files were, for the whole machine: lanes run at once.
over /var/lib/cpx

# set_up FILE OPTION...: `cpx setup OPTION...`, which writes FILE and says so. What FILE was is kept for `undone`.
set_up() {
    SET_UP=$1
    shift
    ! [[ -e $SET_UP ]] || cp "$SET_UP" "$WORK/as-it-was"
    "$CPX" setup "$@" --module "$MODULE" --lang en | tee "$WORK/setup.log"
    grep -qF "$SET_UP" "$WORK/setup.log" || fail "cpx says nothing of $SET_UP"
    cat "$SET_UP"
}

# undone OPTION...: the file is again what it was, byte by byte, or is not there.
undone() {
    "$CPX" setup "$@" --module "$MODULE" --undo --lang en
    if [[ -e $WORK/as-it-was ]]; then
        cmp "$WORK/as-it-was" "$SET_UP" || fail "$SET_UP is not what it was"
    else
        [[ ! -e $SET_UP ]] || fail "$SET_UP is still there"
    fi
}
