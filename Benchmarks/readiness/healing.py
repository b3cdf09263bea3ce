"""Times selfheal data heal as a whole process: one graph with nothing to do and with everything to do, in turn with doit and GNU make;
the example of seven tables, and programs that give many rows.

usage: healing.py BIN [ROUNDS] [--doit DOIT] [--small]

Every round runs each once, so that a machine that slows down slows all; a ratio is taken within a round, and the median of the
rounds is shown. DOIT is doit's program; without it, doit is not timed. --small leaves out the tables with many rows and the example.
"""

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import SIZES, parents, run

MAKE = shutil.which("make") or sys.exit("there is no make")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "rag"
DOCUMENTS = 1_006
FLAT_ROWS = (100_000, 1_000_000)

# In doit's own process, which is the quickest that it can do: a program for each would take a hundred times as long.
DODO = """\
from pathlib import Path

DOIT_CONFIG = {{"verbosity": 0}}


def write(targets):
    Path(targets[0]).write_text("1\\n")


def task_t():
    for number, parents in {graph!r}:
        yield {{
            "name": str(number), "actions": [write], "targets": [f"doit/t{{number}}"],
            "file_dep": [f"doit/t{{parent}}" for parent in parents],
        }}
"""

GIVE = """\
import sys
for number in range(int(sys.argv[1])):
    print('{"id": %d, "value": "the value of row number %d"}' % (number, number))
"""


def empty_tables(path, size):
    connection = sqlite3.connect(path)
    for number in range(size):
        connection.execute(f"CREATE TABLE t{number} (x INTEGER)")
    connection.commit()
    connection.close()


def make_graph(root, size):
    """The same tasks for each tool, each of which writes the least that it can: a row, or a file."""
    root.mkdir()
    empty_tables(root / "empty.db", size)
    graph = [(number, parents(number)) for number in range(size)]
    lines = ["version: 1", "datasets:"]
    rules = ["all: " + " ".join(f"make/t{number}" for number, _ in graph)]
    for number, above in graph:
        names = ", ".join(f"t{parent}" for parent in above)
        lines.append(
            f"  t{number}: {{relation: {{database: data.db, table: t{number}}}, depends_on: [{names}], "
            'populate: {sql: "SELECT 1 AS x"}}')
        rules.append(f"make/t{number}: " + " ".join(f"make/t{parent}" for parent in above) + "\n\t@echo 1 >$@")
    (root / "schemas.yaml").write_text("\n".join(lines) + "\n")
    (root / "Makefile").write_text("\n".join(rules) + "\n")
    (root / "dodo.py").write_text(DODO.format(graph=graph))


def reset(root):
    for name in ("make", "doit", ".selfheal"):
        shutil.rmtree(root / name, ignore_errors=True)
    for file in [*root.glob(".doit.db*"), *root.glob("data.db*")]:
        file.unlink()
    shutil.copy(root / "empty.db", root / "data.db")
    (root / "make").mkdir()
    (root / "doit").mkdir()
    # What was written here is not to be waited for while others are timed.
    os.sync()


def must_be_done(root, size, has_doit):
    """Only what does the work can be compared."""
    connection = sqlite3.connect(root / "data.db")
    rows = sum(connection.execute(f"SELECT count(*) FROM t{number}").fetchone()[0] for number in range(size))
    connection.close()
    if rows != size:
        sys.exit(f"selfheal data heal: {rows} rows in {size} tables")
    for tool in ("make", "doit") if has_doit else ("make",):
        files = len(list((root / tool).iterdir()))
        if files != size:
            sys.exit(f"{tool}: {files} files of {size} tasks")


def time_graph(root, size, binaries, rounds, doit, environment, quiet):
    """Figures of each tool, by what was to do: everything, nothing."""
    make_graph(root, size)
    os.chdir(root)
    commands = {"selfheal data heal": [f"{binaries}/selfheal", "data", "heal"], "GNU make": [MAKE, "-s"]}
    if doit:
        commands["doit"] = [doit]
    taken = {what: {name: [] for name in commands} for what in ("everything", "nothing")}
    for number in range(rounds + 1):
        reset(root)
        for what, figures in taken.items():
            for name, command in commands.items():
                figure = run(command, environment, quiet)
                if figure[3] != 0:
                    sys.exit(f"{name}: exit {figure[3]} where {what} of {size} tasks was to do")
                if number > 0:  # the first round fills the page cache
                    figures[name].append(figure)
            if what == "everything":
                must_be_done(root, size, doit is not None)
    return taken


def median(figures, column=0):
    return statistics.median(figure[column] for figure in figures)


def ratio(own, other):
    return statistics.median(mine[0] / theirs[0] for mine, theirs in zip(own, other))


