#!/usr/bin/env bash
# Installs what is missing, configures a preset (default: release) and builds it.
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=${1:-release}
tools/setup/install.sh
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
