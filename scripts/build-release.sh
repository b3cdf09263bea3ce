#!/usr/bin/env bash
# Builds the three commands when a source is newer than the last build, and prints the folder they are in.
# One static binary under three names: it acts by the name it is called by.
set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
bin=$top/.build/selfheal-bin
stamp=$bin/.built # as old as the start of the last good build, so that an edit made meanwhile counts
cd "$top"

sources=(Package.swift Sources)
[[ ! -e Package.resolved ]] || sources+=(Package.resolved)
if [[ -x $bin/selfheal && -e $stamp && -z $(find "${sources[@]}" -newer "$stamp" -print -quit) ]]; then
  printf '%s\n' "$bin"
  exit
fi

scripts/install-dependencies.sh
swift=$(scripts/find-swift.sh)
export PATH=$swift:$PATH
mkdir -p "$bin"
log=$bin/build.log
started=$(mktemp "$bin/.started.XXXXXX")
partial=$(mktemp "$bin/.selfheal.XXXXXX")
trap 'rm -f "$started" "$partial"' EXIT

# Wholly static: a third of the start-up time of one that the dynamic loader has to put together, and it runs anywhere.
build=(
  swift build -c release --static-swift-stdlib -Xswiftc -static-executable -Xswiftc -cross-module-optimization
  --product selfheal
)
echo "[INFO] Building SelfHeal (the first time takes some minutes) ..." >&2
if ! "${build[@]}" >"$log" 2>&1; then
  tail -n 60 "$log" >&2
  echo "[ERROR] The build failed; all of its output is in $log" >&2
  exit 70
fi
# Complete under a temporary name first: a run that goes on meanwhile keeps the binary it has.
cp "$("${build[@]}" --show-bin-path)/selfheal" "$partial"
chmod 755 "$partial"
mv -f "$partial" "$bin/selfheal"
ln -sfn selfheal "$bin/validate-startup"
ln -sfn selfheal "$bin/auto-heal"
mv -f "$started" "$stamp"
echo "[OK] Built in ${SECONDS} s" >&2
printf '%s\n' "$bin"
