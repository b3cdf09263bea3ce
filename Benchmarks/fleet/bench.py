"""Times a healthy look at a fleet of databases as a whole process, in turn with the least that a C program could do.

usage: bench.py BIN PEER [ROUNDS]

Every round runs both once, so that a machine that slows down slows both; a ratio is taken within a round, and the median
of the rounds is shown.
"""

import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

SIZES = (100, 1_000, 10_000)
TABLES = 20


def schema(columns):
    return "".join(
        f"CREATE TABLE table{number} (\n    id INTEGER PRIMARY KEY,\n    owner INTEGER NOT NULL DEFAULT 0,\n"
        f"    name TEXT NOT NULL,\n    state TEXT NOT NULL DEFAULT 'new' CHECK (state <> ''),\n    made_at DATETIME{columns}\n);\n"
        + (f"CREATE INDEX table{number}_name ON table{number} (name);\n" if number % 4 == 0 else "")
        for number in range(TABLES)
    )


def make(root, size):
    """A fleet as its manifest states it: copies of one database, so that making them does not take longer than looking."""
    (root / "tenants").mkdir(parents=True)
    (root / "tenant.sql").write_text(schema(""), encoding="utf-8")
    (root / "schemas.yaml").write_text('version: 1\ndatabases: {"tenants/*.db": {schema: tenant.sql}}\n')
    first = root / "first.db"
    connection = sqlite3.connect(first)
    connection.executescript(schema(""))
    connection.close()
    for number in range(size):
        shutil.copyfile(first, root / "tenants" / f"tenant-{number:05}.db")


def run(command, environment, quiet):
    """Wall and processor milliseconds of one process, its largest memory in MiB, and its exit code."""
    began = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1)])
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter_ns() - began) / 1e6
    return wall, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def lose_a_column(root):
    """Only what looks can be compared: one lost column among all must be seen."""
    connection = sqlite3.connect(root / "tenants" / "tenant-00042.db")
    connection.execute("ALTER TABLE table7 DROP COLUMN made_at")
    connection.close()


def main():
    binaries, peer = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 11
    rows, largest = [], None
    with tempfile.TemporaryDirectory(prefix="selfheal-fleet-") as folder, open(os.devnull, "w") as null:
        environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
        for size in SIZES:
            root = Path(folder) / str(size)
            make(root, size)
            os.chdir(root)
            commands = [
                [f"{binaries}/validate-startup", "--check-only"],
                [f"{binaries}/validate-startup", "--check-only", "--format", "json"],
                [peer, "tenants"],
            ]
            taken = [[] for _ in commands]
            for number in range(rounds + 1):
                for index, command in enumerate(commands):
                    figures = run(command, environment, null.fileno())
                    if figures[3] != 0:
                        sys.exit(f"{command[0]}: exit {figures[3]} on a healthy fleet of {size}")
                    if number > 0:  # the first round fills the page cache
                        taken[index].append(figures)
            for name, figures in zip(("validate-startup", "the same as JSON", "C program"), taken):
                wall, processor, memory = (statistics.median(column) for column in list(zip(*figures))[:3])
                ratio = statistics.median(own[0] / other[0] for own, other in zip(figures, taken[2]))
                rows.append((size, name, wall, processor, wall * 1000 / size, memory, ratio))
            largest = (rows[-3][6], max(figure[2] for figure in taken[0]))
            lose_a_column(root)
            if run(commands[0], environment, null.fileno())[3] != 1:
                sys.exit(f"validate-startup does not see a lost column among {size} databases")
        heal(Path(folder) / str(SIZES[1]), binaries, environment, null)

    print(f"\nA healthy fleet of databases with {TABLES} tables each; {rounds} rounds in turn, medians.\n")
    print("| databases | command | wall ms | cpu ms | µs a database | MiB | times the C program |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for size, name, *figures in rows:
        print(f"| {size:,} | {name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    print(f"\n{SIZES[-1]:,} databases take {largest[0]:.2f} times as long as the C program (goal: at most 2),")
    print(f"and {largest[1]:.0f} MiB (goal: at most 100).")


def heal(root, binaries, environment, null):
    """One column more in every database: once, because it is over afterwards."""
    os.chdir(root)
    (root / "tenant.sql").write_text(schema(",\n    plan TEXT"), encoding="utf-8")
    first = run([f"{binaries}/auto-heal"], environment, null.fileno())
    second = run([f"{binaries}/auto-heal"], environment, null.fileno())
    journal = (root / ".selfheal" / "journal.db").stat().st_size / 2**20
    if first[3] or second[3]:
        sys.exit(f"auto-heal: exit {first[3]}, then {second[3]}")
    print(f"Healing {SIZES[1]:,} databases, {TABLES} columns each: {first[0] / 1000:.1f} s, journal {journal:.1f} MiB;")
    print(f"and once more with nothing to do: {second[0] / 1000:.2f} s.")


if __name__ == "__main__":
    main()
