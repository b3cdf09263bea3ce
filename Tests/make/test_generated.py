"""`selfheal data make-targets`, and healing from Make, with the real program and real databases."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from support import Project, TEMPLATE, TOP

PROGRAMS = Path(os.environ.get("SELFHEAL_BIN", TOP / ".build/debug"))

MANIFEST = """\
version: 1
databases:
  data/app.db:
    tables:
      words: {columns: {word: TEXT PRIMARY KEY}}
      lengths: {columns: {word: TEXT PRIMARY KEY, length: INTEGER NOT NULL}}
      total: {columns: {sum: INTEGER NOT NULL}}
      extra: {columns: {note: TEXT NOT NULL}}
datasets:
  words:
    relation: {database: data/app.db, table: words}
    populate: {command: [sh, -c, "echo words >>log; cat words.jsonl"]}
    write: merge
    volume: {min_rows: 3}
  lengths:
    relation: {database: data/app.db, table: lengths}
    depends_on: [words]
    unit: {parent: words, key: word}
    batch: 1
    concurrency: {limit: 8}
    retry: {max_attempts: 1}
    populate: {command: [./measure]}
  total:
    relation: {database: data/app.db, table: total}
    depends_on: [lengths]
    write: replace
    populate: {sql: SELECT sum(length) AS sum FROM lengths}
  extra:
    relation: {database: data/app.db, table: extra}
    required: false
