"""Made-up rows that satisfy a schema: keys, CHECKs with lists, lengths; with NULLs where they are allowed."""

from __future__ import annotations

import random
import re
import sqlite3
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from .facts import columns, quoted, tables

ATTEMPTS = 30


def fill(connection: sqlite3.Connection, count: int, leave: Sequence[str]) -> List[str]:
    """Fills the tables, parents first.

    Gives the names of those that took no row.
    """
    connection.execute("PRAGMA foreign_keys = ON")
    left = {name.lower() for name in leave}
    ordered = in_order(connection, [name for name in tables(connection) if name.lower() not in left])
    source = random.Random(7)
    failed = []
    for table in ordered:
        made = TableFiller(connection, table, source).fill(count)
        if made == 0 and connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0] == 0:
            failed.append(table)
    connection.commit()
    return failed


def in_order(connection: sqlite3.Connection, names: List[str]) -> List[str]:
    parents = {
        name: {row[2].lower() for row in connection.execute(f"PRAGMA foreign_key_list({quoted(name)})")} - {name.lower()}
        for name in names
    }
    ordered: List[str] = []
    placed: Set[str] = set()
    while len(ordered) < len(names):
        known = {name.lower() for name in names}
        ready = [n for n in names if n.lower() not in placed and not (parents[n] & known - placed)]
        for name in ready or [next(n for n in names if n.lower() not in placed)]:
            ordered.append(name)
            placed.add(name.lower())
    return ordered


class TableFiller:
    def __init__(self, connection: sqlite3.Connection, table: str, source: random.Random) -> None:
        self.connection = connection
        self.table = table
        self.source = source
        self.sql = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()[0]
        self.columns = [column for column in columns(connection, table) if not column.is_generated]
        self.keys = self.foreign_keys()
        self.allowed = {
            name.lower(): [literal.strip() for literal in values.split(",")]
            for name, values in re.findall(r"[\"\[`]?(\w+)[\"\]`]?\s+IN\s*\(([^()]*)\)", self.sql, re.IGNORECASE)
        }

    def foreign_keys(self) -> List[Tuple[str, List[str], List[Optional[str]]]]:
        keys: Dict[int, Tuple[str, List[str], List[Optional[str]]]] = {}
        for row in self.connection.execute(f"PRAGMA foreign_key_list({quoted(self.table)})"):
            key = keys.setdefault(row[0], (row[2], [], []))
            key[1].append(row[3])
            key[2].append(row[4])
        return list(keys.values())

    def fill(self, count: int) -> int:
        made = 0
        for number in range(1, count + 1):
            for attempt in range(ATTEMPTS):
                try:
                    self.insert(number + attempt * 1000)
                    made += 1
                    break
                except sqlite3.IntegrityError:
                    continue
            else:
                # A unique key over few values is full.
                break
        return made

    def insert(self, number: int) -> None:
        values: Dict[str, Any] = {}
        for column in self.columns:
            if column.is_rowid_alias:
                continue
            values[column.name] = self.value(column, number)
        for parent, own, theirs in self.keys:
            row = self.parent_row(parent, theirs)
            for index, name in enumerate(own):
                column = next(column for column in self.columns if column.name.lower() == name.lower())
                values.pop(column.name, None)
                if row is None and (column.not_null or column.is_key):
                    raise sqlite3.IntegrityError(f"{parent} has no row")
                values[column.name] = None if row is None else row[index]
        if not values:
            self.connection.execute(f"INSERT INTO {quoted(self.table)} DEFAULT VALUES")
            return
        names = ", ".join(quoted(name) for name in values)
        marks = ", ".join("?" for _ in values)
        self.connection.execute(f"INSERT INTO {quoted(self.table)} ({names}) VALUES ({marks})", list(values.values()))

    def parent_row(self, parent: str, names: List[Optional[str]]) -> Optional[Tuple[Any, ...]]:
        wanted = [name for name in names if name is not None]
        if len(wanted) < len(names):
            keys = sorted((c for c in columns(self.connection, parent) if c.is_key), key=lambda column: column.key)
            wanted = [column.name for column in keys]
        if not wanted:
            return None
        listed = ", ".join(quoted(name) for name in wanted)
        present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in wanted)
        total = self.connection.execute(f"SELECT count(*) FROM {quoted(parent)} WHERE {present}").fetchone()[0]
        if not total:
            return None
        offset = self.source.randrange(total)
        return self.connection.execute(
            f"SELECT {listed} FROM {quoted(parent)} WHERE {present} LIMIT 1 OFFSET {offset}").fetchone()

    def value(self, column: Any, number: int) -> Any:
        choices = self.allowed.get(column.name.lower())
        if choices:
            return self.connection.execute(f"SELECT {self.source.choice(choices)}").fetchone()[0]
        if not column.not_null and not column.is_key and self.source.random() < 0.2:
            return None
        kind = column.type.upper()
        if "BOOL" in kind:
            return number % 2
        if "INT" in kind:
            return number
        if any(word in kind for word in ("REAL", "FLOA", "DOUB", "DEC", "NUM")):
            return number + 0.25
        if "DATETIME" in kind or "TIMESTAMP" in kind:
            return f"2024-05-{number % 28 + 1:02} 12:{number % 60:02}:{number // 60 % 60:02}.{number % 1_000_000:06}"
        if "DATE" in kind:
            return f"20{number % 30:02}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        if "TIME" in kind:
            return f"{number % 24:02}:{number % 60:02}:00"
        if "BLOB" in kind or "BINARY" in kind:
            return bytes([number % 256, 0, 255]) + str(number).encode()
        if "JSON" in kind or "json_valid" in self.sql.lower():
            return f'{{"n": {number}}}'
        if "UUID" in kind or column.type.lower() == "char(32)":
            return f"{self.source.getrandbits(128):032x}"
        text = f"{column.name} {number} – “ünï” 'quoted'\n2nd line"
        limit = re.search(r"\((\d+)\)", kind)
        if limit and int(limit[1]) < len(text):
            text = f"{number}"[-int(limit[1]):]
        return text
