"""An application that needs all kinds of repairs, and what must be true of it however a run ends.

Nothing here uses the project's own code: rows are read by Python's sqlite3, expected rows are computed from those that
were put in."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("SELFHEAL_BIN", REPOSITORY / ".build/debug"))

MANIFEST = """\
version: 1
env: {file: .env, template: .env.example, variables: {ADDED: {required: true, default: "by the manifest"}}}
directories: [data, uploads/images]
files: [{path: settings.toml, template: settings.example.toml}]
databases:
  data/roll.db: &shop
    tables:
      owners: {columns: {id: INTEGER PRIMARY KEY, name: TEXT NOT NULL, email: TEXT}}
      items:
        columns:
          id: INTEGER PRIMARY KEY AUTOINCREMENT
          owner: INTEGER REFERENCES owners (id)
          price: REAL NOT NULL CHECK (price >= 0)
          note: TEXT
          currency: TEXT NOT NULL DEFAULT 'EUR'
        renamed_from: {cost: price}
        backfill: {currency: "'USD'"}
        indexes: {items_by_price: [price], items_by_owner: [owner]}
      remarks:
        columns: {item: INTEGER REFERENCES items (id) ON DELETE CASCADE, body: TEXT, pinned: INTEGER NOT NULL DEFAULT 0}
    pragmas: {user_version: 3}
  data/log.db: *shop
  data/new.db: {tables: {fresh: {columns: {id: INTEGER PRIMARY KEY}}}}
"""

SCHEMA = """
CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER REFERENCES owners (id), cost REAL, note TEXT,
  currency TEXT);
CREATE TABLE remarks (item INTEGER REFERENCES items (id) ON DELETE CASCADE, body TEXT);
CREATE TABLE audit (what TEXT, old INTEGER);
CREATE INDEX items_by_owner ON items (owner);
CREATE INDEX items_by_note ON items (note) WHERE note IS NOT NULL;
CREATE VIEW notes AS SELECT id, note FROM items WHERE note IS NOT NULL;
CREATE TRIGGER items_gone AFTER DELETE ON items BEGIN INSERT INTO audit VALUES ('items', old.id); END;
PRAGMA user_version = 1;
"""

ENVIRONMENT = "STAGE=test\nPORT=8000\n"
HEALED_ENVIRONMENT = ENVIRONMENT + "ADDED='by the manifest'\n"
SETTINGS = "[shop]\nname = 'ü'\n"
DATABASES = ("data/roll.db", "data/log.db")
ROWS = 300

OLD_ROWS = {
    "owners": [(n, f"owner {n}") for n in range(1, ROWS + 1)],
    # A hole in the numbers, and values that a careless copy changes.
    "items": [
        (n if n < 200 else n + 50, n % ROWS + 1, n / 7, f"é {n}" * (n % 9) if n % 3 else None, "CHF" if n % 2 else None)
        for n in range(1, ROWS + 1)
    ],
    # Rowids that are not shown by any column.
    "remarks": [(n * 3, n if n < 200 else n + 50, f"00{n}") for n in range(1, ROWS + 1)],
    "audit": [("items", 4711)],
}

NEW_ROWS = {
    "owners": [(*row, None) for row in OLD_ROWS["owners"]],
    "items": [(*row[:4], row[4] or "USD") for row in OLD_ROWS["items"]],
    "remarks": [(*row, 0) for row in OLD_ROWS["remarks"]],
    "audit": OLD_ROWS["audit"],
}

OLD_COLUMNS = {"owners": "id, name", "items": "id, owner, cost, note, currency", "remarks": "rowid, item, body"}
NEW_COLUMNS = {
    "owners": "id, name, email",
    "items": "id, owner, price, note, currency",
    "remarks": "rowid, item, body, pinned",
}
OBJECTS = {"items_by_owner", "items_by_note", "notes", "items_gone", "owners", "items", "remarks", "audit"}


class Trouble(AssertionError):
    """What is not as it must be."""


def temporary_folder():
    """In memory where there is room: a process that is killed, or a call that fails, is the same there, and faster."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 256 << 20
    return tempfile.TemporaryDirectory(prefix="selfheal faults ", dir=memory if roomy else None)


def compiled_injector(folder):
    program = Path(folder) / "inject"
    source = REPOSITORY / "Tests/faults/inject.c"
    subprocess.run(
        ["gcc", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source)], check=True
    )
    return program


def make_database(path, journal_mode, rows=OLD_ROWS):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode = {journal_mode}")
        db.executescript(SCHEMA)
        for table, table_rows in rows.items():
            columns = OLD_COLUMNS.get(table, "what, old")
            marks = ", ".join("?" * len(table_rows[0]))
            db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", table_rows)
        db.commit()
        if journal_mode == "wal":
            # As an application leaves it that was killed: rows that are in the log only.
            db.execute("PRAGMA wal_checkpoint")
            db.execute("UPDATE audit SET old = old")
            db.commit()
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{path}{suffix}.kept")
    if journal_mode == "wal":
        for suffix in ("", "-wal"):
            os.replace(f"{path}{suffix}.kept", f"{path}{suffix}")


def make_application(root):
    root = Path(root)
    (root / "data").mkdir(parents=True)
    (root / "schemas.yaml").write_text(MANIFEST)
    (root / ".env.example").write_text(ENVIRONMENT)
    (root / "settings.example.toml").write_text(SETTINGS)
    make_database(root / "data/roll.db", "delete")
    make_database(root / "data/log.db", "wal")


