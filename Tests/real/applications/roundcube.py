"""Roundcube, a mail client for the web: SQL files, and update files by date."""

from pathlib import Path

from support.application import Application, execute, from_sql
from support.sources import Debian, Failed

INITIAL = "usr/share/dbconfig-common/data/roundcube/install/sqlite3"
UPDATES = "usr/share/roundcube/SQL/sqlite"


def create(version: Debian, folder: Path) -> Path:
    return from_sql(folder / "roundcube.db", version.file(INITIAL))


def migrate(version: Debian, database: Path) -> None:
    """As bin/updatedb.sh does: every update after the one that the old package ends with."""
    have = {file.name for file in APPLICATION.old.file(UPDATES).iterdir()}
    updates = sorted(file for file in version.file(UPDATES).iterdir() if file.name not in have)
    if not updates:
        raise Failed("there are no updates")
    for update in updates:
        execute(database, update.read_text(encoding="utf-8"))


APPLICATION = Application(
    "Roundcube", Debian("bullseye", "roundcube-core"), Debian("trixie", "roundcube-core"), create, migrate,
    own=["system"])
