#!/usr/bin/env bash
# Gets the manual pages of Linux from Debian, if this computer has too little to read (containers leave theirs out), and puts them
# into documents/, where documents.py looks. Nothing is installed.
# usage: more-documents.sh [NUMBER]
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
wanted=${1:-1006}

if RAG_DOCUMENTS=$wanted bin/documents.py --at-least "$wanted" >/dev/null 2>&1; then exit; fi
if ! command -v apt-get >/dev/null; then
  echo "[ERROR] This is not a Debian system: put manual pages into documents/usr/share/man, or set RAG_FOLDERS" >&2
  exit 69
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" documents
apt=(apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=)
"${apt[@]}" update >&2
(cd "$work" && "${apt[@]}" download manpages manpages-dev >&2)
for package in "$work"/*.deb; do dpkg-deb --extract "$package" documents; done
RAG_DOCUMENTS=$wanted bin/documents.py --at-least "$wanted" >/dev/null
