"""Facts of a database, taken with Python's own sqlite3 and nothing of SelfHeal."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def open_database(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve(strict=True).as_uri()}?mode=rw", uri=True)


@dataclass
class Column:
    name: str
    type: str
    not_null: bool
    default: Optional[str]
    #: Its place in the primary key, from 1; 0 is none.
    key: int
    is_generated: bool
    is_rowid_alias: bool = False

    @property
    def is_key(self) -> bool:
        return self.key > 0


def columns(connection: sqlite3.Connection, table: str) -> List[Column]:
    rows = connection.execute(f"PRAGMA table_xinfo({quoted(table)})").fetchall()
    found = [Column(r[1], r[2], bool(r[3]), r[4], r[5], r[6] in (2, 3)) for r in rows if r[6] != 1]
    keys = [column for column in found if column.key]
    if len(keys) == 1 and keys[0].type.upper() == "INTEGER":
        keys[0].is_rowid_alias = True
    return found


def tables(connection: sqlite3.Connection) -> List[str]:
    """The tables that are no virtual ones, nor a part of those."""
    return [
        row[1] for row in connection.execute("PRAGMA main.table_list")
        if row[2] == "table" and not row[1].startswith("sqlite_")
    ]


def virtual_tables(connection: sqlite3.Connection) -> List[str]:
    return [row[1] for row in connection.execute("PRAGMA main.table_list") if row[2] == "virtual"]


def dump(path: Path) -> str:
    """The schema as `sqlite3 path .schema` prints it: all statements, those of shadow tables too."""
    with closing(open_database(path)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_stat%' ORDER BY rowid")
        return "".join(f"{sql};\n" for (sql,) in rows)


Rows = Dict[str, Tuple[List[str], Counter]]


def contents(path: Path, like: Optional[Rows] = None) -> Rows:
    """All rows of all tables, with how often each is there; of the tables and columns of `like` only."""
    found: Rows = {}
    with closing(open_database(path)) as connection:
        connection.text_factory = bytes
        for name in (connection_tables(connection) if like is None else like):
            wanted = like[name][0] if like else [c.name for c in decoded_columns(path, name)]
            listed = ", ".join(f"typeof({quoted(column)}), {quoted(column)}" for column in wanted)
            rows = connection.execute(f"SELECT {listed} FROM {quoted(name)}")
            found[name] = (wanted, Counter(rows))
    return found


def connection_tables(connection: sqlite3.Connection) -> List[str]:
    factory, connection.text_factory = connection.text_factory, str
    try:
        return tables(connection) + virtual_tables(connection)
    finally:
        connection.text_factory = factory


def decoded_columns(path: Path, table: str) -> List[Column]:
    with closing(open_database(path)) as connection:
        return columns(connection, table)


def lost(before: Rows, path: Path, renamed: Dict[str, Dict[str, str]], converted: Set[str]) -> List[str]:
    """What of the rows is not there any more, value by value with its storage class, as sentences."""
    missing = []
    for table, (names, rows) in before.items():
        now = [renamed.get(table, {}).get(name, name) for name in names]
        try:
            after = contents(path, {table: (now, Counter())})[table][1]
        except sqlite3.Error as error:
            missing.append(f"{table}: {error}")
            continue
        if rows == after:
            continue
        changed = Counter(without(names, table, converted, rows)) - Counter(without(names, table, converted, after))
        if changed:
            missing.append(f"{table}: {sum(changed.values())} of {sum(rows.values())} rows are not as they were, such as {next(iter(changed))!r:.300}")
        elif sum(rows.values()) != sum(after.values()):
            missing.append(f"{table}: {sum(rows.values())} rows became {sum(after.values())}")
    return missing


def without(names: List[str], table: str, converted: Set[str], rows: Counter) -> List[Tuple[Any, ...]]:
    kept = [index for index, name in enumerate(names) if f"{table}.{name}" not in converted]
    return [tuple(v for i in kept for v in row[2 * i:2 * i + 2]) for row in rows.elements()]


def violations(path: Path) -> Set[Tuple[Any, ...]]:
    with closing(open_database(path)) as connection:
        return {(row[0], row[1], row[2]) for row in connection.execute("PRAGMA foreign_key_check")}


def integrity(path: Path) -> str:
    with closing(open_database(path)) as connection:
        return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check").fetchmany(5))


def structure(path: Path) -> Set[Tuple[Any, ...]]:
    """The schema as PRAGMAs show it: one fact each, comparable between databases. The order of columns is none."""
    facts: Set[Tuple[Any, ...]] = set()
    with closing(open_database(path)) as connection:
        for table in tables(connection):
            facts.add(("table", table))
            for column in columns(connection, table):
                default = column.default.strip("()'\"") if column.default else None
                facts.add(("column", table, column.name, column.type.upper(), column.not_null, default, column.key))
            keys: Dict[int, List[Tuple[Any, ...]]] = {}
            for row in connection.execute(f"PRAGMA foreign_key_list({quoted(table)})"):
                keys.setdefault(row[0], []).append(tuple(row[2:7]))
            for key in keys.values():
                facts.add(("references", table, tuple(key)))
            for _, name, unique, origin, partial in connection.execute(f"PRAGMA index_list({quoted(table)})").fetchall():
                terms = tuple(row[2] for row in connection.execute(f"PRAGMA index_info({quoted(name)})"))
                facts.add(("index", table, name if origin == "c" else origin, unique, partial, terms))
        for kind, name in connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')"):
            facts.add((kind, name))
        for name in virtual_tables(connection):
            facts.add(("virtual table", name))
    return facts


def count(path: Path) -> Tuple[int, int]:
    """How many tables and rows there are."""
    with closing(open_database(path)) as connection:
        names = tables(connection)
        return len(names), sum(connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0] for name in names)
