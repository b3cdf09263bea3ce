#!/usr/bin/env bash
# Validates an application, heals it when something critical is wrong, validates again, and starts it.
set -euo pipefail
unset CDPATH # else "cd" may go elsewhere, and print

# The folder of this script itself, however it was called: by a symbolic link, from elsewhere, with spaces in its path.
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)

usage() {
  cat <<'USAGE'
usage: run_full_app.sh [--manifest FILE] [--root DIR] [--yes] [--no-start] [-- COMMAND [ARGUMENT]...]

Validates the application, heals what is critical, validates again, and starts it.

  --manifest FILE  what the application expects (default: schemas.yaml in the root)
  --root DIR       the application's root (default: the manifest's folder)
  --yes            start whatever remains, warnings and critical findings alike, without asking
  --no-start       stop after the verdict: exit 0 when the application could start, 1 when not
  --help           print this
  -- COMMAND       what to start, in the root (default: the dynamic pricing example)

When something remains after healing, a terminal is asked "Continue anyway? [y/N]"; without one, warnings
are passed over and critical findings stop the start.

Exit status: the application's own once it is started; before that 1 (critical findings remain), 2 (you declined to
start with warnings), 64 (wrong command line), 69 (something to build or run with is missing), 70 (the build or a
command failed), 78 (wrong manifest).

SELFHEAL_BIN: a folder with validate-startup and auto-heal; they are then used, and nothing is built. Without it, and
where there is nothing to build from, those on PATH are used.
USAGE
}

say() { printf '[%s] %s\n' "$1" "$2" >&2; }
fail() { # STATUS MESSAGE
  say ERROR "$2"
  exit "$1"
}
wrong_usage() {
  say ERROR "$1"
  usage >&2
  exit 64
}

manifest='' root='' yes=false start=true command=()
while (($#)); do
  case $1 in
    --manifest | --root)
      [[ -n ${2:-} ]] || wrong_usage "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --manifest=?*) manifest=${1#*=} ;;
    --root=?*) root=${1#*=} ;;
    --yes | -y) yes=true ;;
    --no-start) start=false ;;
    --help | -h)
      usage
      exit
      ;;
    --)
      shift
      (($#)) || wrong_usage "there is no command after --"
      command=("$@")
      break
      ;;
    *) wrong_usage "unknown option: $1" ;;
  esac
  shift
done

: "${root:=$(dirname -- "${manifest:-$here/schemas.yaml}")}"
: "${manifest:=$root/schemas.yaml}"
[[ -d $root ]] || fail 64 "there is no such root: $root"
root=$(cd -- "$root" && pwd)

example=$here/examples/dynamic-pricing/server.py
if ((${#command[@]} == 0)); then
  command=(python3 "$example" --root "$root")
  $start && [[ ! -f $example ]] && wrong_usage "say what to start: run_full_app.sh -- COMMAND"
fi

if [[ -n ${SELFHEAL_BIN:-} ]]; then
  bin=$SELFHEAL_BIN
elif [[ -x $here/scripts/build-release.sh ]]; then
  bin=$("$here/scripts/build-release.sh") || exit
else # installed, or copied beside an application
  bin=$(dirname "$(command -v validate-startup)") || fail 69 "validate-startup is not on PATH"
fi
for tool in validate-startup auto-heal; do
  [[ -x $bin/$tool ]] || fail 69 "not a command: $bin/$tool"
done

# Runs a tool and puts its exit status in $status. It runs in the background, so that a signal sent to this script
# alone reaches it at once; it is given the time it needs to finish or roll back.
child=''
interrupted() { # STATUS
  trap - TERM INT # asked twice: this script ends at once, the tool still finishes or rolls back
  if [[ -n $child ]]; then
    kill -TERM "$child" 2>/dev/null && say INFO "stopping when this step has ended"
    wait "$child" || :
  fi
  exit "$1"
}
trap 'interrupted 143' TERM
trap 'interrupted 130' INT
tool() {
  "$bin/$1" --manifest "$manifest" --root "$root" </dev/null &
  child=$!
  status=0
  wait "$child" || status=$?
  child=''
  case $status in
    0 | 1 | 2) ;;
    64 | 78) fail "$status" "$1 did not run (exit $status)" ;;
    *) fail 70 "$1 ended unexpectedly (exit $status)" ;;
  esac
}

tool validate-startup
if ((status == 1)); then
  tool auto-heal # its own verdict is not taken at its word: the validation after it decides
  tool validate-startup
fi

case $status in
  0) verdict='' ;;
  1) verdict='Critical findings remain.' ;;
  2) verdict='Warnings remain; the application can run.' ;;
esac
if ! $start; then
  ((status != 1)) || fail 1 "$verdict"
  say OK "The application can start${verdict:+, with warnings}."
  exit
fi

((status == 0)) || say WARNING "$verdict"
if ((status != 0)) && ! $yes; then
  if [[ -t 0 && -t 2 ]]; then
    answer=''
    read -r -p 'Continue anyway? [y/N] ' answer || echo >&2
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]] || fail "$status" "Not started."
  elif ((status == 1)); then
    fail 1 "Not started."
  fi
fi

say INFO "Starting:$(printf ' %q' "${command[@]}")"
cd "$root"
exec "${command[@]}"
