"""Times making a large schema and rebuilding a large table, in turn with the sqlite3 shell doing the bare work.

usage: bench.py BIN [ROUNDS [ROWS]] [--peers PYTHON]

Every round runs both once, on fresh copies of the same files; a ratio is taken within a round, and the median of the
rounds is shown. What was made is compared afterwards: only what does the same can be compared. With --peers, the path of a
Python that has sqlite-utils, alembic and Django, the rebuild is timed beside theirs too.
"""

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TABLES, COLUMNS = 1000, 20
DECLARED = ["INTEGER PRIMARY KEY", "TEXT NOT NULL DEFAULT ''", "REAL", "INTEGER", "DATETIME"]


def large_schema():
    """The statements of 1,000 tables of 20 columns with 2 indexes each."""
    for table in range(TABLES):
        columns = ", ".join(f"c{c} {DECLARED[c and 1 + c % 4]}" for c in range(COLUMNS))
        yield f"CREATE TABLE t{table} ({columns});"
        yield f"CREATE INDEX t{table}_a ON t{table} (c1, c2);"
        yield f"CREATE INDEX t{table}_b ON t{table} (c3 DESC);"


OLD = ["id INTEGER PRIMARY KEY", "name TEXT", "price TEXT", "stock INTEGER", "kind TEXT", "note TEXT", "a REAL", "b REAL",
       "created DATETIME", "flag INTEGER"]
NEW = ["id INTEGER PRIMARY KEY", "name TEXT NOT NULL", "price INTEGER", "stock INTEGER", "kind TEXT", "note TEXT",
       "a REAL", "b REAL", "created DATETIME", "flag INTEGER CHECK (flag IN (0, 1))"]
INDEXES = ["CREATE INDEX item_name ON item (name);", "CREATE INDEX item_kind ON item (kind, price);"]


def large_table(path, rows):
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE item ({', '.join(OLD)})")
    connection.executemany(
        "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((n, f"item {n * 7919 % rows}", str(n % 10000), n % 500, f"kind {n % 37}", "x" * (n % 60), n / 3, n / 7,
          f"2026-01-{n % 28 + 1:02} 12:00:00", n % 2) for n in range(1, rows + 1)))
    for index in INDEXES:
        connection.execute(index)
    connection.commit()
    connection.close()


def bare_rebuild():
    """The procedure of sqlite.org/lang_altertable.html, and nothing else."""
    return "\n".join([
        "PRAGMA foreign_keys = OFF;", "PRAGMA synchronous = FULL;", "BEGIN IMMEDIATE;",
        f"CREATE TABLE new_item ({', '.join(NEW)});", "INSERT INTO new_item SELECT * FROM item;", "DROP TABLE item;",
        "ALTER TABLE new_item RENAME TO item;", *INDEXES, "COMMIT;"])


def run(command, folder, environment):
    """Wall milliseconds and peak MiB of one process, and its exit code."""
    with open(os.devnull, "w") as null:
        began = time.perf_counter_ns()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=null)
        _, status, usage = os.wait4(process.pid, 0)
        wall = (time.perf_counter_ns() - began) / 1e6
        process.returncode = os.waitstatus_to_exitcode(status)
        return wall, usage.ru_maxrss / 1024, process.returncode


def shape(path):
    """What two databases must have in common."""
    connection = sqlite3.connect(path)
    tables = sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index') "
                                                       "AND name NOT LIKE 'sqlite_%'"))
    counts = [connection.execute(f'SELECT count(*), total(a), total(price) FROM "{name}"').fetchone()
              for name in tables if name == "item"]
    connection.close()
    return tables, counts


def compare(title, goal, rounds, work, prepare, ours, others, database):
    """One row for each of the `others`, {title: command}; the goal is for the first of them, which does the bare work."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "XDG_CACHE_HOME": f"{work}/cache"}
    commands = [ours, *others.values()]
    walls, peaks = [[] for _ in commands], [[] for _ in commands]
    for number in range(rounds + 1):
        made = None
        for which, command in enumerate(commands):
            folder = work / "run"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            prepare(folder)
            os.sync()
            wall, peak, code = run(command, folder, environment)
            if code != 0:
                sys.exit(f"{title}: {command[0]} ended with {code}")
            made = made or shape(folder / database)
            if made != shape(folder / database):
                sys.exit(f"{title}: {command} made another database than {ours[0]}")
            if number:  # the first round fills the page cache
                walls[which].append(wall)
                peaks[which].append(peak)
    for which, name in enumerate(others, 1):
        ratio = statistics.median(own / other for own, other in zip(walls[0], walls[which]))
        print(f"| {title} | {statistics.median(walls[0]):.0f} | {max(peaks[0]):.0f} | {name} "
              f"| {statistics.median(walls[which]):.0f} | {max(peaks[which]):.0f} | {ratio:.2f} "
              f"| {goal if which == 1 else ''} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--peers", metavar="PYTHON")
    options = parser.parse_args()
    rounds, rows = options.rounds, options.rows
    heal = [f"{os.path.abspath(options.bin)}/auto-heal", "--quiet"]
    shell = ["/usr/bin/sqlite3", "-batch"]
    print(f"\n{rounds} rounds in turn, medians of whole processes; peaks in MiB.\n")
    print("| what | auto-heal ms | peak | beside | ms | peak | ratio | goal |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="selfheal-bench-") as name:
        work = Path(name)
        schema = "\n".join(large_schema())
        (work / "large.sql").write_text(f"BEGIN;\n{schema}\nCOMMIT;\n")

        def nothing(folder):
            (folder / "large.sql").write_text(schema)
            (folder / "schemas.yaml").write_text("version: 1\ndatabases: {large.db: {schema: large.sql}}\n")

        compare(f"{TABLES} tables of {COLUMNS} columns with 2 indexes from nothing", 1.5, rounds, work, nothing, heal,
                {"sqlite3 shell": [*shell, "large.db", f".read {work}/large.sql"]}, "large.db")

        large_table(work / "item.db", rows)
        (work / "rebuild.sql").write_text(bare_rebuild())

        def old_table(folder):
            shutil.copy(work / "item.db", folder)
            columns = "".join(f"          {c.split(' ', 1)[0]}: {c.split(' ', 1)[1]}\n" for c in NEW)
            (folder / "schemas.yaml").write_text(
                "version: 1\ndatabases:\n  item.db:\n    tables:\n      item:\n        columns:\n" + columns
                + "        indexes: {item_name: [name], item_kind: [kind, price]}\n")

        others = {"sqlite3 shell": [*shell, "item.db", f".read {work}/rebuild.sql"]}
        if options.peers:
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.py")
            others |= {name: [os.path.abspath(options.peers), "-B", script, name, "item.db"]
                       for name in ("sqlite-utils", "alembic", "django")}
        compare(f"rebuild of {rows:,} rows of 10 columns with 2 indexes, backup and proof included", 2, rounds, work,
                old_table, heal, others, "item.db")


if __name__ == "__main__":
    main()