def tool(root, name, *arguments, prefix=(), timeout=120):
    """Runs one of the tools on a root; its answer has the report of a tool that printed one."""
    answer = subprocess.run(
        [*map(str, prefix), str(PROGRAMS / name), "--root", str(root), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout,
        env={**os.environ, "LLVM_PROFILE_FILE": "/dev/null", "XDG_CACHE_HOME": "/nonexistent"},
    )
    answer.text = (answer.stdout + answer.stderr).decode(errors="replace")
    answer.report = None
    # Half a report says nothing, as when standard output was what failed.
    with contextlib.suppress(ValueError):
        answer.report = json.loads(answer.stdout)
    return answer


def expect(condition, what):
    if not condition:
        raise Trouble(what)


def state(path):
    """"old" or "new", by everything that is in a database; in between is trouble. (A table "ballast" is none of ours.)"""
    with contextlib.closing(sqlite3.connect(path)) as db:
        expect(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], f"{path} is damaged")
        expect(db.execute("PRAGMA foreign_key_check").fetchall() == [], f"{path}: rows reference missing rows")
        columns = {row[0] for row in db.execute("SELECT name FROM pragma_table_info('items')")}
        name = "new" if "price" in columns else "old"
        shown = NEW_COLUMNS if name == "new" else OLD_COLUMNS
        for table, rows in (NEW_ROWS if name == "new" else OLD_ROWS).items():
            found = db.execute(f"SELECT {shown.get(table, 'what, old')} FROM {table} ORDER BY 1").fetchall()
            expect(found == rows, f"{path}: {table} has other rows than those of its {name} form")
        names = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name <> 'ballast'"
        found = {row[0] for row in db.execute(names)}
        wanted = OBJECTS | ({"items_by_price"} if name == "new" else set())
        expect(found == wanted, f"{path}: {found ^ wanted} are there or are not")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        expect(version == (3 if name == "new" else 1), f"{path}: user_version {version}, {name} rows")
        sequence = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'items'").fetchone()
        expect(sequence == (OLD_ROWS["items"][-1][0],), f"{path}: sqlite_sequence {sequence}")
        return name


def check_files(root):
    """Files that are made in one go are complete or not there."""
    for name, texts in ((".env", (ENVIRONMENT, HEALED_ENVIRONMENT)), ("settings.toml", (SETTINGS,))):
        with contextlib.suppress(FileNotFoundError):
            expect((root / name).read_text() in texts, f"{name} is not complete")


def check_backups(root):
    """Whatever has the name of a backup is one."""
    for path in (root / ".selfheal/backups").glob("**/*.db"):
        if path.is_file() and not path.name.startswith("."):
            expect(state(path) == "old", f"{path.name} is not the database as it was")


def check_now(root, scratch):
    """After a run that went wrong, as it has left everything: looked at in a copy, so that SQLite's recovery there does not
    help the next run here."""
    check_files(root)
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(root, scratch, symlinks=True)
    states = [state(scratch / name) for name in DATABASES]
    check_backups(scratch)
    shutil.rmtree(scratch)
    return states


def left_behind(root):
    """Names that nothing should have once a run has ended well."""
    names = [str(path.relative_to(root)) for path in root.rglob("*")]
    return sorted(
        name
        for name in names
        if ".selfheal-" in name or name.endswith(("-journal", "unfinished")) or "selfheal_new" in name
    )


def check_converges(root):
    """The next run heals what is left, and leaves nothing behind."""
    heal = tool(root, "auto-heal")
    expect(heal.returncode == 0, f"the next auto-heal ended with {heal.returncode}:\n{heal.text}")
    look = tool(root, "validate-startup", "--check-only")
    expect(look.returncode == 0, f"validate-startup --check-only after it ended with {look.returncode}:\n{look.text}")
    check_files(root)
    expect((root / ".env").read_text() == HEALED_ENVIRONMENT, ".env was not made, or lacks what was to be added")
    expect((root / "uploads/images").is_dir(), "not all directories were made")
    expect(left_behind(root) == [], f"left behind: {left_behind(root)}")
    for name in DATABASES:
        expect(state(root / name) == "new", f"{name} was not healed")
    check_backups(root)


def listing(root):
    """Everything below a root, so that a run that may change nothing can be held to it."""
    return {
        str(path): (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
        for path in root.rglob("*")
        for status in [path.lstat()]
    }


def finding_keys(report):
    return {(finding["id"], finding["subject"]) for check in report["checks"] for finding in check["findings"]}


def environment(root):
    with contextlib.suppress(FileNotFoundError):
        return (root / ".env").read_text()
    return ""


def check_claims(root, answer, states):
    """What a run said that went wrong, beside what is there. A look changes nothing and is not wrong either."""
    before = listing(root)
    look = tool(root, "validate-startup", "--check-only", "--format", "json")
    expect(listing(root) == before, "validate-startup --check-only changed something")
    expect(look.returncode in (0, 1, 2) and look.report, f"the look ended with {look.returncode}:\n{look.text}")
    healed = states == ["new", "new"] and "ADDED" in environment(root) and (root / "data/new.db").exists()
    expect(look.returncode == 1 or healed, "the look found nothing critical in what is not healed")
    expect(answer.returncode not in (0, 2) or look.returncode == 0, f"success was claimed:\n{look.text}")
    if answer.report and "repairs" in answer.report:
        applied = {
            (key["id"], key["subject"])
            for repair in answer.report["repairs"]
            if repair["outcome"] == "applied"
            for key in [repair["finding"], *repair["also"]]
        }
        wrong = applied & finding_keys(look.report)
        expect(not wrong, f"called applied, and found again: {wrong}")