"""

MEASURE = """\
#!/bin/sh
echo measure >>log
date +"+%s%N" >>times; sleep 0.2; date +"-%s%N" >>times
sed 's/.*"word":"\\([^"]*\\)".*/{"word":"\\1","length":3}/'
"""


class Real(Project):
    def setUp(self):
        super().setUp()
        shutil.rmtree(self.bin)
        self.bin.mkdir()
        (self.bin / "selfheal").symlink_to(PROGRAMS / "selfheal")
        (self.folder / "schemas.yaml").write_text(MANIFEST)
        (self.folder / "words.jsonl").write_text("".join(f'{{"word": "{word}"}}\n' for word in ("one", "two", "six")))
        (self.folder / "measure").write_text(MEASURE)
        (self.folder / "measure").chmod(0o755)
        (self.folder / "data").mkdir()

    def selfheal(self, *words):
        return subprocess.run(
            [PROGRAMS / "selfheal", *words], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL)

    def log(self):
        """What has been run since the last time."""
        path = self.folder / "log"
        lines = path.read_text().split() if path.exists() else []
        path.write_text("")
        return sorted(lines)

    def sql(self, *statements):
        with contextlib.closing(sqlite3.connect(self.folder / "data/app.db")) as database:
            rows = [database.execute(statement).fetchall() for statement in statements]
            database.commit()
        return rows[-1]


class Healing(Real):
    def test_from_nothing_to_all(self):
        answer = self.make("check-readiness")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("(0/3", answer.stdout)
        answer = self.make("dev-setup")
        self.assertEqual(answer.returncode, 0, answer)
        self.assertEqual(self.sql("SELECT sum FROM total"), [(9,)])
        self.assertIn("100 %", self.make("check-readiness").stdout)
        self.log()
        for target in ("heal-data", "populate-missing", "heal-progressive", "auto-heal-all", "validate-healing", "prod-check",
                       "test-with-auto-setup"):
            answer = self.make(target)
            self.assertEqual((answer.returncode, self.log()), (0, []), (target, answer))

    def test_an_optional_one_that_nothing_fills_passes_unless_it_may_not(self):
        self.make("dev-setup")
        self.assertEqual(self.make("heal-data").returncode, 0)
        self.assertEqual(self.make("heal-data", "SELFHEAL_STRICT=1").returncode, 2)

    def test_goals(self):
        self.make("dev-setup")
        self.sql("DELETE FROM total", "DELETE FROM lengths")
        self.assertEqual(self.make("heal-to-target", "TARGET=0.3").returncode, 0)
        self.assertEqual((self.log().count("measure"), self.sql("SELECT * FROM lengths")), (3, []))
        self.assertEqual(self.make("heal-to-target", "TARGET=0.6").returncode, 0)
        self.assertEqual((self.log(), self.sql("SELECT * FROM total")), (["measure"] * 3, []))
        self.assertEqual(self.make("heal-progressive").returncode, 0)
        self.assertEqual(self.sql("SELECT sum FROM total"), [(9,)])

    def test_goals_that_are_none(self):
        self.make("dev-setup")
        self.log()
        for target in ("-1", "1.5", "abc", "$(id)", "$(touch pwned)", "nan", "inf", "0.8;touch pwned", "0,8", "80%"):
            answer = self.make("heal-to-target", f"TARGET={target}")
            self.assertEqual((answer.returncode, self.log()), (2, []), target)
            self.assertIn("must not hold $" if "$" in target else "Error 64", answer.stderr, target)
            self.assertEqual(list(self.folder.glob("pwned")), [])

    def test_an_emergency_is_asked_about(self):
        self.make("dev-setup")
        self.log()
        answer = self.make("heal-emergency")
        self.assertEqual((answer.returncode, self.log()), (2, []))
        self.assertIn("Error 64", answer.stderr)
        self.assertEqual(self.make("heal-emergency", "YES=1").returncode, 0)
        self.assertEqual(self.log(), ["measure"] * 3 + ["words"])

    def test_a_failure_is_one(self):
        self.make("dev-setup")
        self.sql("DELETE FROM lengths")
        (self.folder / "measure").write_text("#!/bin/sh\nexit 67\n")
        answer = self.make("auto-heal-all")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("Error 1", answer.stderr)
        self.assertEqual(self.make("check-readiness").returncode, 2)

    def most_at_once(self):
        events = sorted((line[1:], line[0]) for line in (self.folder / "times").read_text().split())
        now = most = 0
        for _, kind in events:
            now += 1 if kind == "+" else -1
            most = max(most, now)
        return most

    def test_no_more_at_once_than_make_says(self):
        (self.folder / "words.jsonl").write_text("".join(f'{{"word": "w{number}"}}\n' for number in range(12)))
        # A job of somebody else's takes one of the tokens while the healing lasts.
        self.makefile("", "both: heal-data other\nother: ; while test -e busy; do sleep 0.1; done")
        for words, most in ((["-j3", "heal-data"], 3), (["-j3", "both"], 2), (["heal-data", "SELFHEAL_FLAGS=--jobs 1"], 1)):
            with self.subTest(words):
                (self.folder / "data/app.db").unlink(missing_ok=True)
                (self.folder / "times").unlink(missing_ok=True)
                self.selfheal("auto-heal", "--skip", "dataset")
                busy = self.folder / "busy"
                busy.write_text("")
                process = subprocess.Popen(
                    ["make", *words], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    env=dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}", MAKEFLAGS=""))
                for line in process.stdout:
                    if "readiness" in line:
                        busy.unlink()
                self.assertEqual(process.wait(60), 0)
                process.stdout.close()
                self.assertEqual(self.most_at_once(), most)


class Generated(Real):
    def setUp(self):
        super().setUp()
        self.selfheal("auto-heal", "--skip", "dataset")
        self.makefile(
            "", "include datasets.mk\ndatasets.mk: schemas.yaml ; selfheal data make-targets --output $@\n"
            "report: .selfheal/stamps/total ; echo made >>report")

    def reports(self):
        path = self.folder / "report"
        return path.read_text().count("made") if path.exists() else 0

    def test_what_is_made_from_rows_is_made_when_they_change_and_not_otherwise(self):
        for count, change, work in (
            (1, None, ["measure"] * 3 + ["words"]), (1, None, []), (2, "DELETE FROM total", []), (2, None, []),
            # A document is gone and comes back; what is made from it alone is done again.
            (3, "DELETE FROM lengths", ["measure"] * 3), (3, None, [])):
            if change:
                self.sql(change)
            answer = self.make("-j4", "report")
            self.assertEqual(answer.returncode, 0, answer)
            self.assertEqual((self.reports(), self.log()), (count, work), change)

    def test_all_and_one(self):
        answer = self.make("dataset-lengths")
        self.assertEqual((answer.returncode, self.log()), (0, ["measure"] * 3 + ["words"]), answer)
        self.assertEqual(self.sql("SELECT count(*) FROM total"), [(0,)])
        self.assertEqual(self.make("-j4", "datasets").returncode, 0)
        self.assertEqual(self.sql("SELECT sum FROM total"), [(9,)])
        self.assertEqual(
            sorted(path.name for path in (self.folder / ".selfheal/stamps").iterdir()), ["extra", "lengths", "total", "words"])

    def test_a_failure_stops_what_depends_on_it(self):
        (self.folder / "measure").write_text("#!/bin/sh\nexit 78\n")
        answer = self.make("-k", "datasets")
        self.assertEqual(answer.returncode, 2)
        self.assertEqual(self.reports(), 0)
        stamps = {path.name for path in (self.folder / ".selfheal/stamps").iterdir()}
        self.assertIn("words", stamps)
        self.assertFalse({"lengths", "total"} & stamps)

    def test_a_dry_run_changes_nothing(self):
        self.make("datasets.mk")
        answer = self.make("-n", "report")
        self.assertEqual((answer.returncode, self.log()), (0, []))
        self.assertIn("--only-this 'total' --stamp '.selfheal/stamps/total'", answer.stdout)
        self.assertFalse((self.folder / ".selfheal/stamps").exists())

    def test_it_is_made_anew_with_the_manifest(self):
        self.make("datasets.mk")
        self.assertNotIn("dataset-more", (self.folder / "datasets.mk").read_text())
        manifest = MANIFEST + (
            "  more:\n    relation: {database: data/app.db, table: more}\n    depends_on: [words]\n"
            "    populate: {sql: SELECT word FROM words}\n")
        self.sql("CREATE TABLE more (word TEXT)")
        (self.folder / "schemas.yaml").write_text(manifest)
        os.utime(self.folder / "datasets.mk", (1, 1))
        self.assertEqual(self.make("dataset-more").returncode, 0)

    def test_from_elsewhere_with_paths_that_have_spaces(self):
        os.rename(self.folder / "schemas.yaml", self.folder / "my $(id) manifest#1.yaml")
        output = self.selfheal("data", "make-targets", "--manifest", "my $(id) manifest#1.yaml").stdout
        (self.folder / "other.mk").write_text(output)
        answer = self.make("-C", str(self.folder), "-f", "other.mk", "dataset-total", cwd="/")
        self.assertEqual(answer.returncode, 0, answer)
        self.assertEqual(self.sql("SELECT sum FROM total"), [(9,)])

    def test_flags_of_the_manifest_hold_beside_the_template(self):
        os.rename(self.folder / "schemas.yaml", self.folder / "other.yaml")
        (self.folder / "other.mk").write_text(self.selfheal("data", "make-targets", "--manifest", "other.yaml").stdout)
        shutil.copy(TEMPLATE, self.folder / "selfheal.mk")
        for order in (("selfheal.mk", "other.mk"), ("other.mk", "selfheal.mk")):
            (self.folder / "Makefile").write_text("".join(f"include {name}\n" for name in order))
            answer = self.make("dataset-total", "heal-data")
            self.assertEqual(answer.returncode, 0, (order, answer))
        self.assertEqual(self.sql("SELECT sum FROM total"), [(9,)])

    def test_nothing_from_outside_is_run(self):
        (self.folder / "Makefile").write_text(self.selfheal("data", "make-targets").stdout)
        for name in ("SELFHEAL", "SELFHEAL_FLAGS", "SELFHEAL_STAMPS", "SELFHEAL_STRICT", ".DEFAULT_GOAL", "selfheal.one", "selfheal.plus"):
            for payload in ("$(shell touch pwned)", "${shell touch pwned}", "`touch pwned`", "; touch pwned", "' ; touch pwned; '", "x\ntouch pwned"):
                for words, environment in (([f"{name}={payload}"], {}), ([], {name: payload}), (["-e"], {name: payload})):
                    with self.subTest(name, payload=payload, environment=environment):
                        answer = self.make("-k", *words, "dataset-words", "datasets", **environment)
                        self.assertEqual(list(self.folder.rglob("*pwned*")), [], answer)
        answer = self.make("dataset-words", "SELFHEAL_STAMPS=stamps/of", "SELFHEAL_FLAGS=--jobs 2")
        self.assertEqual((answer.returncode, (self.folder / "stamps/of/words").exists()), (0, True), answer)

    def test_what_is_refused(self):
        for words in (
            ["--only-this", "nothing"], ["--only-this", "word*"], ["--stamp", "x"], ["--only-this", "words", "lengths"],
            ["--only-this", "words", "--target", "0.5"], ["--only-this", "words", "--stamp", "data/app.db"],
            ["--only-this", "words", "--stamp", "data"], ["--only-this", "words", "--stamp", "schemas.yaml"],
            ["--only-this", "words", "--stamp", ".selfheal/journal.db"], ["--only-this", "words", "--stamp", ""]):
            before = (self.folder / "schemas.yaml").read_text()
            answer = self.selfheal("data", "heal", *words)
            self.assertEqual((answer.returncode, self.log()), (64, []), (words, answer))
            self.assertEqual((self.folder / "schemas.yaml").read_text(), before)
        for words in (["--output", "data/app.db"], ["--manifest", "a\nb"], ["--output", "nowhere/x"]):
            self.assertIn(self.selfheal("data", "make-targets", *words).returncode, (64, 78), words)
        (self.folder / "schemas.yaml").write_text("version: 1\n")
        self.assertEqual(self.selfheal("data", "make-targets").returncode, 64)


if __name__ == "__main__":
    unittest.main()
