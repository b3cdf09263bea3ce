#!/usr/bin/env bash
# Prints the folder of a Swift toolchain: the one on PATH, else one in a usual place. Exits 69 when there is none.
set -euo pipefail

if found=$(command -v swift); then
  dirname "$found"
  exit
fi
for folder in {/opt/swift,/usr/local/swift,/usr/share/swift}/usr/bin "${HOME:-/root}/.local/share/swiftly/bin"; do
  if [[ -x $folder/swift ]]; then
    printf '%s\n' "$folder"
    exit
  fi
done
echo "[ERROR] No Swift toolchain found. Install Swift 6.3 or newer: https://www.swift.org/install" >&2
exit 69
