"""A throw-away application root, with the databases schemas.yaml asks for."""

import contextlib
import shutil
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

EXAMPLE = Path(__file__).resolve().parents[1]
TOP = EXAMPLE.parents[1]
sys.path.insert(0, str(EXAMPLE))

MANIFEST = yaml.safe_load((TOP / "schemas.yaml").read_text(encoding="utf-8"))


def statements(tables):
    """The SQL a fresh database is made with."""
    for table, wanted in tables.items():
        parts = [f'"{name}" {definition}' for name, definition in wanted["columns"].items()]
        yield f'CREATE TABLE "{table}" ({", ".join(parts + wanted.get("constraints", []))})'
        for name, index in wanted.get("indexes", {}).items():
            index = index if isinstance(index, dict) else {"on": index}
            columns = index.get("on") or index[True]  # YAML 1.1 reads the bare word "on" as true
            unique = "UNIQUE " if index.get("unique") else ""
            where = f" WHERE {index['where']}" if "where" in index else ""
            yield f'CREATE {unique}INDEX "{name}" ON "{table}" ({", ".join(columns)}){where}'


def make_root(root):
    for directory in MANIFEST["directories"]:
        (root / directory).mkdir(parents=True)
    shutil.copy(TOP / MANIFEST["env"]["template"], root / ".env")
    for path, database in MANIFEST["databases"].items():
        execute(root / path, *statements(database["tables"]))


def execute(path, *queries):
    with contextlib.closing(sqlite3.connect(str(path))) as connection:
        for query in queries:
            connection.execute(query)
        connection.commit()


class RootTestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dynamic pricing ")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        make_root(self.root)
