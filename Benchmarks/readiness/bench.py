"""Times selfheal data status as a whole process, in turn with the sqlite3 shell asking each table whether it has rows.

usage: bench.py BIN [ROUNDS] [--dbt DBT] [--small]

Every round runs each once, so that a machine that slows down slows all; a ratio is taken within a round, and the median of the
rounds is shown. DBT is dbt's program, with dbt-sqlite; without it, dbt is not timed. --small leaves out the tables of 10 million rows.
"""

import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

SIZES = (7, 100, 1_000)
BIG_TABLES = 10
BIG_ROWS = 10_000_000
SHELL = shutil.which("sqlite3") or sys.exit("there is no sqlite3 shell")
# Of dbt, which takes seconds, one round is enough.
SLOW_ROUNDS = 1


def parents(number):
    """A graph as people have them: some roots, mostly one parent, now and then two."""
    if number % 10 == 0:
        return []
    first = number - 1 if number % 3 else number // 10 * 10
    return sorted({first, number // 10 * 10}) if number % 4 == 0 else [first]


def big(number):
    return f"big{number}"


def names(size, has_big):
    small = size - (BIG_TABLES if has_big else 0)
    return [f"t{number}" for number in range(small)] + [big(number) for number in range(BIG_TABLES if has_big else 0)]


def make(root, size, big_database):
    """A database of tables with rows, its manifest, and what the shell is asked."""
    root.mkdir(parents=True)
    tables = names(size, big_database is not None)
    small = [name for name in tables if name.startswith("t")]
    connection = sqlite3.connect(root / "data.db")
    for name in small:
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, value TEXT NOT NULL)")
        connection.executemany(f"INSERT INTO {name} (value) VALUES (?)", [(f"value {row}",) for row in range(50)])
    connection.commit()
    connection.close()
    lines = ["version: 1", "datasets:"]
    for number, name in enumerate(tables):
        if name.startswith("t"):
            above = ", ".join(f"t{parent}" for parent in parents(number))
            lines.append(f"  {name}: {{relation: {{database: data.db, table: {name}}}, depends_on: [{above}], volume: {{min_rows: 10}}}}")
        else:
            volume = f"{{min_rows: 1000, expected_rows: {BIG_ROWS}}}"
            lines.append(f"  {name}: {{relation: {{database: big.db, table: {name}}}, volume: {volume}}}")
    (root / "schemas.yaml").write_text("\n".join(lines) + "\n")
    asked = {"data.db": small}
    if big_database:
        os.link(big_database, root / "big.db")
        asked["big.db"] = [name for name in tables if not name.startswith("t")]
    for database, all_names in asked.items():
        queries = "".join(f"SELECT '{name}', EXISTS (SELECT 1 FROM {name});\n" for name in all_names)
        (root / f"{database}.sql").write_text(queries)
    return list(asked)


def make_big(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    for number in range(BIG_TABLES):
        connection.execute(f"CREATE TABLE {big(number)} (id INTEGER PRIMARY KEY, value INTEGER)")
        connection.execute(
            f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BIG_ROWS}) "
            f"INSERT INTO {big(number)} SELECT i, i FROM n"
        )
    connection.commit()
    connection.close()


def run(command, environment, quiet, standard_input=None):
    """Wall and processor milliseconds of one process, its largest memory in MiB, and its exit code."""
    actions = [(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)]
    if standard_input:
        actions.append((os.POSIX_SPAWN_OPEN, 0, standard_input, os.O_RDONLY, 0))
    began = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter_ns() - began) / 1e6
    return wall, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def ask(databases, environment, quiet):
    """All databases, one after the other: as one figure."""
    parts = [run([SHELL, "-readonly", name], environment, quiet, f"{name}.sql") for name in databases]
    return sum(part[0] for part in parts), sum(part[1] for part in parts), max(part[2] for part in parts), max(part[3] for part in parts)


def make_dbt(root, size):
    """The same question as tests of dbt: a singular test for each table that gives a row when the table has none."""
    project = root / "dbt"
    (project / "tests").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: bench\nversion: '1.0'\nprofile: bench\ntest-paths: [tests]\n")
    profile = {
        "type": "sqlite", "threads": 2, "database": "data", "schema": "main", "schemas_and_paths": {"main": str(root / "data.db")},
        "schema_directory": str(root),
    }
    (project / "profiles.yml").write_text(json.dumps({"bench": {"target": "bench", "outputs": {"bench": profile}}}))
    for name in names(size, False):
        (project / "tests" / f"{name}_has_rows.sql").write_text(
            f"SELECT 1 AS missing WHERE NOT EXISTS (SELECT 1 FROM {name})\n")
    return project


