"""Bacula's catalogue of backups: one SQL file a version."""

from pathlib import Path

from support.application import Application, from_sql
from support.sources import Debian

SQL = "usr/share/dbconfig-common/data/bacula-director-sqlite3/install/sqlite3"


def create(version: Debian, folder: Path) -> Path:
    return from_sql(folder / "bacula.db", version.file(SQL))


APPLICATION = Application(
    "Bacula", Debian("bullseye", "bacula-director-sqlite3"), Debian("trixie", "bacula-director-sqlite3"), create,
    own=["Version"])
