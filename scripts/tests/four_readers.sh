#!/bin/bash
# Four cards in four virtual readers, in a mount, network and process namespace with a pcscd of its own.
#
# Usage: four_readers.sh DIRECTORY SIM_CARD DRIVER CYCLES. DIRECTORY is empty and keeps the logs.

set -euo pipefail

if [[ ${1:-} != --inside ]]; then
    exec unshare --mount --propagation=private --net --pid --fork --mount-proc -- "$0" --inside "$@"
fi
DIRECTORY=$2 SIM_CARD=$3 DRIVER=$4 CYCLES=$5

# Not the one of whoever runs this.
unset PCSCLITE_CSOCK_NAME
mkdir -p /run/pcscd
mount -t tmpfs tmpfs /run/pcscd

# pcscd tells entries apart by their names.
mkdir "$DIRECTORY/readers"
options=()
for number in 0 1 2 3; do
    printf 'FRIENDLYNAME "Reader %s"\nDEVICENAME unix:%s\nLIBPATH %s\nCHANNELID 0\n' \
        "$number" "$DIRECTORY/reader-$number" "$DRIVER" >>"$DIRECTORY/readers/virtual"
    options+=(--reader "$DIRECTORY/reader-$number")
done

cat >"$DIRECTORY/scenario.toml" <<'TEXT'
card = [
    { name = "contact", card = "cps3", inserted = false },
    { name = "chipdoc", card = "cps4", inserted = false },
    { name = "antenna", card = "cps3-contactless", inserted = false },
    { name = "patient", card = "vitale2", inserted = false },
]
TEXT

pcscd --foreground --error --config "$DIRECTORY/readers" >"$DIRECTORY/pcscd.log" 2>&1 &
"$SIM_CARD" "${options[@]}" --scenario "$DIRECTORY/scenario.toml" --control "$DIRECTORY/desk" >"$DIRECTORY/sim-card.log" 2>&1 &
for ((i = 0; i < 3000; i++)); do
    [[ -S $DIRECTORY/desk && -S /run/pcscd/pcscd.comm && -S $DIRECTORY/reader-3 ]] && break
    sleep 0.1
done
# Both end with this process: it is the first of its namespace.
python3 "$(dirname "$0")/four_readers.py" "$DIRECTORY/desk" "$CYCLES"
