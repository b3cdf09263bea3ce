"""What a proof has to know of an application."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence


@dataclass
class Application:
    name: str
    old: Any
    new: Any
    #: Makes a new database with a version, in an empty folder.
    create: Callable[[Any, Path], Path]
    #: The new version's own migration of an old database, where there is one that runs here.
    migrate: Optional[Callable[[Any, Path], None]] = None
    #: Uses a healed database with the new version; raises what is not as expected.
    use: Optional[Callable[[Any, Path], None]] = None
    #: Tables that hold what the application itself says of its schema: no rows are made up in them.
    own: Sequence[str] = ()
    #: `renamed_from` and `backfill` by table: what the application's own migration does beyond the schema.
    notes: Dict[str, Dict[str, Dict[str, str]]] = field(default_factory=dict)
    #: Columns whose values the healing may write in another form, as "table.column", with the reason.
    converted: Dict[str, str] = field(default_factory=dict)
    #: Texts of findings that must remain, because only the application's data migration knows the values.
    remaining: List[str] = field(default_factory=list)
    #: Statements that put special rows in before the generated ones.
    first: str = ""


def execute(database: Path, sql: str) -> None:
    # Lines that begin with a dot are commands of the sqlite3 shell.
    statements = "\n".join(line for line in sql.splitlines() if not line.startswith("."))
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(statements)


def from_sql(database: Path, *files: Path) -> Path:
    """A database made from plain SQL."""
    for file in files:
        execute(database, file.read_text(encoding="utf-8"))
    return database
