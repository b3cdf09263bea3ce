"""ejabberd, a chat server: one SQL file a version."""

from pathlib import Path

from support.application import Application, from_sql
from support.sources import Debian


def create(version: Debian, folder: Path) -> Path:
    return from_sql(folder / "ejabberd.db", version.file("usr/share/ejabberd/sql/lite.sql"))


APPLICATION = Application("ejabberd", Debian("bullseye", "ejabberd"), Debian("trixie", "ejabberd"), create)
