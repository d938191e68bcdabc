#!/usr/bin/env bash
# Fails if a C++ file of the tree is not as .clang-format says, or if a test writes to a folder that other processes share.
# usage: check_format.sh CLANG_FORMAT
set -euo pipefail
cd "$(dirname "$0")/.."
find algebra compiler dialects runtime tests tools \( -name '*.cpp' -o -name '*.h' \) -print0 |
  xargs -0 "$1" --dry-run -Werror
if grep -rnE 'TempDir\(|temp_directory_path|"/tmp/' tests --include='*.cpp' --include='*.h' |
  grep -v '^tests/unit/support/Temporary.h:'; then
  echo "error: take a TemporaryFile or TemporaryFolder of tests/unit/support/Temporary.h" >&2
  exit 1
fi
