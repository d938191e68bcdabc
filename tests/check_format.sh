#!/usr/bin/env bash
# Fails if a C++ file of the tree is not as .clang-format says. usage: check_format.sh CLANG_FORMAT
set -euo pipefail
cd "$(dirname "$0")/.."
find algebra compiler dialects runtime tests tools \( -name '*.cpp' -o -name '*.h' \) -print0 |
  xargs -0 "$1" --dry-run -Werror
