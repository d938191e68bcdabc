#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test.
set -euo pipefail
cd "$(dirname "$0")"
start=$SECONDS
tools/setup/build.sh release
echo "build: $((SECONDS - start)) s"
python3 tools/setup/slowest_units.py build/.ninja_log
ctest --test-dir build --output-on-failure -j"$(nproc)"

# Untrusted input: every target for 30 s (tests/fuzz/run.sh 600 is the long run).
tools/setup/build.sh fuzz
tests/fuzz/run.sh 30

# The runtime builds and passes its tests without LLVM, and under the sanitizers.
for preset in asan tsan; do
  tools/setup/build.sh "$preset"
  ctest --test-dir "build-$preset" --output-on-failure -j"$(nproc)"
done
