#!/usr/bin/env bash
# Installs the Debian packages that are missing, and does nothing when none is.
# usage: install-dependencies.sh [--test] [--bench]
set -euo pipefail

# To build: what the Swift toolchain links with and loads, the SQLite headers, and git for the package dependencies.
# python3 runs the examples; curl asks servers for rows.
packages=(binutils ca-certificates curl gcc git libc6-dev libcurl4 libncurses6 libsqlite3-dev libstdc++-12-dev libxml2
  python3 tzdata zlib1g-dev)
# To test: what the tests run, and others' readers of the output formats.
test_packages=(bash-completion chromium fish fonts-dejavu-core lintian make man-db mandoc monitoring-plugins-basic
  openssl perl python3-html5lib python3-jsonschema python3-junitparser python3-linkify-it python3-lxml
  python3-markdown-it python3-more-itertools python3-pip python3-prometheus-client python3-tap python3-venv
  python3-yaml shellcheck sqlite3 util-linux zsh)
for option in "$@"; do
  case $option in
    --test)
      packages+=("${test_packages[@]}")
      # A node from elsewhere is as good, and Debian's npm would be in its way.
      command -v node >/dev/null || packages+=(nodejs npm)
      ;;
    --bench) packages+=(python3-venv python3-yaml sqlite3) ;;
    *)
      echo "usage: ${0##*/} [--test] [--bench]" >&2
      exit 64
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "[WARNING] This is not a Debian system. Debian would need: ${packages[*]}" >&2
  exit
fi

# One query for all; it fails when it does not know one of them, which is what is looked for.
installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null) || :
missing=()
for package in "${packages[@]}"; do
  [[ $'\n'$installed$'\n' == *$'\n'"$package installed"$'\n'* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  as_root=(sudo)
  [[ -t 0 ]] || as_root+=(-n) # nobody is there to type a password
  if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
    echo "[ERROR] Missing Debian packages, and no right to install them. As root: apt-get install ${missing[*]}" >&2
    exit 69
  fi
fi

echo "[INFO] Installing Debian packages: ${missing[*]}" >&2
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq -y)
# The lists of a fresh system are empty or old; standard output is left to the caller.
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >&2; then
  echo "[ERROR] The packages could not be installed: ${missing[*]}" >&2
  exit 69
fi