def time_all(root, size, databases, binaries, rounds, dbt, environment, quiet):
    """Rows of the table, and the median ratio to the shell."""
    os.chdir(root)
    status = [f"{binaries}/selfheal", "data", "status"]
    taken = {"selfheal data status": [], "the same as JSON": [], "sqlite3 shell, EXISTS": []}
    for number in range(rounds + 1):
        figures = {
            "selfheal data status": run(status, environment, quiet),
            "the same as JSON": run([*status, "--format", "json"], environment, quiet),
            "sqlite3 shell, EXISTS": ask(databases, environment, quiet),
        }
        for name, figure in figures.items():
            if figure[3] != 0:
                sys.exit(f"{name}: exit {figure[3]} where all {size} datasets are ready")
            if number > 0:  # the first round fills the page cache
                taken[name].append(figure)
    shell = taken["sqlite3 shell, EXISTS"]
    rows = []
    for name, figures in taken.items():
        wall, processor, memory = (statistics.median(column) for column in list(zip(*figures))[:3])
        ratio = statistics.median(own[0] / other[0] for own, other in zip(figures, shell))
        rows.append((name, wall, processor, memory, ratio))
    if dbt:
        project = make_dbt(root, size)
        command = [dbt, "test", "--project-dir", str(project), "--profiles-dir", str(project), "--no-use-colors"]
        figures = [run(command, {**environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}, quiet) for _ in range(SLOW_ROUNDS)]
        if any(figure[3] != 0 for figure in figures):
            sys.exit(f"dbt: exit {figures[0][3]} on {size} tables")
        wall, processor, memory = (statistics.median(column) for column in list(zip(*figures))[:3])
        rows.append(("dbt test", wall, processor, memory, wall / rows[2][1]))
    return rows


def must_see_loss(root, binaries, environment, quiet):
    """Only what looks can be compared: one emptied table among all must be seen."""
    connection = sqlite3.connect(root / "data.db")
    connection.execute("DELETE FROM t3")
    connection.commit()
    connection.close()
    if run([f"{binaries}/selfheal", "data", "status"], environment, quiet)[3] != 1:
        sys.exit("selfheal data status does not see an empty table")


def main():
    arguments = sys.argv[1:]
    dbt = None
    if "--dbt" in arguments:
        at = arguments.index("--dbt")
        dbt = os.path.abspath(arguments[at + 1])
        del arguments[at : at + 2]
    is_small = "--small" in arguments
    arguments = [argument for argument in arguments if argument != "--small"]
    binaries = os.path.abspath(arguments[0])
    rounds = int(arguments[1]) if len(arguments) > 1 else 11
    table, goals = [], []
    with tempfile.TemporaryDirectory(prefix="selfheal-readiness-") as folder, open(os.devnull, "w") as null:
        environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
        variants = [(size, None) for size in SIZES]
        if not is_small:
            make_big(Path(folder) / "big.db")
            variants.append((SIZES[-1], Path(folder) / "big.db"))
        for size, big_database in variants:
            root = Path(folder) / f"{size}{'-big' if big_database else ''}"
            databases = make(root, size, big_database)
            words = f"{size:,}" + (f", {BIG_TABLES} of them with {BIG_ROWS // 1_000_000} million rows" if big_database else "")
            rows = time_all(
                root, size, databases, binaries, rounds, None if big_database else dbt, environment, null.fileno())
            table += [(words, *row) for row in rows]
            own = rows[0]
            limit = 20 if size == SIZES[0] else 250
            goals.append((words, own[1], limit if size != SIZES[1] else None, own[4], own[3], rows[3][1] / own[1] if len(rows) > 3 else None))
            must_see_loss(root, binaries, environment, null.fileno())

    print(f"\nAll datasets ready; {rounds} rounds in turn (dbt: {SLOW_ROUNDS}), medians of whole processes.\n")
    print("| datasets | command | wall ms | cpu ms | MiB | times the shell |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for words, name, *figures in table:
        print(f"| {words} | {name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    print()
    for words, wall, limit, ratio, memory, faster in goals:
        goal = f" (goal: under {limit})" if limit else ""
        than_dbt = f"; {faster:.0f} times faster than dbt (goal: at least 50)" if faster else ""
        print(
            f"{words}: {wall:.1f} ms{goal}, {ratio:.1f} times the shell (goal: at most 5), {memory:.0f} MiB (goal: under 50){than_dbt}.")


if __name__ == "__main__":
    main()
