"""Times a healthy check of the example as a whole process, in turn with what others would run.

usage: bench.py BIN FLOOR [ROUNDS]

Every round runs every command once, so that a machine that slows down slows all of them; a ratio is taken within a
round, and the median of the rounds is shown.
"""

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE))
import peer_validate  # noqa: E402

PYTHON = "/usr/bin/python3"
FACTS = """
SELECT type, name, tbl_name, sql FROM {0}.sqlite_schema;
SELECT t.name, c.* FROM {0}.sqlite_schema t, pragma_table_xinfo(t.name, '{0}') c WHERE t.type = 'table';
SELECT t.name, k.* FROM {0}.sqlite_schema t, pragma_foreign_key_list(t.name, '{0}') k WHERE t.type = 'table';
SELECT t.name, i.*, c.*
  FROM {0}.sqlite_schema t, pragma_index_list(t.name, '{0}') i, pragma_index_xinfo(i.name, '{0}') c
 WHERE t.type = 'table';
"""


def prepare(work, binaries, environment):
    """A healed copy of what the example needs, and the peers' inputs beside it."""
    root = work / "root"
    (root / "scripts").mkdir(parents=True)
    for name in ("schemas.yaml", ".env.example"):
        shutil.copy(TOP / name, root)
    healed = subprocess.run([f"{binaries}/auto-heal"], cwd=root, env=environment, stdout=subprocess.DEVNULL)
    if healed.returncode not in (0, 2):
        sys.exit(f"auto-heal could not make the example whole: exit {healed.returncode}")
    variables, directories, databases = peer_validate.expected_from(root / "schemas.yaml")
    (work / "expected.py").write_text(
        f"VARIABLES = {variables!r}\nDIRECTORIES = {directories!r}\nDATABASES = {databases!r}\n", encoding="utf-8"
    )
    attach = "".join(f"ATTACH 'file:{path}?mode=ro' AS db{n};" for n, path in enumerate(databases))
    (work / "facts.sql").write_text(attach + "".join(FACTS.format(f"db{n}") for n in range(len(databases))))
    return root


def run(command, environment, quiet):
    """Wall and processor milliseconds of one process, and its exit code."""
    began = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1)])
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter_ns() - began) / 1e6
    return wall, (usage.ru_utime + usage.ru_stime) * 1e3, os.waitstatus_to_exitcode(status)


def main():
    binaries, floor = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    with tempfile.TemporaryDirectory(prefix="selfheal-bench-") as folder, open(os.devnull, "w") as null:
        work = Path(folder)
        environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
        root = prepare(work, binaries, environment)
        os.chdir(root)
        validate = [f"{binaries}/validate-startup", "--check-only"]
        peer = [PYTHON, str(HERE / "peer_validate.py")]
        shell = ["/usr/bin/sqlite3", "-batch", ":memory:", f".read {work}/facts.sql"]
        # name, command, the exit codes that mean "healthy" (empty API keys are warnings), whether it must see a fault
        commands = [
            ("validate-startup --check-only", validate, (0, 2), True),
            ("Python, sqlite3 and PyYAML, the same manifest", [*peer, "schemas.yaml"], (0, 2), True),
            ("the same with yaml.safe_load", [*peer, "schemas.yaml", "safe"], (0, 2), True),
            ("Python and sqlite3, expectations in the script", [*peer, str(work / "expected.py")], (0, 2), True),
            ("sqlite3 shell, reading the same schema facts", shell, (0,), False),
            ("validate-startup --help", [validate[0], "--help"], (0,), False),
            ("bare Swift process (print)", [floor], (0,), False),
            ("/bin/true", ["/bin/true"], (0,), False),
        ]

        # Only what does the same can be compared: each must pass this root, and see a lost column.
        subprocess.run(validate[:1], env=environment, stdout=null)  # fills the cache of versions
        codes = [run(command, environment, null.fileno())[2] for _, command, _, _ in commands]
        for (name, _, healthy, _), code in zip(commands, codes):
            if code not in healthy:
                sys.exit(f"{name}: exit {code} on a healthy root")
        shutil.copytree(root, work / "broken")
        os.chdir(work / "broken")
        connection = sqlite3.connect("app/data.db")
        connection.execute("ALTER TABLE product_catalog DROP COLUMN updated_at")
        connection.close()
        for name, command, _, sees in commands:
            if sees and run(command, environment, null.fileno())[2] != 1:
                sys.exit(f"{name}: does not see a lost column")
        os.chdir(root)

        walls, processors = [[] for _ in commands], [[] for _ in commands]
        for number in range(rounds + 2):
            for index, (_, command, _, _) in enumerate(commands):
                wall, processor, code = run(command, environment, null.fileno())
                if code != codes[index]:
                    sys.exit(f"{commands[index][0]}: exit {code} after {codes[index]}")
                if number >= 2:  # the first rounds fill the page cache
                    walls[index].append(wall)
                    processors[index].append(processor)

    ratios = [statistics.median(other / own for other, own in zip(wall, walls[0])) for wall in walls]
    print(f"\nA healthy check of the example as a whole process; {rounds} rounds in turn, medians.\n")
    print("| command | wall ms | fastest | cpu ms | times validate-startup |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for (name, _, _, _), wall, processor, ratio in zip(commands, walls, processors, ratios):
        figures = (statistics.median(wall), min(wall), statistics.median(processor), ratio)
        print(f"| {name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    of_shell = statistics.median(own / other for own, other in zip(walls[0], walls[4]))
    print(f"\nPython with the same manifest takes {ratios[1]:.1f} times as long (goal: at least 8).")
    print(f"validate-startup takes {of_shell:.1f} times as long as the sqlite3 shell (goal: at most 5).")


if __name__ == "__main__":
    main()
