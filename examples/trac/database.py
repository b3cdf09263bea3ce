"""Facts of an SQLite database, taken without the application.

usage: database.py DATABASE rows            every row of every table, with its rowid, one a line
       database.py DATABASE count           how many tables, indexes and rows there are
       database.py DATABASE schema SQL      whether the file makes exactly the tables and indexes that are there
       database.py DATABASE plan SELECT     how SQLite would find the rows
       database.py DATABASE lose STATEMENT...
       database.py DATABASE lose-all        every index, empty table and column that SQLite lets go of
       database.py DATABASE kept OTHER      whether every table, row and value of the other database is here
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Iterator, List, Optional, Set, Tuple

OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


def tables(database: sqlite3.Connection) -> List[str]:
    return [name for kind, name, _, _ in database.execute(OBJECTS) if kind == "table"]


def columns_of(database: sqlite3.Connection, table: str) -> List[str]:
    return sorted(name for _, name, *_ in database.execute(f'PRAGMA table_info("{table}")'))


def rows(database: sqlite3.Connection, like: Optional[sqlite3.Connection] = None) -> Iterator[str]:
    """Every row; of the tables and columns only that the other database has."""
    like = like or database
    for table in tables(like):
        columns = columns_of(like, table)
        listed = ", ".join(f'quote("{column}")' for column in columns)
        for rowid, *values in database.execute(f'SELECT rowid, {listed} FROM "{table}" ORDER BY rowid'):
            yield json.dumps([table, rowid, dict(zip(columns, values))], ensure_ascii=False)


def lose_all(database: sqlite3.Connection) -> str:
    lost = {"index": 0, "table": 0, "column": 0}

    def lose(kind: str, statement: str) -> None:
        with suppress(sqlite3.OperationalError):  # a column of a key
            database.execute(statement)
            lost[kind] += 1

    for kind, name, _, sql in database.execute(OBJECTS).fetchall():
        if kind == "index" and sql:
            lose("index", f'DROP INDEX "{name}"')
    for table in tables(database):
        if database.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,):
            lose("table", f'DROP TABLE "{table}"')
            continue
        for column in columns_of(database, table):
            lose("column", f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    return f"{lost['index']} indexes, {lost['table']} empty tables and {lost['column']} columns lost"


def schema(database: sqlite3.Connection) -> Set[Tuple[str, ...]]:
    return set(database.execute(OBJECTS))


def main(arguments: List[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    path, action, *rest = arguments
    with closing(sqlite3.connect(f"{Path(path).resolve(strict=True).as_uri()}?mode=rw", uri=True)) as database:
        if action == "rows":
            for line in rows(database):
                print(line)
        elif action == "count":
            kinds = [kind for kind, *_ in schema(database)]
            print(f"{kinds.count('table')} tables, {kinds.count('index')} indexes, {sum(1 for _ in rows(database))} rows")
        elif action == "schema":
            with closing(sqlite3.connect(":memory:")) as stated:
                stated.executescript(Path(rest[0]).read_text(encoding="utf-8"))
                different = schema(database) ^ schema(stated)
            for kind, name, _, sql in sorted(different, key=str):
                print(f"not the same: {kind} {name}: {sql}")
            return 1 if different else 0
        elif action == "plan":
            print("; ".join(detail for *_, detail in database.execute("EXPLAIN QUERY PLAN " + rest[0])))
        elif action == "lose-all":
            print(lose_all(database))
            database.commit()
        elif action == "kept":
            with closing(sqlite3.connect(rest[0])) as other:
                expected = list(rows(other))
                missing = set(expected) - set(rows(database, like=other))
            print(*sorted(missing), f"{len(expected) - len(missing)} of {len(expected)} rows are here", sep="\n")
            return 1 if missing else 0
        elif action == "lose":
            for statement in rest:
                database.execute(statement)
            database.commit()
        else:
            print(__doc__, file=sys.stderr)
            return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
