"""The Zabbix proxy, which has no migration for SQLite: its documentation says to delete the database instead."""

import gzip
from pathlib import Path

from support.application import Application, execute
from support.sources import Debian

SQL = "usr/share/zabbix-proxy-sqlite3/schema.sql.gz"


def create(version: Debian, folder: Path) -> Path:
    database = folder / "zabbix.db"
    execute(database, gzip.decompress(version.file(SQL).read_bytes()).decode("utf-8"))
    return database


APPLICATION = Application(
    "Zabbix proxy", Debian("bullseye", "zabbix-proxy-sqlite3"), Debian("trixie", "zabbix-proxy-sqlite3"), create,
    own=["dbversion"],
    # Values that only the application could know; what is expected of them is said, and the tables are left as they are.
    remaining=[
        "'groupdiscoveryid'", "'recordsetid'", "'name' is missing in globalvars", "'dashboard_pageid'", "'dbversionid'",
        "of items in zabbix.db", "'auditid'", "'userid' of auditlog",
    ])
