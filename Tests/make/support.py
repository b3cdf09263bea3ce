"""A project with a Makefile that includes the template, in a folder with a space, and a program in the place of selfheal."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
TEMPLATE = TOP / "templates/selfheal.mk"

#: Writes down what it was called with, one record a call, and ends as it is told to.
RECORDER = """\
#!/bin/sh
printf '%s\\037' "$@" >>"$CALLS"
printf '\\036' >>"$CALLS"
printf %s "$MAKEFLAGS" >"$CALLS.flags"
case $1-$2 in
  data-status) exit "${STATUS_EXIT:-0}" ;;
  data-heal) exit "${HEAL_EXIT:-0}" ;;
  *) exit "${START_EXIT:-0}" ;;
esac
"""


class Project(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="a project ")).resolve()
        self.addCleanup(shutil.rmtree, self.folder)
        self.calls = self.folder / "the calls"
        self.bin = self.folder / "a bin"
        self.program("selfheal", RECORDER)
        self.makefile("")

    def program(self, name, text):
        self.bin.mkdir(exist_ok=True)
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def makefile(self, before, after=""):
        # Nothing in an include may have a space, not even escaped: the folder is named from where make runs.
        shutil.copy(TEMPLATE, self.folder / "selfheal.mk")
        (self.folder / "Makefile").write_text(f"{before}\ninclude selfheal.mk\n{after}\n")

    def make(self, *words, cwd=None, **environment):
        """Runs make as somebody would who has `selfheal` on his PATH."""
        self.calls.unlink(missing_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(
            ["make", *words], cwd=cwd or self.folder, capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL,
            env=inherited | {"PATH": f"{self.bin}:{os.environ['PATH']}", "CALLS": str(self.calls)} | environment)

    def called(self):
        """The calls of the program in the place of selfheal: their words."""
        if not self.calls.exists():
            return []
        text = self.calls.read_text()
        return [record.split("\037")[:-1] for record in text.split("\036")[:-1]]

    def flags(self):
        return self.calls.with_name("the calls.flags").read_text()
