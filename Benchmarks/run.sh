#!/usr/bin/env bash
# Builds what is compared, and compares it: start-up, plugins, schemas and rebuilds, fleets, readiness, populating. usage: run.sh [ROUNDS]
# ROUNDS is that of the start-up; what takes seconds a round is run three times.
set -euo pipefail
top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
"$top/scripts/install-dependencies.sh" --bench
bin=${SELFHEAL_BIN:-$("$top/scripts/build-release.sh")}
swift=$("$top/scripts/find-swift.sh")
bench=$top/.build/bench
mkdir -p "$bench"
"$swift/swiftc" -O -static-stdlib "$top/Benchmarks/startup/floor.swift" -o "$bench/floor"
gcc -O2 -Wall -D_GNU_SOURCE "$top/Benchmarks/fleet/peer.c" -o "$bench/peer" -lsqlite3 -lpthread
/usr/bin/python3 -B "$top/Benchmarks/startup/bench.py" "$bin" "$bench/floor" "$@"
/usr/bin/python3 -B "$top/Benchmarks/plugins/bench.py" "$bin"
peers=$bench/peers
if [[ ! -e $peers/installed ]]; then
  rm -rf "$peers"
  if /usr/bin/python3 -m venv "$peers" &&
    "$peers/bin/pip" install --quiet --disable-pip-version-check \
      sqlite-utils==4.2.1 alembic==1.20.1 Django==5.2.19 SQLAlchemy==2.1.9; then
    touch "$peers/installed"
  else
    echo "[WARNING] PyPI gives no sqlite-utils, alembic and Django here: they are not timed" >&2
  fi
fi
schema=("$bin" 3)
if [[ -e $peers/installed ]]; then schema+=(--peers "$peers/bin/python"); fi
/usr/bin/python3 -B "$top/Benchmarks/schema/bench.py" "${schema[@]}"
/usr/bin/python3 -B "$top/Benchmarks/fleet/bench.py" "$bin" "$bench/peer" 3
dbt=$bench/dbt
if [[ ! -e $dbt/installed ]]; then
  rm -rf "$dbt"
  # Newer ones fetch a parser from GitHub while they are installed. Soda has no package for SQLite.
  if /usr/bin/python3 -m venv "$dbt" &&
    "$dbt/bin/pip" install --quiet --disable-pip-version-check dbt-core==1.10.23 dbt-sqlite==1.10.0; then
    touch "$dbt/installed"
  else
    echo "[WARNING] PyPI gives no dbt here: it is not timed" >&2
  fi
fi
readiness=("$bin" 11)
if [[ -e $dbt/installed ]]; then readiness+=(--dbt "$dbt/bin/dbt"); fi
/usr/bin/python3 -B "$top/Benchmarks/readiness/bench.py" "${readiness[@]}"
doit=$bench/doit
if [[ ! -e $doit/installed ]]; then
  rm -rf "$doit"
  if /usr/bin/python3 -m venv "$doit" && "$doit/bin/pip" install --quiet --disable-pip-version-check doit==0.37.0; then
    touch "$doit/installed"
  else
    echo "[WARNING] PyPI gives no doit here: it is not timed" >&2
  fi
fi
healing=("$bin" 7)
if [[ -e $doit/installed ]]; then healing+=(--doit "$doit/bin/doit"); fi
/usr/bin/python3 -B "$top/Benchmarks/readiness/healing.py" "${healing[@]}"
