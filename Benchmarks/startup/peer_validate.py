"""What `validate-startup --check-only` does on the example, as one would write it in Python.

usage: peer_validate.py schemas.yaml        the expectations come from the manifest, read by PyYAML's C parser
       peer_validate.py schemas.yaml safe   the same with yaml.safe_load, which is what most people write
       peer_validate.py expected.py         the expectations are a literal in a script, as people write them by hand

Made to be fast: nothing is imported that is not needed. It looks at less than
validate-startup does: neither CHECK clauses nor the text of partial indexes. Run in the application's root.
"""

import os
import re
import sqlite3
import sys


def facts(connection, table):
    """Columns, foreign keys and indexes of a table, as PRAGMAs tell them; None when there is none."""
    columns = {row[1]: row[2:] for row in connection.execute(f'PRAGMA table_xinfo("{table}")')}
    if not columns:
        return None
    keys = sorted(row[2:] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")'))
    indexes = {}
    for _, name, unique, origin, partial in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
        parts = [row[2:] for row in connection.execute(f'PRAGMA index_xinfo("{name}")')]
        indexes[name] = (unique, origin, partial, parts)
    return columns, keys, indexes


def expected_from(path, loader="CSafeLoader"):
    """The env variables, directories and tables a manifest asks for; SQLite itself reads the SQL in it."""
    import yaml

    with open(path, encoding="utf-8") as file:
        manifest = yaml.load(file, Loader=getattr(yaml, loader))
    databases = {}
    for database, wanted in manifest["databases"].items():
        connection = sqlite3.connect(":memory:")
        for table, described in wanted["tables"].items():
            parts = [f'"{name}" {definition}' for name, definition in described["columns"].items()]
            parts += described.get("constraints", [])
            connection.execute(f'CREATE TABLE "{table}" ({", ".join(parts)})')
            for name, index in described.get("indexes", {}).items():
                index = index if isinstance(index, dict) else {"on": index}
                columns = index.get("on") or index[True]  # YAML 1.1 reads the bare word "on" as true
                unique = "UNIQUE" if index.get("unique") else ""
                where = f"WHERE {index['where']}" if "where" in index else ""
                connection.execute(f'CREATE {unique} INDEX "{name}" ON "{table}" ({", ".join(columns)}) {where}')
        databases[database] = {table: facts(connection, table) for table in wanted["tables"]}
        connection.close()
    return manifest["env"]["variables"], manifest["directories"], databases


def main():
    if sys.argv[1].endswith(".py"):
        sys.path.insert(0, os.path.dirname(sys.argv[1]))
        from expected import VARIABLES as variables, DIRECTORIES as directories, DATABASES as databases
    else:
        variables, directories, databases = expected_from(sys.argv[1], *["SafeLoader"] * (len(sys.argv) > 2))
    critical, warnings = [], []

    values = {}
    try:
        with open(".env", encoding="utf-8") as file:
            for line in file:
                name, equals, value = line.strip().partition("=")
                if equals and not name.startswith("#"):
                    values[name.strip()] = value.strip().strip("\"'")
    except FileNotFoundError:
        critical.append(".env is missing")
    for name, variable in variables.items():
        value = values.get(name, "")
        if not value:
            (critical if variable.get("required") else warnings).append(variable.get("hint", f"{name} is not set"))
        elif variable.get("type") == "port" and not (value.isdigit() and 0 < int(value) < 65536):
            critical.append(f"{name} is not a port")
        elif "pattern" in variable and not re.search(variable["pattern"], value):
            critical.append(f"{name} is not as it should be")

    for directory in directories:
        if not os.path.isdir(directory) or not os.access(directory, os.W_OK | os.X_OK):
            critical.append(f"{directory}/ is missing or not writable")

    if sys.version_info < (3, 8):
        critical.append("python3 is older than 3.8")

    for database, tables in databases.items():
        try:
            connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            for table, wanted in tables.items():
                actual = facts(connection, table)
                if actual is None:
                    critical.append(f"{database}: table {table} is missing")
                    continue
                for name, definition in wanted[0].items():
                    if actual[0].get(name) != definition:
                        critical.append(f"{database}: {table}.{name} is missing or different")
                if actual[1] != wanted[1]:
                    critical.append(f"{database}: foreign keys of {table} differ")
                for name, definition in wanted[2].items():
                    if actual[2].get(name) != definition:
                        warnings.append(f"{database}: index {name} is missing or different")
                print(f"[OK] {database}.{table} schema valid")
            connection.close()
        except sqlite3.Error as error:
            critical.append(f"{database}: {error}")

    for text in warnings:
        print("[WARNING]", text)
    for text in critical:
        print("[ERROR]", text)
    return 1 if critical else 2 if warnings else 0


if __name__ == "__main__":
    sys.exit(main())
