"""PowerDNS, a name server: a schema file, and an update file for each version."""

from pathlib import Path

from support.application import Application, execute, from_sql
from support.sources import Debian

FOLDER = "usr/share/pdns-backend-sqlite3/schema"


def create(version: Debian, folder: Path) -> Path:
    return from_sql(folder / "pdns.sqlite3", version.file(f"{FOLDER}/schema.sqlite3.sql"))


def migrate(version: Debian, database: Path) -> None:
    execute(database, version.file(f"{FOLDER}/4.3.1_to_4.7.0_schema.sqlite3.sql").read_text(encoding="utf-8"))


APPLICATION = Application(
    "PowerDNS", Debian("bullseye", "pdns-backend-sqlite3"), Debian("trixie", "pdns-backend-sqlite3"), create, migrate)
