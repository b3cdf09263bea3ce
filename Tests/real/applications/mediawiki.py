"""MediaWiki: a generated SQL file; its updater is PHP and is not run here."""

from pathlib import Path

from support.application import Application, from_sql
from support.sources import Debian

SQL = ["usr/share/mediawiki/maintenance/sqlite/tables-generated.sql", "usr/share/mediawiki/sql/sqlite/tables-generated.sql"]


def create(version: Debian, folder: Path) -> Path:
    files = version.folder / "files"
    return from_sql(folder / "wiki.sqlite", next(files / path for path in SQL if (files / path).exists()))


APPLICATION = Application("MediaWiki", Debian("bookworm", "mediawiki"), Debian("trixie", "mediawiki"), create,
                          remaining=["'pl_target_id'", "'uas_year'"])
