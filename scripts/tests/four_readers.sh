#!/bin/bash
# Four cards in four virtual readers, in a mount, network and process namespace with a pcscd of its own.
#
# Usage: four_readers.sh DIRECTORY SIM_CARD CYCLES. DIRECTORY is empty and keeps the logs.

set -euo pipefail

if [[ ${1:-} != --inside ]]; then
    exec unshare --mount --propagation=private --net --pid --fork --mount-proc -- "$0" --inside "$@"
fi
DIRECTORY=$2 SIM_CARD=$3 CYCLES=$4

ip link set lo up
mkdir -p /run/pcscd
mount -t tmpfs tmpfs /run/pcscd

# A copy of the driver serves two readers, at the port of its channel and at the next: its state is one array for the
# whole library, whatever the channel. pcscd tells entries apart by their names.
DRIVER=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
mkdir "$DIRECTORY/readers"
for entry in 'First 0x8C7B' 'Second 0x8C7D'; do
    read -r name channel <<<"$entry"
    cp "$DRIVER" "$DIRECTORY/$name.so"
    cat <<TEXT
FRIENDLYNAME "$name PCD"
DEVICENAME /dev/null:$channel
LIBPATH $DIRECTORY/$name.so
CHANNELID $channel
TEXT
done >"$DIRECTORY/readers/vpcd"

cat >"$DIRECTORY/scenario.toml" <<'TEXT'
card = [
    { name = "contact", card = "cps3", inserted = false },
    { name = "chipdoc", card = "cps4", inserted = false },
    { name = "antenna", card = "cps3-contactless", inserted = false },
    { name = "patient", card = "vitale2", inserted = false },
]
TEXT

pcscd --foreground --error --config "$DIRECTORY/readers" >"$DIRECTORY/pcscd.log" 2>&1 &
"$SIM_CARD" --scenario "$DIRECTORY/scenario.toml" --control "$DIRECTORY/desk" >"$DIRECTORY/sim-card.log" 2>&1 &
for ((i = 0; i < 300; i++)); do
    [[ -S $DIRECTORY/desk && -S /run/pcscd/pcscd.comm ]] && break
    sleep 0.1
done
# Both end with this process: it is the first of its namespace.
python3 "$(dirname "$0")/four_readers.py" "$DIRECTORY/desk" "$CYCLES"
