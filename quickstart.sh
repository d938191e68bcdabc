#!/usr/bin/env bash
# Installs what is missing, builds tpc, compiles a two-layer GPT for two ranks, trains it for five
# steps, and prints its losses beside the published ones.
set -euo pipefail
cd "$(dirname "$0")"
tools/setup/build.sh release
build/bin/tpc compile models/gpt-2l.mlir --tp 2 -o build/gpt-2l.plan
build/bin/tpc run build/gpt-2l.plan --init torch --seed 1234 --steps 5 --log-json - |
  python3 tools/setup/compare_losses.py tests/parity/published/gpt-2l.json
