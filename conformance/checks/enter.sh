#!/bin/bash
# The first process of a check's namespaces: makes the lane's pcscd and the loopback reachable, then runs the check.
# Usage: enter.sh CHECK
set -euo pipefail
mount --bind "$PCSCD_DIR" /run/pcscd
ip link set lo up
# An earlier check may have left the card out of its reader.
if "$SIM_CARD" --control "$DESK" --order "insert $PERSONA" >/dev/null 2>&1; then
    until opensc-tool --list-readers | grep -q '  Yes  '; do sleep 0.1; done
fi
# No client may fill the disk: 64 MB for a file.
ulimit -f 65536
bash "$1"
