#!/bin/bash
# The first process of a check's namespaces: makes the lane's pcscd and the loopback reachable, then runs the check.
# Usage: enter.sh CHECK
set -euo pipefail
mount --bind "$PCSCD_DIR" /run/pcscd
ip link set lo up
# No client may fill the disk: 64 MB for a file.
ulimit -f 65536
bash "$1"
