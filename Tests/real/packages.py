#!/usr/bin/python3 -B
"""A real Flask application (from PyPI) and a Node application, each with a missing and an outdated package: found, healed
with --install, found well, and working.

usage: packages.py [BIN]      BIN: the folder with the programs; .build/debug unless said otherwise
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.argv[1] if len(sys.argv) > 1 else REPOSITORY / ".build/debug").resolve()

FLASK = """\
from flask import Flask
from markupsafe import escape
import humanize

app = Flask(__name__)


@app.get("/<int:size>")
def size(size):
    return str(escape(humanize.naturalsize(size)))
"""


def run(*command, cwd, expect=0):
    answer = subprocess.run([str(word) for word in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode != expect:
        sys.exit(f"{' '.join(map(str, command))}: exit {answer.returncode} instead of {expect}\n{answer.stdout}")
    return answer.stdout


def findings(root):
    answer = subprocess.run([BIN / "validate-startup", "--check-only", "--format", "json", "--plugin-path", REPOSITORY / "plugins"],
                            cwd=root, stdout=subprocess.PIPE, text=True)
    report = json.loads(answer.stdout)
    return answer.returncode, sorted((f["id"], f["subject"]) for check in report["checks"] for f in check["findings"])


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: found {found}, expected {wanted}")
    print(f"[OK] {what}")


def prove(root, broken, works):
    expect(findings(root), (1, broken), "what is missing and what is outdated is found")
    heal = [BIN / "auto-heal", "--plugin-path", REPOSITORY / "plugins"]
    run(*heal, cwd=root, expect=1)
    expect(findings(root), (1, broken), "without --install nothing is installed")
    run(*heal, "--dry-run", "--install", cwd=root, expect=1)
    expect(findings(root), (1, broken), "a dry run installs nothing")
    print(run(*heal, "--install", cwd=root))
    expect(findings(root), (0, []), "with --install all is well")
    expect(works().strip(), "1.5 MB", "the application works")


def flask(root):
    (root / "requirements.txt").write_text("flask>=3.0,<4\nhumanize==4.9.0\n")
    (root / "app.py").write_text(FLASK)
    (root / "schemas.yaml").write_text("version: 1\ndependencies: {python: {requirements: requirements.txt}}\n")
    run("/usr/bin/python3", "-m", "venv", ".venv", cwd=root)
    run(".venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "flask==2.3.3", cwd=root)
    call = "import app; print(app.app.test_client().get('/1500000').text)"
    prove(root, [("python-packages.missing", "humanize"), ("python-packages.version", "flask")],
          lambda: run(".venv/bin/python", "-c", call, cwd=root))


def package(folder, name, version, code):
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version, "main": "index.js"}))
    (folder / "index.js").write_text(code)


def node(root):
    """No registry is reached: the packages are in folders, and npm packs them."""
    shelf = root / "shelf"
    package(shelf / "size-1", "size", "1.0.0", "module.exports = () => 'old'\n")
    package(shelf / "size-2", "size", "2.0.0", "module.exports = (n) => (n / 1e6).toFixed(1) + require('unit')()\n")
    package(shelf / "unit", "unit", "1.2.3", "module.exports = () => ' MB'\n")
    packed = {name: run("npm", "pack", "--silent", f"./shelf/{name}", cwd=root).strip() for name in ("size-1", "size-2", "unit")}
    site = root / "frontend"
    site.mkdir()

    def want(size):
        (site / "package.json").write_text(json.dumps(
            {"name": "site", "version": "1.0.0", "dependencies": {"size": f"file:../{packed[size]}", "unit": f"file:../{packed['unit']}"}}))

    want("size-2")
    run("npm", "install", "--package-lock-only", "--offline", "--no-audit", "--no-fund", cwd=site)
    lock = (site / "package-lock.json").read_text()
    want("size-1")
    run("npm", "install", "--offline", "--no-audit", "--no-fund", cwd=site)
    want("size-2")
    (site / "package-lock.json").write_text(lock)
    shutil.rmtree(site / "node_modules/unit")
    (root / "schemas.yaml").write_text("version: 1\ndependencies: {node: {package: frontend/package.json}}\n")
    broken = findings(root)[1]
    kinds = {name.rsplit(".", 1)[1] for name, _ in broken}
    if not kinds >= {"missing"} or not kinds & {"version", "mismatch"}:
        sys.exit(f"neither missing nor outdated: {broken}")
    prove(root, broken, lambda: run("node", "-e", "console.log(require('size')(1500000))", cwd=site))


def main():
    for name, prove_one in (("Flask", flask), ("Node", node)):
        print(f"{name}:")
        with tempfile.TemporaryDirectory(prefix="selfheal-packages-") as folder:
            prove_one(Path(folder).resolve())


main()
