"""Runs of the tools, each written in every format at once, so that the formats can be compared with the report as JSON."""

import json
from pathlib import Path

import hostile

# As hostile as the name of a folder may be.
FOLDER = "root <b>\n\x1b[31m|`x]]>"


class Case:
    """One run. `texts` is what each format made of it, by name; `report` is the report as JSON."""

    def __init__(self, name, root, texts, status):
        self.name = name
        self.root = root
        self.texts = texts
        self.status = status
        self.report = json.loads(texts["json"])

    @property
    def is_refusal(self):
        return self.report["format"] == "selfheal-error/1"

    def __str__(self):
        return self.name


def written(name, root, folder, tool, *arguments, formats=hostile.FORMATS):
    """Runs a tool with an output in each format."""
    folder = folder / name
    folder.mkdir()
    outputs = [word for format in formats for word in ("--output", f"{format}={folder / format}")]
    answer = hostile.run(root, *tool.split(" "), *arguments, *outputs)
    if answer.returncode not in (0, 1, 2, 78):
        raise AssertionError(f"{name}: {answer}")
    texts = {format: (folder / format).read_bytes().decode("utf-8") for format in formats if (folder / format).exists()}
    return Case(name, root, texts, answer.returncode)


def make(folder):
    """Every case, by its name."""
    folder = Path(folder)
    results = folder / "results"
    results.mkdir()
    place = folder / FOLDER
    place.mkdir()
    hostile.make(place)
    made = []

    def add(name, root, tool, *arguments, formats=hostile.FORMATS):
        made.append(written(name, root, results, tool, *arguments, formats=formats))

    with hostile.locked(place):
        add("everything", place, "validate-startup", "--check-only", "--timeout", "0.1")
        add("dry run", place, "auto-heal", "--dry-run", "--timeout", "0.1")
        add("plan", place, "selfheal plan", "--timeout", "0.1")
        add("healed", place, "auto-heal", "--timeout", "0.1")
    add("undone", place, "selfheal undo", formats=hostile.CHANGING)

    good = folder / "good"
    good.mkdir()
    (good / "schemas.yaml").write_text("version: 1\napp: fine\ndirectories: [a, b]\n")
    add("made", good, "validate-startup")
    add("healthy", good, "validate-startup")
    empty = folder / "empty"
    empty.mkdir()
    (empty / "schemas.yaml").write_text("version: 1\n")
    add("nothing", empty, "validate-startup")

    database = folder / "database"
    database.mkdir()
    (database / "schemas.yaml").write_text("version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: INTEGER NOT NULL}}}}}\n")
    hostile.run_sql(database / "a.db", "CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
    add("rebuilt", database, "auto-heal")
    add("restored", database, "selfheal restore", "a.db", formats=hostile.CHANGING)

    readonly = folder / "no journal"
    readonly.mkdir()
    (readonly / "schemas.yaml").write_text("version: 1\ndirectories: [a]\n")
    (readonly / ".selfheal").write_text("a file where the journal's folder would be")
    add("fault", readonly, "auto-heal")

    wrong = folder / "wrong"
    wrong.mkdir()
    (wrong / "schemas.yaml").write_text(
        "version: 1\ndirectoris: [a]\n" + json.dumps(hostile.NAME) + ": 1\nenv: {variables: {\"a b\": {}}}\n")
    add("refused", wrong, "validate-startup")
    return {case.name: case for case in made}
