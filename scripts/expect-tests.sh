#!/usr/bin/env bash
# Runs a test command, and fails as well when it ran fewer tests than expected: a filter that matches nothing, or a
# folder that is not found, passes everywhere.
# usage: expect-tests.sh MINIMUM COMMAND [ARGUMENT]...
set -euo pipefail

minimum=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$@" 2>&1 | tee "$log"
# Swift Testing: "Test run with 12 tests in 3 suites passed"; unittest: "Ran 12 tests in 1.2s".
counts='s/^.*Test run with ([0-9]+) tests?.*$/\1/p; s/^Ran ([0-9]+) tests?.*$/\1/p'
count=$(sed -nE "$counts" "$log" | awk '{n += $1} END {print n + 0}')
if ((count < minimum)); then
  echo "[ERROR] $count tests ran, at least $minimum were expected" >&2
  exit 1
fi
echo "[OK] $count tests ran"
