"""What `make install` brings, in a folder of its own, and terminals to use it in."""

import atexit
import os
import pty
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
#: Where the programs are that are installed: those of `swift build`, unless it is said.
PROGRAMS = Path(os.environ.get("SELFHEAL_BIN", TOP / ".build/debug"))
NAMES = ("selfheal", "validate-startup", "auto-heal")

_prefix = None


def installed():
    """The prefix of an installation, made once for all tests."""
    global _prefix
    if _prefix is None:
        folder = tempfile.mkdtemp(prefix="selfheal install ")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _prefix = Path(folder) / "usr"
        environment = dict(os.environ, BIN=str(PROGRAMS), PREFIX=str(_prefix))
        subprocess.run(["make", "--silent", "install"], cwd=TOP, env=environment, check=True)
    return _prefix


def environment(**more):
    """Of somebody who has it on PATH, with the completions where shells look for them."""
    prefix = installed()
    return dict(
        os.environ, PATH=f"{prefix}/bin:{os.environ['PATH']}", XDG_DATA_DIRS=f"{prefix}/share:/usr/share",
        MANPATH=f"{prefix}/share/man", HOME=str(prefix), LC_ALL="C.UTF-8", **more)


def run(*command, **more):
    options = dict(capture_output=True, text=True, timeout=60, env=environment(), check=False) | more
    return subprocess.run([str(word) for word in command], **options)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *command, **more):
        self.shown = ""
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.chdir(more.pop("cwd", "/"))
            os.execvpe(command[0], command, environment(TERM="xterm", **more))

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def wait(self, text, seconds=20):
        """Reads until the text has been shown. - Returns: whether it was."""
        end = time.monotonic() + seconds
        while text not in self.shown:
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            if not ready:
                return False
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:
                return text in self.shown
            if not data:
                return False
            self.shown += data.decode(errors="replace")
        return True

    def close(self):
        try:
            os.kill(self.process, 9)
        except ProcessLookupError:
            pass
        os.close(self.descriptor)
        os.waitpid(self.process, 0)
