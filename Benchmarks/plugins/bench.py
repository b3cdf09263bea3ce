"""Times a healthy check of the example with eight external plugins, in turn with the same one without them.

usage: bench.py BIN [ROUNDS]

Warm: nothing that the plugins read has changed, so their answers are kept. Cold: every input has, so all are asked; the time is
held against the slowest plugin run by itself. Every round runs all once; a ratio is taken within a round, and the median of the
rounds is shown.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COUNT = 8
SLOWEST = 0.5
PLUGIN = """\
#!/bin/sh
cat >/dev/null
sleep {pause}
echo '{{"protocol":1,"findings":[],"confirmations":["input {number} is fine"]}}'
"""


def make(root, environment, binaries, plugins):
    for name in ("schemas.yaml", ".env.example"):
        shutil.copy(REPOSITORY / name, root / name)
    if plugins:
        entries = "".join(f"  input-{number}: {{file: input-{number}.txt}}\n" for number in range(COUNT))
        with open(root / "schemas.yaml", "a") as manifest:
            manifest.write(f"\nplugins:\n{entries}")
    for number in range(COUNT if plugins else 0):
        folder = root / "plugins" / f"input-{number}"
        (folder / "bin").mkdir(parents=True)
        (folder / "plugin.yaml").write_text(
            f"name: input-{number}\nversion: 1.0\nprotocols: [1]\ncapabilities: [check]\ndescription: Looks at a file.\n"
            'settings:\n  type: object\n  properties:\n    file: {type: string}\n  additionalProperties: false\n'
            'reads: {files: ["{file}"]}\nfindings:\n  wrong: {severity: critical, meaning: It is wrong.}\n')
        program = folder / "bin" / f"input-{number}"
        program.write_text(PLUGIN.format(number=number, pause=SLOWEST if number == 0 else SLOWEST / 4))
        program.chmod(0o755)
        (root / f"input-{number}.txt").write_text("x")
    time.sleep(0.1)
    subprocess.run([f"{binaries}/auto-heal", "--quiet"], cwd=root, env=environment, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def run(command, folder, environment):
    """Wall milliseconds of one process, which must find nothing critical."""
    with open(os.devnull, "w") as null:
        began = time.perf_counter_ns()
        code = subprocess.run(command, cwd=folder, env=environment, stdout=null).returncode
        wall = (time.perf_counter_ns() - began) / 1e6
    if code not in (0, 2):
        sys.exit(f"{command[0]} ended with {code} in {folder}")
    return wall


def main():
    binaries = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 41
    with tempfile.TemporaryDirectory(prefix="selfheal-plugins-") as name:
        work = Path(name)
        environment = {"PATH": "/usr/bin:/bin", "HOME": name, "XDG_CACHE_HOME": f"{name}/cache"}
        plain, full = work / "plain", work / "full"
        for root, plugins in ((plain, False), (full, True)):
            root.mkdir()
            make(root, environment, binaries, plugins)
        look = [f"{binaries}/validate-startup", "--check-only"]
        check = [f"{binaries}/validate-startup"]
        slowest = [str(full / "plugins/input-0/bin/input-0"), "check"]
        for root in (plain, full):
            run(check, root, environment)
        warm, bare = [], []
        for number in range(rounds + 1):
            times = run(look, plain, environment), run(look, full, environment)
            if number:
                bare.append(times[0])
                warm.append(times[1])
        cold, alone = [], []
        for number in range(5):
            for index in range(COUNT):
                (full / f"input-{index}.txt").write_text(f"{number}")
            cold.append(run(look, full, environment))
            began = time.perf_counter_ns()
            subprocess.run(slowest, input=b"{}", stdout=subprocess.DEVNULL, check=True)
            alone.append((time.perf_counter_ns() - began) / 1e6)
        print(f"\n{rounds} rounds in turn (cold: 5), medians of whole processes.\n")
        print("| what | ms | beside | ms | ratio | goal |")
        print("| --- | ---: | --- | ---: | ---: | ---: |")
        for title, ours, other, theirs, goal in (
            ("eight plugins, nothing changed", warm, "no plugins", bare, 1.3),
            ("eight plugins, everything changed", cold, "the slowest plugin by itself", alone, 1.2),
        ):
            ratio = statistics.median(own / peer for own, peer in zip(ours, theirs))
            print(f"| {title} | {statistics.median(ours):.1f} | {other} | {statistics.median(theirs):.1f} | {ratio:.2f} | {goal} |")


if __name__ == "__main__":
    main()