def show_graphs(results):
    print("| tasks | to do | command | wall ms | cpu ms | MiB | ms a task |")
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: |")
    for size, taken in results.items():
        for what, figures in taken.items():
            for name, own in figures.items():
                wall, processor, memory = (median(own, column) for column in range(3))
                print(f"| {size:,} | {what} | {name} | {wall:.1f} | {processor:.1f} | {memory:.0f} | {wall / size:.3f} |")
    print()
    for size, taken in results.items():
        nothing = taken["nothing"]
        own = nothing["selfheal data heal"]
        words = [f"{ratio(own, nothing['GNU make']):.1f} times make (goal: at most 8)"]
        if "doit" in nothing:
            goal = " (goal: at least 5)" if size == SIZES[-1] else ""
            words.append(f"{ratio(nothing['doit'], own):.1f} times faster than doit{goal}")
        task = median(taken["everything"]["selfheal data heal"]) / size
        goal = " (goal: at most 1)" if size == SIZES[-1] else ""
        print(f"{size:,} tasks: nothing to do in {median(own):.1f} ms, {', '.join(words)}; a task done in {task:.2f} ms{goal}.")


def time_rows(root, rows, binaries, environment, quiet):
    """A program gives so many rows of one unit-less dataset."""
    root.mkdir()
    (root / "give.py").write_text(GIVE)
    (root / "schemas.yaml").write_text(
        "version: 1\ndatasets:\n  big:\n    relation: {database: data.db, table: big}\n"
        f"    volume: {{min_rows: {rows}}}\n    populate: {{command: [/usr/bin/python3, give.py, '{rows}']}}\n    timeout: 30m\n")
    connection = sqlite3.connect(root / "data.db")
    connection.execute("CREATE TABLE big (id INTEGER PRIMARY KEY, value TEXT NOT NULL)")
    connection.commit()
    connection.close()
    os.chdir(root)
    figure = run([f"{binaries}/selfheal", "data", "heal"], environment, quiet)
    if figure[3] != 0:
        sys.exit(f"selfheal data heal: exit {figure[3]} on {rows} rows")
    return figure


def time_example(folder, binaries, environment, quiet):
    """The seven tables of the example, from those that hold only documents to all of them; None where there are too few documents."""
    shutil.copytree(EXAMPLE, folder / "examples" / "rag", ignore=shutil.ignore_patterns("rag.db*", ".selfheal"))
    os.symlink(EXAMPLE.parents[1] / "templates", folder / "templates")
    os.chdir(folder / "examples" / "rag")
    # Documents are made by the example itself, and not timed.
    made = subprocess.run(
        [MAKE, "-s", "documents", f"SELFHEAL={binaries}/selfheal"], env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    with sqlite3.connect("rag.db") as connection:
        count = connection.execute("SELECT count(*) FROM source_documents").fetchone()[0] if made.returncode == 0 else 0
    if count < DOCUMENTS:
        print(f"[WARNING] the example has {count} documents here instead of {DOCUMENTS}: it is not timed", file=sys.stderr)
        return None
    figure = run([f"{binaries}/selfheal", "data", "heal"], environment, quiet)
    if figure[3] != 0:
        sys.exit(f"selfheal data heal: exit {figure[3]} on the example")
    return figure


def main():
    arguments = sys.argv[1:]
    doit = None
    if "--doit" in arguments:
        at = arguments.index("--doit")
        doit = os.path.abspath(arguments[at + 1])
        del arguments[at : at + 2]
    is_small = "--small" in arguments
    arguments = [argument for argument in arguments if argument != "--small"]
    binaries = os.path.abspath(arguments[0])
    rounds = int(arguments[1]) if len(arguments) > 1 else 7
    results, rows, example = {}, {}, None
    with tempfile.TemporaryDirectory(prefix="selfheal-healing-") as name, open(os.devnull, "w") as null:
        folder, quiet = Path(name), null.fileno()
        environment = {"PATH": "/usr/bin:/bin", "HOME": name, "XDG_CACHE_HOME": f"{name}/cache"}
        for size in SIZES:
            results[size] = time_graph(folder / f"{size}", size, binaries, rounds, doit, environment, quiet)
        if not is_small:
            rows = {size: time_rows(folder / f"rows-{size}", size, binaries, environment, quiet) for size in FLAT_ROWS}
            example = time_example(folder, binaries, environment, quiet)
        os.chdir("/")

    print(f"\nThe same graph for each tool; {rounds} rounds in turn, medians of whole processes.\n")
    show_graphs(results)
    for size, figure in rows.items():
        print(f"{size:,} rows of a program: {figure[0] / 1e3:.1f} s, {figure[2]:.0f} MiB (goal: under 150, the same for both).")
    if example:
        print(
            f"The example, {DOCUMENTS:,} documents, from 1 to 7 tables: {example[0] / 1e3:.1f} s (goal: under 60), "
            f"{example[2]:.0f} MiB with its programs (goal: under 150).")


if __name__ == "__main__":
    main()
