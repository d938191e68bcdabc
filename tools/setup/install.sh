#!/usr/bin/env bash
# Installs what building tpc needs from Debian 12's own archive (its security archive holds LLVM 22).
set -euo pipefail
packages=(
  g++ cmake ninja-build ccache python3 ca-certificates git
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools liblld-22-dev zlib1g-dev libzstd-dev
  libflatbuffers-dev flatbuffers-compiler
  libgtest-dev libgmock-dev
  clang-format-22 clang-22 libclang-rt-22-dev
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
  root=(sudo)
fi
echo "installing: ${missing[*]}"
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
