#!/usr/bin/env bash
# Builds what is compared, and compares it. usage: run.sh [ROUNDS]
set -euo pipefail
top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
"$top/scripts/install-dependencies.sh" --bench
bin=${SELFHEAL_BIN:-$("$top/scripts/build-release.sh")}
swift=$("$top/scripts/find-swift.sh")
floor=$top/.build/bench/floor
mkdir -p "${floor%/*}"
"$swift/swiftc" -O -static-stdlib "$top/Benchmarks/startup/floor.swift" -o "$floor"
/usr/bin/python3 -B "$top/Benchmarks/startup/bench.py" "$bin" "$floor" "$@"
