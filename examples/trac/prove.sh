#!/usr/bin/env bash
# Proves SelfHeal on Trac, an application that knows nothing of it: a site is filled and used, loses parts of its database
# and a directory, stops working, is healed, and works again with every row it had.
# usage: prove.sh
#   SELFHEAL_BIN: a folder with validate-startup and auto-heal; they are then used, and nothing is built.
#   PYTHON: the Python to run Trac with (/usr/bin/python3).
# Exit status: 0 proven, 1 not (the step and all of its output are printed), 69 something to run it with is missing.
set -euo pipefail
unset CDPATH
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
unset PYTHONPATH PYTHONHOME

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
top=$(cd "$here/../.." && pwd)
python=${PYTHON:-/usr/bin/python3}
cache=$top/.build/trac
if (($#)); then
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 64
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
site=$work/site
database=$site/db/trac.db
output=$work/output # of the last step, both streams

# --- The protocol ------------------------------------------------------------------------------------------------------

heading() { printf '\n%s\n' "$1"; }
good() { printf '  ok  %s\n' "$1"; }
indented() { sed "s|$work|…|g; s/^/      | /" "$output"; }
last_line() { printf '      | %s\n' "$(tail -n 1 "$output")"; }
bad() {
  printf '\n  NOT AS EXPECTED  %s\n' "$1"
  indented
  exit 1
}
# Runs a command, which must end with the status; its output is kept for the lines that follow.
expect() { # STATUS WHAT COMMAND...
  local wanted=$1 what=$2 status=0
  shift 2
  "$@" >"$output" 2>&1 </dev/null || status=$?
  ((status == wanted)) || bad "$what: exit $status instead of $wanted from $(printf '%q ' "${@//"$work"/…}")"
  good "$what (exit $status)"
}
says() { # TEXT...
  local text
  for text in "$@"; do
    grep -qF -- "$text" "$output" || bad "the output does not say: $text"
  done
}
same() { # WHAT FILE FILE
  diff "$2" "$3" >"$output" || bad "$1"
  good "$1"
}

# --- What is used ------------------------------------------------------------------------------------------------------

# Trac, once for each version of what it needs.
install_trac() {
  local wanted
  command -v "$python" >/dev/null || {
    echo "[ERROR] There is no $python" >&2
    exit 69
  }
  wanted=$("$python" --version; cat "$here/requirements.txt")
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9 # another run may be installing
  if [[ ! -f $cache/installed || $(<"$cache/installed") != "$wanted" ]]; then
    rm -rf "$cache/venv" "$cache/installed"
    if ! { "$python" -m venv "$cache/venv" &&
      "$cache/venv/bin/pip" install --disable-pip-version-check --cache-dir "$cache/wheels" \
        --requirement "$here/requirements.txt"; } >"$output" 2>&1; then
      indented >&2
      echo "[ERROR] Trac could not be installed; it needs PyPI and Python's venv module (Debian: python3-venv)" >&2
      exit 69
    fi
    printf '%s\n' "$wanted" >"$cache/installed"
  fi
  exec 9>&-
}
trac() { "$cache/venv/bin/trac-admin" "$site" "$@"; }
visit() { "$cache/venv/bin/python" "$here/trac_site.py" "$site" open "$@"; }
fill() { "$cache/venv/bin/python" "$here/trac_site.py" "$site" fill "$@"; }
facts() { "$cache/venv/bin/python" "$here/database.py" "$database" "$@"; }

validate() { "$bin/validate-startup" --root "$site" --color never "$@"; }
heal() { "$bin/auto-heal" --root "$site" --color never "$@"; }

# Looks only, and compares all that it finds with what is expected.
finds() { # MANIFEST FINDING...
  local manifest=$1
  shift
  changes_nothing 1 "validate-startup --check-only" validate --check-only --quiet --manifest "$site/$manifest"
  indented
  expect 1 "the same as JSON" "$bin/validate-startup" --root "$site" --check-only --manifest "$site/$manifest" \
    --format json --output "$work/report.json"
  "$cache/venv/bin/python" - "$work/report.json" >"$work/found" <<'PYTHON'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    checks = json.load(file)["checks"]
for finding in sorted({(finding["id"], finding["subject"]) for check in checks for finding in check["findings"]}):
    print(*finding)
PYTHON
  printf '%s\n' "$@" | sort >"$work/expected"
  same "it names $#, and nothing else" "$work/expected" "$work/found"
}

# Every file with its kind, mode, size, time and contents.
listing() {
  (
    cd "$site"
    find . -printf '%y %m %s %T@ %p\n' | sort -k5
    find . -type f -print0 | sort -z | xargs -0 sha256sum
  )
}
changes_nothing() { # STATUS WHAT COMMAND...
  listing >"$work/listing.before"
  expect "$@"
  cp "$output" "$work/said"
  listing >"$work/listing.after"
  same "… and changed no file" "$work/listing.before" "$work/listing.after"
  cp "$work/said" "$output"
}

pages=("/ticket/1=>Price list 1 is out of date" "/ticket/6=>comment on 6" "/search?q=shop=>Price list 40"
  "/wiki/PriceList=>Prices are reviewed" "/query?status=new=>Price list 40" "/report/1=>Price list 40" /roadmap /timeline)
the_application_works() {
  expect 0 "pages: tickets, search, wiki, query, report, roadmap, timeline" visit "${pages[@]}"
  expect 0 "trac-admin attachment list ticket:1" trac attachment list ticket:1
  expect 0 "trac-admin milestone list" trac milestone list
  says Spring
}

# --- The proof ---------------------------------------------------------------------------------------------------------

if [[ -n ${SELFHEAL_BIN:-} ]]; then
  bin=$(realpath -m "$SELFHEAL_BIN")
else
  bin=$("$top/scripts/build-release.sh")
fi
for tool in validate-startup auto-heal; do
  [[ -x $bin/$tool ]] || {
    echo "[ERROR] not a command: $bin/$tool" >&2
    exit 69
  }
done
install_trac
SECONDS=0

heading "A Trac site, made and filled by Trac itself"
expect 0 "trac-admin initenv" trac initenv "Price desk" sqlite:db/trac.db
expect 0 "trac-admin component add pricing" trac component add pricing ann
expect 0 "trac-admin milestone add Spring" trac milestone add Spring
printf '= Price list =\nPrices are reviewed on Mondays.\n' >"$work/page.txt"
expect 0 "trac-admin wiki import PriceList" trac wiki import PriceList "$work/page.txt"
expect 0 "40 tickets with comments" fill 40
the_application_works
expect 0 "what the database holds" facts count
indented
expect 0 "trac.sql states exactly the schema that Trac made" facts schema "$here/trac.sql"

heading "Its manifest holds"
cp "$here/schemas.yaml" "$here/by-columns.yaml" "$here/trac.sql" "$site/"
changes_nothing 0 "validate-startup" validate
last_line
changes_nothing 0 "validate-startup with the tables by columns" validate --manifest "$site/by-columns.yaml"
changes_nothing 0 "auto-heal finds nothing to do" heal
facts rows >"$work/rows.before"

heading "A column is lost: ticket.cc"
expect 0 "ALTER TABLE ticket DROP COLUMN cc" facts lose "ALTER TABLE ticket DROP COLUMN cc"
expect 1 "a ticket cannot be opened, nothing can be found" visit /ticket/1 "/search?q=shop"
says "no such column: cc"
indented

heading "An index is lost: ticket_status_idx"
by_status="SELECT id FROM ticket WHERE status = 'new'"
expect 0 "before, SQLite finds tickets by it" facts plan "$by_status"
says ticket_status_idx
expect 0 "DROP INDEX ticket_status_idx" facts lose "DROP INDEX ticket_status_idx"
expect 0 "now it reads the whole table" facts plan "$by_status"
says "SCAN ticket"
indented

heading "A table is lost: attachment"
expect 0 "DROP TABLE attachment" facts lose "DROP TABLE attachment"
expect 2 "trac-admin attachment list ticket:1" trac attachment list ticket:1
says "no such table: attachment"
indented

heading "A directory is lost: log"
rm -r "$site/log"
expect 2 "trac-admin milestone list" trac milestone list
says "No such file or directory"
indented

heading "validate-startup --check-only names each loss"
finds schemas.yaml "directory.missing log" "sqlite.column.missing db/trac.db.ticket.cc" \
  "sqlite.index.missing db/trac.db.ticket.ticket_status_idx" "sqlite.table.missing db/trac.db.attachment"
changes_nothing 1 "auto-heal --dry-run" heal --dry-run
says "ADD COLUMN cc text" "CREATE INDEX ticket_status_idx ON ticket (status)" "CREATE TABLE attachment"

heading "auto-heal brings back what is missing"
expect 0 "auto-heal" heal
indented
changes_nothing 0 "validate-startup" validate
changes_nothing 0 "a second auto-heal does nothing" heal
expect 0 "what the database holds" facts count
indented
facts rows >"$work/rows.after"
same "every row of every table is there, with every value" "$work/rows.before" "$work/rows.after"
expect 0 "SQLite finds tickets by the index again" facts plan "$by_status"
says ticket_status_idx

heading "The application works again"
the_application_works
expect 0 "3 more tickets" fill 3
expect 0 "the new ticket" visit "/ticket/43=>Price list 3 is out of date"

heading "The same with the tables stated by columns"
facts rows >"$work/rows.before"
expect 0 "column, index and table are lost" facts lose "ALTER TABLE ticket DROP COLUMN cc" \
  "DROP INDEX ticket_time_idx" "DROP TABLE ticket_custom"
expect 1 "a ticket cannot be opened" visit /ticket/1
finds by-columns.yaml "sqlite.column.missing db/trac.db.ticket.cc" \
  "sqlite.index.missing db/trac.db.ticket.ticket_time_idx" "sqlite.table.missing db/trac.db.ticket_custom"
expect 0 "auto-heal" heal --manifest "$site/by-columns.yaml"
changes_nothing 0 "the manifest with trac.sql agrees" validate --check-only
changes_nothing 0 "a second auto-heal does nothing" heal --manifest "$site/by-columns.yaml"
facts rows >"$work/rows.after"
same "every row of every table is there, with every value" "$work/rows.before" "$work/rows.after"
the_application_works

heading "All that SQLite lets go of is lost at once"
expect 0 "every index, empty table and column that is part of no key" facts lose-all
indented
cp "$database" "$work/lost.db"
expect 1 "tickets and pages" visit /ticket/1 /wiki/PriceList
expect 0 "auto-heal" heal --quiet
changes_nothing 0 "validate-startup" validate --check-only
expect 0 "every row, with every value that was left" facts kept "$work/lost.db"
indented

printf '\nProven with %s in %d s.\n' "$("$cache/venv/bin/trac-admin" --version)" "$SECONDS"
