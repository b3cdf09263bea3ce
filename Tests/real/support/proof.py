"""The proof for one application: an old database with rows becomes what the new version expects, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

from . import facts, rows
from .application import Application
from .sources import Failed, run

#: How many rows are made up for each table.
ROWS = 120
RISKS = ["none", "low", "medium", "high", "critical"]


@dataclass
class Result:
    """A line of the table."""

    application: str
    old: str = ""
    new: str = ""
    tables: int = 0
    rows: int = 0
    changes: int = 0
    risk: str = "none"
    seconds: float = 0
    outcome: str = ""
    #: What was learned beside it, a sentence each.
    remarks: List[str] = field(default_factory=list)


class Healer:
    """The commands under proof, on one folder."""

    def __init__(self, bin_folder: Path, root: Path) -> None:
        self.bin_folder = bin_folder
        self.root = root

    def _run(self, tool: str, *arguments: str) -> Tuple[int, str]:
        command = [self.bin_folder / tool, "--root", self.root, "--color", "never", *arguments]
        return run(command, self.root, expect=range(0, 79))

    def heal(self) -> Tuple[int, str]:
        return self._run("auto-heal")

    def check(self) -> Tuple[int, str]:
        return self._run("validate-startup", "--check-only")

    def plan(self) -> Dict[str, Any]:
        report = self.root / "plan.json"
        status, output = self._run("auto-heal", "--dry-run", "--format", "json", "--output", str(report))
        if status not in (0, 1, 2):
            raise Failed(f"exit {status} from a dry run\n{output}")
        return json.loads(report.read_text(encoding="utf-8"))


def prove(application: Application, bin_folder: Path, work: Path) -> Result:
    result = Result(application.name, application.old.version, application.new.version)
    folders = {name: work / name for name in ("old", "new", "healed", "migrated")}
    for name in ("old", "new", "healed"):
        folders[name].mkdir()
    old = application.create(application.old, folders["old"])
    new = application.create(application.new, folders["new"])
    fill(application, old, result)
    result.tables, result.rows = facts.count(old)

    database = folders["healed"] / old.name
    shutil.copyfile(old, database)
    (folders["healed"] / "new.sql").write_text(facts.dump(new), encoding="utf-8")
    write_manifest(application, folders["healed"] / "schemas.yaml", old.name)
    healer = Healer(bin_folder, folders["healed"])

    before = digest(database)
    plan = healer.plan()
    if digest(database) != before:
        raise Failed("a dry run changed the database")
    read_plan(plan, result)
    started = time.monotonic()
    status, output = healer.heal()
    result.seconds = time.monotonic() - started
    if os.environ.get("REAL_VERBOSE"):
        print(output)
    prove_rows(application, old, database, output)
    prove_state(application, healer, status, output, database, result)
    compare(application, old, new, database, folders["migrated"], result)
    if application.use:
        application.use(application.new, database)
        result.remarks.append(f"{application.name} {result.new} works on the healed database")
    return result


def fill(application: Application, old: Path, result: Result) -> None:
    with closing(facts.open_database(old)) as connection:
        # Whether the application lets go of a write-ahead log makes no difference here.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.executescript(application.first)
        empty = rows.fill(connection, ROWS, application.own)
    if empty:
        result.remarks.append(f"no row could be made up for {', '.join(empty)}")
    if facts.integrity(old) != "ok":
        raise Failed(f"the old database is not sound: {facts.integrity(old)}")


def write_manifest(application: Application, file: Path, database: str) -> None:
    entry: Dict[str, Any] = {"schema": "new.sql"}
    if application.notes:
        entry["tables"] = application.notes
    # JSON is YAML too.
    file.write_text(json.dumps({"version": 1, "databases": {database: entry}}, indent=2), encoding="utf-8")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_plan(plan: Dict[str, Any], result: Result) -> None:
    planned = (plan["plan"] or {"repairs": []})["repairs"]
    repairs = [entry["repair"] for entry in planned if entry["withheld"] is None]
    result.changes = len(repairs)
    result.risk = max((repair["risk"] for repair in repairs), key=RISKS.index, default="none")


def prove_rows(application: Application, old: Path, database: Path, output: str) -> None:
    renamed = {table: notes.get("renamed_from", {}) for table, notes in application.notes.items()}
    missing = facts.lost(facts.contents(old), database, renamed, set(application.converted))
    if missing:
        raise Failed("LOST: " + "\n".join(missing) + f"\n{output[-3000:]}")
    if facts.integrity(database) != "ok":
        raise Failed(f"integrity_check: {facts.integrity(database)}")
    worse = facts.violations(database) - facts.violations(old)
    # A rebuilt table keeps its rowids, so that a violation keeps its row.
    if worse:
        raise Failed(f"foreign_key_check: {sorted(worse, key=str)[:5]}")


def prove_state(
    application: Application, healer: Healer, status: int, output: str, database: Path, result: Result
) -> None:
    checked, said = healer.check()
    errors = [line for line in said.splitlines() if line.startswith("[ERROR]") and "critical finding" not in line]
    unexpected = [line for line in errors if not any(text in line for text in application.remaining)]
    unseen = [text for text in application.remaining if not any(text in line for line in errors)]
    if unexpected or unseen or (checked != 0) != bool(application.remaining):
        raise Failed(f"auto-heal ended with {status}, validate-startup with {checked}; unexpected: {unexpected}, not seen: {unseen}\n{output[-6000:]}\n{said[-6000:]}")
    before = digest(database)
    again, output = healer.heal()
    if digest(database) != before or again != checked:
        raise Failed(f"a second auto-heal ended with {again}, or changed the database\n{output[-3000:]}")
    result.outcome = "as the new version's" if checked == 0 else f"all but {len(application.remaining)}, named"


def compare(
    application: Application, old: Path, new: Path, database: Path, folder: Path, result: Result
) -> None:
    """What PRAGMAs show of the healed database, beside the fresh one and the one that the application migrated."""
    fresh, healed = facts.structure(new), facts.structure(database)
    for fact in sorted(fresh - healed, key=str):
        result.remarks.append(f"fresh only: {show(fact)}")
    left = healed - fresh
    if left:
        result.remarks.append(f"kept beside it, since the manifest does not name it: {summary(left)}")
    if not application.migrate:
        return
    shutil.copytree(old.parent, folder)
    migrated = folder / old.name
    try:
        application.migrate(application.new, migrated)
    except Failed as error:
        result.remarks.append(f"its own migration fails on these rows: {str(error).strip().splitlines()[-1]:.160}")
        return
    own = facts.structure(migrated)
    missing, more = fresh - own, own - fresh
    if not missing and not more:
        result.remarks.append("its own migration ends in the schema of a fresh database")
    else:
        result.remarks.append(
            f"its own migration differs from its own fresh database: lacks {summary(missing)}; has besides {summary(more)}")


def show(fact: Tuple[Any, ...]) -> str:
    return f"{fact[0]} {'.'.join(str(part) for part in fact[1:3])} {fact[3:] or ''}".strip()


def summary(differences: Set[Tuple[Any, ...]]) -> str:
    if not differences:
        return "nothing"
    counted: Dict[str, List[str]] = {}
    for fact in sorted(differences, key=str):
        counted.setdefault(fact[0], []).append(".".join(str(part) for part in fact[1:3]))
    return "; ".join(f"{len(names)} × {kind} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})" for kind, names in counted.items())
