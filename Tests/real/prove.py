#!/usr/bin/env python3
"""Proves healing on the schemas of well-known applications, each from an old version to a new one.

usage: prove.py [--keep FOLDER] [--markdown] [APPLICATION...]

Each application makes a database with its old version, from PyPI or Debian; rows are put in; a fresh database of the new
version becomes the manifest's schema; auto-heal heals. Then Python's own sqlite3 compares every row, and looks at
integrity, foreign keys and the schema; a second run has to do nothing.

  SELFHEAL_BIN: a folder with validate-startup and auto-heal (otherwise scripts/build-release.sh builds them)
  REAL_CACHE: where what was downloaded is kept (.build/real)
  REAL_VERBOSE: set, prints what each auto-heal says

Exit status: 0 proven, 1 not, 69 something could not be had.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import List

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from support.proof import Result, prove  # noqa: E402
from support.sources import TOP, Failed, Unavailable  # noqa: E402

NAMES = sorted(file.stem for file in (HERE / "applications").glob("[a-z]*.py"))
HEADINGS = ["application", "old", "new", "tables", "rows", "changes", "risk", "result", "seconds"]


def cells(result: Result) -> List[str]:
    return [
        result.application, result.old, result.new, str(result.tables), str(result.rows), str(result.changes),
        result.risk, result.outcome, f"{result.seconds:.1f}",
    ]


def print_table(results: List[Result], markdown: bool) -> None:
    lines = [HEADINGS, *map(cells, results)]
    if markdown:
        lines.insert(1, ["---"] * len(HEADINGS))
        for line in lines:
            print("| " + " | ".join(line) + " |")
        return
    widths = [max(len(line[index]) for line in lines) for index in range(len(HEADINGS))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def tools() -> Path:
    stated = os.environ.get("SELFHEAL_BIN")
    if stated:
        folder = Path(stated).resolve()
    else:
        built = subprocess.run([TOP / "scripts" / "build-release.sh"], stdout=subprocess.PIPE, check=True)
        folder = Path(built.stdout.decode().strip())
    for tool in ("validate-startup", "auto-heal"):
        if not os.access(folder / tool, os.X_OK):
            raise Unavailable(f"not a command: {folder / tool}")
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("applications", nargs="*", metavar="APPLICATION", help=", ".join(NAMES))
    parser.add_argument("--keep", type=Path, help="work in this folder and leave everything there")
    parser.add_argument("--markdown", action="store_true", help="print the table for a document")
    options = parser.parse_args()
    unknown = set(options.applications) - set(NAMES)
    if unknown:
        parser.error(f"no such application: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    results: List[Result] = []
    failures = unavailable = 0
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        try:
            bin_folder = tools()
        except (Unavailable, subprocess.CalledProcessError) as error:
            print(f"[ERROR] {error}", file=sys.stderr)
            return 69
        for name in options.applications or NAMES:
            application = importlib.import_module(f"applications.{name}").APPLICATION
            folder = work / name
            folder.mkdir(parents=True)
            try:
                result = prove(application, bin_folder, folder)
            except Unavailable as error:
                result = Result(application.name, outcome="could not be had")
                print(f"[ERROR] {application.name}: {error}", file=sys.stderr)
                unavailable += 1
            except Exception as error:  # one application must not hide the others
                result = Result(application.name, application.old.version, application.new.version, outcome="NOT PROVEN")
                text = str(error) if isinstance(error, Failed) else traceback.format_exc()
                print(f"[ERROR] {application.name}: {text}", file=sys.stderr)
                failures += 1
            results.append(result)
            print(f"{result.application} {result.old} to {result.new}: {result.outcome}", flush=True)
            for remark in result.remarks:
                print(f"    {remark}", flush=True)
    print()
    print_table(results, options.markdown)
    if failures:
        return 1
    return 69 if unavailable else 0


if __name__ == "__main__":
    sys.exit(main())
