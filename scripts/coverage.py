#!/usr/bin/env python3
"""Line coverage of the library modules, from the JSON that `swift test --enable-code-coverage` leaves.

usage: coverage.py CODECOV.json MINIMUM
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

# Nothing to measure in them: @main files that call Commands, helpers of the tests, C.
LEFT_OUT = {"validate-startup", "auto-heal", "selfheal", "TestSupport"}


def main():
    path, minimum = Path(sys.argv[1]), float(sys.argv[2])
    sources = Path(__file__).resolve().parents[1] / "Sources"
    modules = defaultdict(lambda: [0, 0])
    worst = []
    for file in json.loads(path.read_text(encoding="utf-8"))["data"][0]["files"]:
        name = Path(file["filename"])
        if sources not in name.parents or name.suffix != ".swift":
            continue
        module = name.relative_to(sources).parts[0]
        if module in LEFT_OUT:
            continue
        lines = file["summary"]["lines"]
        modules[module][0] += lines["covered"]
        modules[module][1] += lines["count"]
        if lines["covered"] < lines["count"]:
            worst.append((lines["count"] - lines["covered"], str(name.relative_to(sources))))
    for folder in sources.iterdir():
        files = list(folder.rglob("*.swift"))
        if files and folder.name not in LEFT_OUT and folder.name not in modules:  # not linked into any test
            modules[folder.name][1] = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)

    covered, count = (sum(column) for column in zip(*modules.values())) if modules else (0, 0)
    for module, (hit, lines) in sorted(modules.items()):
        print(f"{module:<20} {hit:>6} / {lines:<6} {100 * hit / max(lines, 1):6.1f} %")
    total = 100 * covered / max(count, 1)
    print(f"{'total':<20} {covered:>6} / {count:<6} {total:6.1f} %")
    worst.sort(reverse=True)
    print("most lines not covered: " + ", ".join(f"{name} ({lines})" for lines, name in worst[:5]))
    if total < minimum:
        sys.exit(f"[ERROR] {total:.1f} % is below {minimum:.0f} %")


if __name__ == "__main__":
    main()
