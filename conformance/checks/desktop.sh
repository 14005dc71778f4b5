# shellcheck shell=bash
# A desktop in the check's namespaces: display, window manager, accessibility bus. A check sees it as a person with a
# screen reader does, and types as a person at the keyboard.

# desktop [WIDTHxHEIGHT]
desktop() {
    export DISPLAY=:1 XDG_RUNTIME_DIR=$WORK/runtime GNOME_ACCESSIBILITY=1
    mkdir -p "$WORK/x11" "$XDG_RUNTIME_DIR" /tmp/.X11-unix
    mount --bind "$WORK/x11" /tmp/.X11-unix
    Xvfb "$DISPLAY" -nolock -nolisten tcp -screen 0 "${1:-1000x700}x24" >"$WORK/xvfb.log" 2>&1 &
    wait_until test -e /tmp/.X11-unix/X1 || fail "the display did not start"
    openbox >"$WORK/openbox.log" 2>&1 &
    DBUS_SESSION_BUS_ADDRESS=$(dbus-daemon --session --fork --print-address)
    export DBUS_SESSION_BUS_ADDRESS
    trap desktop_failed EXIT
    case $SPEAK in
    fr) export LANG=fr_FR.UTF-8 LANGUAGE=fr ;;
    *) export LANG=en_US.UTF-8 LANGUAGE=en ;;
    esac
}

at_desktop() { /usr/bin/python3 "$CLIENTS/desktop.py" "$@"; }

# keys KEY..., as xdotool names them.
keys() { xdotool key --delay 60 "$@"; }

# types TEXT
types() { xdotool type --delay 60 "$1"; }

# wait_for_window REGEX: until one with such a title is on the screen.
wait_for_window() {
    wait_until xdotool search --onlyvisible --name "$1" || fail "no window $1"
}

# picture NAME [WIDTHxHEIGHT+X+Y]: the screen or a part of it, kept with the report.
picture() { keep_picture "$1" -window root ${2:+-crop "$2"} +repage; }

# picture_of_window NAME REGEX: the window with such a title, in its frame.
picture_of_window() { keep_picture "$1" -frame -window "$(xdotool search --onlyvisible --name "$2" | head -n 1)"; }

# keep_picture NAME OPTION...: of import.
keep_picture() {
    local file=$KEEP/$1.png
    import "${@:2}" "$file"
    pngquant --force --skip-if-larger --ext .png "$file" || true
    optipng -quiet "$file"
}

# picture_of NAME REGEX...: the first objects at the desktop whose lines match, and all between them.
picture_of() { picture "$1" "$(at_desktop box "${@:2}")"; }

# A failure leaves a picture of what was to be seen.
desktop_failed() {
    local status=$?
    ((status == 0)) || picture failure || true
    exit "$status"
}
