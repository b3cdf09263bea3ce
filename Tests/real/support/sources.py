"""Where applications come from: PyPI into a virtual environment, Debian into a folder. Both are kept for the next run."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

TOP = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("REAL_CACHE", TOP / ".build" / "real"))


class Unavailable(Exception):
    """Something to run the proof with cannot be had here."""


class Failed(Exception):
    """Something is not as expected; the text says what, with the output that shows it."""


def run(
    command: Sequence[object], folder: Path, variables: Optional[Dict[str, str]] = None, expect: Sequence[int] = (0,)
) -> Tuple[int, str]:
    """Runs a command that must end with one of the exit codes, and gives its code and its output."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    environment = {**kept, "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=900, check=False)
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode not in expect:
        raise Failed(f"exit {done.returncode} from {' '.join(words)[:200]}\n{output[-4000:]}")
    return done.returncode, output


@contextmanager
def made_once(name: str, what: str) -> Iterator[Tuple[Path, bool]]:
    """A folder of the cache, and whether it is there already; two runs at once wait for each other."""
    folder = CACHE / f"{name}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{folder.name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = folder / "complete"
        if mark.exists():
            yield folder, True
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder, False
        mark.touch()


@dataclass
class PyPI:
    """A version of an application from PyPI, with what it needs pinned where a newer release would not do."""

    version: str
    requirements: List[str]

    @property
    def python(self) -> Path:
        what = "\n".join([sys.version, *self.requirements])
        with made_once(self.requirements[0].replace("==", "-"), what) as (folder, is_there):
            if not is_there:
                pip = [folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
                try:
                    run([sys.executable, "-m", "venv", folder], folder)
                    run([*pip, "--cache-dir", CACHE / "wheels", *self.requirements], folder)
                except (Failed, OSError) as error:
                    raise Unavailable(f"{self.requirements[0]} could not be installed from PyPI: {error}") from error
            return folder / "bin" / "python"

    def run(self, folder: Path, *arguments: object, variables: Optional[Dict[str, str]] = None) -> str:
        """Runs its Python: `-m module …` or `-c code …`."""
        return run([self.python, *arguments], folder, {"PATH": f"{self.python.parent}:{os.environ['PATH']}", **(variables or {})})[1]


@dataclass
class Debian:
    """The files of a package as a release of Debian has it."""

    release: str
    package: str

    @property
    def version(self) -> str:
        upstream = (self.folder / "version").read_text(encoding="utf-8").strip().rpartition("-")[0]
        return upstream.partition(":")[2].partition("+")[0] if ":" in upstream else upstream.partition("+")[0]

    @property
    def folder(self) -> Path:
        with made_once(f"{self.package}-{self.release}", "1") as (folder, is_there):
            if not is_there:
                try:
                    self._download(folder)
                except (Failed, OSError) as error:
                    raise Unavailable(f"{self.package} of {self.release} could not be had from Debian: {error}") from error
            return folder

    def _download(self, folder: Path) -> None:
        options = self._apt()
        for command in ([*options, "download", f"{self.package}/{self.release}"],):
            run(["apt-get", *command], folder)
        archive = next(folder.glob("*.deb"))
        run(["dpkg-deb", "--extract", archive, folder / "files"], folder)
        version = run(["dpkg-deb", "--field", archive, "Version"], folder)[1]
        (folder / "version").write_text(version, encoding="utf-8")
        archive.unlink()

    def _apt(self) -> List[str]:
        """apt with one release and lists of its own: the machine's stay as they are."""
        with made_once(f"apt-{self.release}", "1") as (apt, is_there):
            (apt / "lists" / "partial").mkdir(parents=True, exist_ok=True)
            keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
            sources = apt / "sources.list"
            sources.write_text(f"deb [signed-by={keys}] http://deb.debian.org/debian {self.release} main\n", encoding="utf-8")
            settings = [
                f"Dir::Etc::sourcelist={sources}", "Dir::Etc::sourceparts=/dev/null", f"Dir::State::lists={apt}/lists",
                f"Dir::Cache={apt}", "APT::Sandbox::User=root",
            ]
            options = [word for setting in settings for word in ("-o", setting)]
            if not is_there:
                run(["apt-get", *options, "--quiet", "update"], apt)
            return options

    def file(self, path: str) -> Path:
        found = self.folder / "files" / path
        if not found.exists():
            raise Failed(f"{self.package} of {self.release} has no {path}")
        return found
