#!/bin/sh
# Makes the folder that checks a machine's GPU: programs, plans, and what the CPU computes of the same models.
#
#   tools/gpu-check/pack.sh OUT [BUILD]        (BUILD: build folder, default build)
#
# OUT needs nothing of this machine: copy it, and run `python3 OUT/check.py` there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '2,6p' "$0" >&2; exit 2; }
exec python3 "$here/pack.py" "$1" "$(cd "${2:-$here/../../build}" && pwd)"
