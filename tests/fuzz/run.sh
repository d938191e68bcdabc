#!/usr/bin/env bash
# Fuzzes every target, two at once, each for so many seconds (default 30), from the seeds of the tree; fails if
# one finds anything. What crashed it, and the corpus that grew, are left in build-fuzz/fuzz. Without LLVM configure by
# cmake --preset fuzz -DTPC_BUILD_COMPILER=OFF: then models alone are not fuzzed.
# usage: tests/fuzz/run.sh [SECONDS] [TARGET:CORPUS...]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-30}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(FuzzPlan:plan FuzzSafetensors:safetensors FuzzTokens:tokens FuzzManifest:manifest
           FuzzHandshake:handshake FuzzCommandLine:command-line)
  if grep -q '^TPC_BUILD_COMPILER:[A-Z]*=ON' build-fuzz/CMakeCache.txt; then
    targets+=(FuzzModel:model)
  else
    echo "FuzzModel: skipped, since build-fuzz is configured without the compiler"
  fi
fi
out=$PWD/build-fuzz/fuzz
mkdir -p "$out"

fuzz() {
  local name=${1%%:*} corpus=${1##*:}
  mkdir -p "$out/$name"
  # LLVM keeps what it allocates once; a model's time is that of a large parser without instrumentation.
  if build-fuzz/tests/"$name" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=3000 -max_len=16384 \
      -print_final_stats=1 -artifact_prefix="$out/$name-" "$out/$name" "$PWD/tests/fuzz/corpus/$corpus" \
      >"$out/$name.log" 2>&1; then
    echo "$name: clean, $(grep -a 'number_of_executed_units' "$out/$name.log" | awk '{print $2}') inputs in $seconds s"
  else
    echo "$name: FINDING, see $out/$name.log"
    tail -n 40 "$out/$name.log"
    return 1
  fi
}
export -f fuzz
export out seconds
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'fuzz {}'
