"""selfheal data heal, killed, stopped, doubled and given wrong things. Rows are read by Python's sqlite3."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import application
import terminal

SELFHEAL = application.PROGRAMS / "selfheal"
DOCUMENTS = 60
# One kill each; all of them in make test-crash.
KILLS = 200 if os.environ.get("SELFHEAL_SWEEP") == "all" else 12

MANIFEST = """\
version: 1
databases:
  app.db:
    tables:
      docs: {columns: {id: INTEGER PRIMARY KEY, body: TEXT}}
      parts:
        columns: {id: INTEGER PRIMARY KEY, doc: INTEGER NOT NULL REFERENCES docs (id), body: TEXT NOT NULL}
        constraints: ["UNIQUE (doc, body)"]
      marks: {columns: {doc: INTEGER PRIMARY KEY, size: INTEGER}}
      words: {columns: {word: TEXT PRIMARY KEY, n: INTEGER}}
datasets:
  docs: {relation: {database: app.db, table: docs}}
  parts:
    relation: {database: app.db, table: parts}
    volume: {min_rows: 10}
    depends_on: [docs]
    populate: {command: [python3, parts.py]}
    unit: {parent: docs, key: id, column: doc}
    batch: 7
    timeout: 20s
    retry: {delay: 10ms}
    concurrency: {limit: 2}
  marks:
    relation: {database: app.db, table: marks}
    depends_on: [docs]
    populate: {sql: "SELECT :key AS doc, length(:body) AS size"}
    unit: {parent: docs, key: id}
    batch: 9
  words:
    relation: {database: app.db, table: words}
    depends_on: [parts]
    populate: {sql: "SELECT body AS word, count(*) AS n FROM parts GROUP BY body"}
    write: replace
"""

# Notes each unit that it is given, before it does anything.
PARTS = """\
import json, os, sys, time
lines = sys.stdin.readlines()
with open("given.log", "a") as log:
    log.write("".join(str(json.loads(line)["id"]) + "\\n" for line in lines))
for line in lines:
    document = json.loads(line)
    for word in document["body"].split():
        print(json.dumps({"doc": document["id"], "body": word}), flush=True)
time.sleep(0.02)
"""

SCHEMA = """
CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, doc INTEGER NOT NULL REFERENCES docs (id), body TEXT NOT NULL,
  UNIQUE (doc, body));
CREATE TABLE marks (doc INTEGER PRIMARY KEY, size INTEGER);
CREATE TABLE words (word TEXT PRIMARY KEY, n INTEGER);
"""

STATE = {
    "parts": "SELECT doc, body FROM parts ORDER BY 1, 2",
    "marks": "SELECT doc, size FROM marks ORDER BY 1",
    "words": "SELECT word, n FROM words ORDER BY 1",
    "units": "SELECT dataset, unit, state, row_count FROM _selfheal_units ORDER BY 1, 2",
    "datasets": "SELECT dataset, done, failed, rows_written, quarantined FROM _selfheal_datasets ORDER BY 1",
    "quarantine": "SELECT dataset, unit FROM _selfheal_quarantine",
}


class Populating(unittest.TestCase):
    def setUp(self):
        folder = application.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def make(self, name="root", manifest=MANIFEST, program=PARTS, documents=DOCUMENTS, wal=False):
        root = self.folder / name
        root.mkdir(mode=0o755)
        for file, text in (("schemas.yaml", manifest), ("parts.py", program)):
            (root / file).write_text(text)
            (root / file).chmod(0o644)
        with contextlib.closing(sqlite3.connect(root / "app.db")) as db:
            if wal:
                db.execute("PRAGMA journal_mode = wal")
            db.executescript(SCHEMA)
            db.executemany(
                "INSERT INTO docs VALUES (?, ?)", ((n, f"word{n % 5} text {n}") for n in range(1, documents + 1))
            )
            db.commit()
        return root

    def start(self, root, *arguments, **more):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": tempfile.gettempdir(), **more}
        process = subprocess.Popen(
            [SELFHEAL, "data", *arguments], cwd=root, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        # When a test fails in between.
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def heal(self, root, *arguments, status=0, **more):
        process = self.start(root, "heal", *arguments, **more)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, status, out + err)
        return out + err

    def state(self, root):
        with contextlib.closing(sqlite3.connect(root / "app.db")) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            return {name: db.execute(query).fetchall() for name, query in STATE.items()}

    def query(self, root, sql):
        with contextlib.closing(sqlite3.connect(root / "app.db")) as db:
            return db.execute(sql).fetchall()

    def execute(self, root, sql):
        with contextlib.closing(sqlite3.connect(root / "app.db")) as db:
            db.executescript(sql)

    def given(self, root):
        """The units that the program was given, in order."""
        log = root / "given.log"
        return [int(line) for line in log.read_text().splitlines()] if log.exists() else []

    def assert_nothing_runs(self, root):
        """No process works in the root any more, after a moment."""
        end = time.monotonic() + 10
        while True:
            left = []
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if os.readlink(process / "cwd") == str(root):
                        left.append((process / "cmdline").read_bytes())
            if not left:
                return
            self.assertLess(time.monotonic(), end, left)
            time.sleep(0.02)

    # Kills

    def done(self, root):
        try:
            rows = self.query(root, "SELECT unit FROM _selfheal_units WHERE dataset = 'parts' AND state = 'done'")
        except sqlite3.OperationalError:
            return set()  # Before there was a ledger.
        return {unit for (unit,) in rows}

    def test_killed_at_random_moments(self):
        whole = self.make("undisturbed")
        begun = time.monotonic()
        self.heal(whole)
        duration = time.monotonic() - begun
        wanted = self.state(whole)
        self.assertEqual(len(wanted["parts"]), DOCUMENTS * 3)
        chance = random.Random(int(os.environ.get("SELFHEAL_SEED", time.time_ns() % 10**9)))
        kills, round_number = 0, 0
        while kills < KILLS:
            round_number += 1
            root = self.make(f"killed{round_number}", wal=round_number % 2 == 0)
            for _ in range(40):
                before, seen = self.done(root), len(self.given(root))
                process = self.start(root, "heal")
                # Mostly while it works; now and then before it does, and after.
                time.sleep(chance.uniform(0, duration * 0.6))
                process.send_signal(signal.SIGKILL)
                process.communicate()
                self.assert_nothing_runs(root)
                again = before & set(self.given(root)[seen:])
                self.assertEqual(again, set(), "finished units were given again")
                if process.returncode == 0:
                    break
                kills += 1
            seen, before = len(self.given(root)), self.done(root)
            self.heal(root)
            self.assertEqual(before & set(self.given(root)[seen:]), set())
            self.assertEqual(self.state(root), wanted)
            self.assertEqual(self.heal(root).splitlines()[0], "[OK] there is nothing to do")
        print(f"{kills} kills in {round_number} rounds")

    def test_killed_among_many_small_ones(self):
        """Those that one transaction makes are there with their ledger, or not at all; none of them is made twice."""
        tables = range(400)
        datasets = "".join(
            f"  t{n}: {{relation: {{database: app.db, table: t{n}}}, depends_on: [{f't{n - 1}' if n % 5 else ''}], "
            f'populate: {{sql: "SELECT {n} AS n, randomblob(8) AS mark"}}}}\n'
            for n in tables
        )
        schema = "".join(f"CREATE TABLE t{n} (n INTEGER, mark BLOB);" for n in tables)
        every = " UNION ALL ".join(f"SELECT * FROM (SELECT '{n}', n, mark FROM t{n})" for n in tables[:200])
        rest = " UNION ALL ".join(f"SELECT * FROM (SELECT '{n}', n, mark FROM t{n})" for n in tables[200:])
        chance = random.Random(int(os.environ.get("SELFHEAL_SEED", time.time_ns() % 10**9)))
        undisturbed = self.make("many", "version: 1\ndatasets:\n" + datasets)
        self.execute(undisturbed, schema)
        begun = time.monotonic()
        self.heal(undisturbed)
        duration = time.monotonic() - begun
        for number in range(3):
            root = self.make(f"many{number}", "version: 1\ndatasets:\n" + datasets, wal=number % 2 == 1)
            self.execute(root, schema)
            seen = {}
            for _ in range(6):
                process = self.start(root, "heal")
                time.sleep(chance.uniform(0.1, 0.9) * duration)
                process.kill()
                process.communicate()
                rows = self.query(root, every) + self.query(root, rest)
                self.assertEqual(len(rows), len({name for name, _, _ in rows}), "a row is there twice")
                now = {name: mark for name, _, mark in rows}
                self.assertLessEqual(seen.items(), now.items(), "what was done was made again")
                with contextlib.suppress(sqlite3.OperationalError):
                    noted = self.query(root, "SELECT substr(dataset, 2) FROM _selfheal_units WHERE state = 'done'")
                    self.assertEqual({name for (name,) in noted}, set(now))
                seen = now
            self.heal(root)
            rows = self.query(root, every) + self.query(root, rest)
            self.assertEqual({name: n for name, n, _ in rows}, {str(n): n for n in tables})
            self.assertLessEqual(seen.items(), {name: mark for name, _, mark in rows}.items())

    def test_a_killed_run_stays_in_the_journal_with_what_it_never_began(self):
        root = self.make(program=PARTS.replace("0.02", "5"))
        process = self.start(root, "heal")
        self.wait_for(lambda: self.given(root))
        process.kill()
        process.communicate()
        (root / "parts.py").write_text(PARTS)
        self.heal(root)
        with contextlib.closing(sqlite3.connect(root / ".selfheal/journal.db")) as db:
            runs = db.execute("SELECT id, state FROM run ORDER BY id").fetchall()
            never = db.execute("SELECT subject FROM repair WHERE run = 1 AND outcome IS NULL ORDER BY 1").fetchall()
        self.assertEqual([state for _, state in runs], ["interrupted", "finished"])
        self.assertIn(("words",), never)

    def wait_for(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def test_asked_to_stop(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            root = self.make(f"stopped{number}", program=PARTS.replace("0.02", "30" if number == signal.SIGINT else "0.2"))
            process = self.start(root, "heal")
            self.wait_for(lambda: self.given(root))
            begun = time.monotonic()
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
            self.assertLess(time.monotonic() - begun, 10)
            self.assertEqual(process.returncode, 1, out + err)
            self.assertIn("stopped on request", out)
            self.assert_nothing_runs(root)
            (root / "parts.py").write_text(PARTS)
            before, seen = self.done(root), len(self.given(root))
            self.heal(root)
            self.assertEqual(before & set(self.given(root)[seen:]), set())
            self.assertEqual(len(self.query(root, STATE["parts"])), DOCUMENTS * 3)

    def test_stopped_on_a_terminal(self):
        """Whichever way it ends, no bar stands there afterwards; the second ^C does not wait."""
        # Whoever waits for it to end when asked waits for two seconds.
        stubborn = PARTS.replace("time.sleep(0.02)", "time.sleep(6)").replace(
            "import json", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nimport json"
        )
        for name, keys, status, said in (
            ("once", ["\x03"], 1, "stopped on request"),
            ("twice", ["\x03", "\x03"], 130, None),
            ("quit", ["\x1c"], 131, None),
        ):
            with self.subTest(name):
                root = self.make(name, program=stubborn, documents=21)
                variables = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": tempfile.gettempdir(), "NO_COLOR": "1"}
                shown = terminal.Terminal([SELFHEAL, "data", "heal"], root, variables)
                self.assertTrue(shown.read_until(lambda text: " parts [" in text), shown.screen)
                self.wait_for(lambda: self.given(root))
                begun = time.monotonic()
                for key in keys:
                    shown.read_until(lambda _: False, 0.3)
                    shown.type(key)
                ended, screen = shown.end()
                took = time.monotonic() - begun
                self.assertEqual(ended, status, screen)
                self.assertNotIn("parts [", screen)
                self.assertIn("[HEALING] parts: 21 units", screen)
                if said:
                    self.assertIn(said, screen)
                else:
                    self.assertLess(took, 1.5)
                    self.assertTrue(all(line.startswith("[") for line in screen.splitlines()), screen)
                self.assert_nothing_runs(root)
                (root / "parts.py").write_text(PARTS)
                self.heal(root)
                self.assertEqual(len(self.query(root, STATE["parts"])), 21 * 3)

    def test_a_killed_force(self):
        """The old rows stay; the next --force goes on, any other run takes away what was left."""
        left = "SELECT name FROM sqlite_schema WHERE name LIKE '%new_parts%'"
        for name, arguments in (("again", ["parts", "--force", "--yes"]), ("plain", [])):
            root = self.make(name)
            self.heal(root)
            before, seen = self.state(root), len(self.given(root))
            (root / "parts.py").write_text(PARTS.replace("0.02", "0.3"))
            process = self.start(root, "heal", "parts", "--force", "--yes")
            done = "SELECT unit FROM _selfheal_units WHERE dataset = '.new-parts' AND state = 'done'"
            self.wait_for(lambda: len(self.query(root, done)) > 13)
            process.kill()
            process.communicate()
            self.assert_nothing_runs(root)
            made = {unit for (unit,) in self.query(root, done)}
            self.assertLess(len(made), DOCUMENTS)
            self.assertEqual(self.state(root)["parts"], before["parts"])
            self.assertNotEqual(self.query(root, left), [])
            seen = len(self.given(root))
            told = self.heal(root, *arguments)
            self.assertEqual(self.query(root, left), [])
            self.assertEqual(self.state(root)["parts"], before["parts"])
            again = self.given(root)[seen:]
            if name == "again":
                self.assertIn(f"went on with {len(made)} units that a killed run had made", told)
                self.assertEqual(sorted(again), sorted(set(range(1, DOCUMENTS + 1)) - made))
            else:
                self.assertIn("took away the half of a new table for 'parts' that a killed run had left", told)
                self.assertEqual(again, [])
                self.assertEqual(self.state(root), before)

    # Two at once

    def test_two_at_once(self):
        root = self.make(program=PARTS.replace("0.02", "0.3"))
        first = self.start(root, "heal")
        self.wait_for(lambda: self.given(root))
        who = f"selfheal data heal, process {first.pid} works on the data since 20"
        told = self.heal(root, "--no-wait", status=1)
        self.assertIn(who, told)
        second = self.start(root, "heal")
        out, err = second.communicate(timeout=120)
        self.assertEqual(second.returncode, 0, out + err)
        self.assertIn("waiting: " + who, err)
        self.assertIn("[OK] there is nothing to do", out)
        self.assertIsNotNone(first.poll())
        first.communicate()
        self.assertEqual(first.returncode, 0)
        given = self.given(root)
        self.assertEqual(len(given), len(set(given)), "a unit was given twice")
        self.assertEqual(len(self.query(root, STATE["parts"])), DOCUMENTS * 3)

    def test_a_check_at_start_does_not_wait_for_it(self):
        root = self.make(program=PARTS.replace("0.02", "0.5"))
        process = self.start(root, "heal")
        self.wait_for(lambda: self.given(root))
        checked = subprocess.run(
            [application.PROGRAMS / "validate-startup", "--timeout", "1"], cwd=root, capture_output=True, text=True
        )
        self.assertNotIn("another run", checked.stdout + checked.stderr)
        self.assertNotIn("killed", checked.stdout + checked.stderr)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0)

    # Minimal work

    def test_nothing_more_than_needed(self):
        root = self.make()
        self.heal(root)
        self.assertEqual(sorted(self.given(root)), list(range(1, DOCUMENTS + 1)))
        marks = self.query(root, "SELECT generation FROM _selfheal_datasets WHERE dataset = 'marks'")

        def work():
            """The datasets that were worked on, with their units."""
            events = map(json.loads, self.heal(root, "--format", "json").splitlines())
            return {e["dataset"]: e["finished"] for e in events if e["event"] == "ends" and e["result"] != "unneeded"}

        self.assertEqual(work(), {})
        self.execute(root, "DELETE FROM parts")
        self.assertEqual(work(), {"parts": DOCUMENTS, "words": 1})
        self.assertEqual(self.query(root, "SELECT generation FROM _selfheal_datasets WHERE dataset = 'marks'"), marks)
        self.execute(root, "DELETE FROM words")
        self.assertEqual(work(), {"words": 1})
        self.execute(root, "DELETE FROM parts WHERE doc IN (3, 4); INSERT INTO docs VALUES (1000, 'new')")
        self.assertEqual(work(), {"parts": 3, "marks": 1, "words": 1})
        self.assertEqual(sorted(self.given(root)[2 * DOCUMENTS :]), [3, 4, 1000])
        self.assertEqual(work(), {})

    def test_targets(self):
        root = self.make()
        self.heal(root, "--target", "0.5")
        ready = self.query(root, "SELECT count(*) FROM _selfheal_datasets WHERE populated_at IS NOT NULL")[0][0]
        self.assertEqual(ready, 1, "docs and one more are half of four")
        out = self.heal(root, "--progressive")
        self.assertIn("readiness 100 % (4/4)", out.splitlines()[-1])
        self.assertEqual(len(self.query(root, STATE["parts"])), DOCUMENTS * 3)

    # Wrong things

    def test_targets_that_are_none(self):
        root = self.make()
        for target in ("-1", "1.5", "abc", "$(id)", "", "nan", "inf", "0,5"):
            for arguments in (["--target", target], [f"--target={target}"]):
                told = self.heal(root, *arguments, status=64)
                self.assertNotIn("uid=", told)
        self.assertFalse((root / ".selfheal").exists())
        self.assertEqual(self.query(root, "SELECT count(*) FROM parts"), [(0,)])

    def test_names_that_are_none(self):
        root = self.make()
        self.assertIn("did you mean 'parts'", self.heal(root, "partz", status=64))
        self.assertIn("no dataset has the tag", self.heal(root, "tag:none", status=64))
        self.heal(root, "--jobs", "0", status=64)
        self.heal(root, "--yes", status=64)
        told = self.heal(root, "--force", status=64)
        self.assertIn("--yes", told)

    def wrong(self, name, status, words, program=PARTS, replace=("", ""), setup="", keeps=True):
        """The run says what is wrong; rows that were there stay, and ledger and rows agree."""
        root = self.make(name, MANIFEST.replace(*replace), program)
        if keeps:
            self.execute(root, "INSERT INTO parts (doc, body) VALUES (1, 'kept');" + setup)
        before = self.query(root, "SELECT count(*) FROM docs") if "docs" not in setup else None
        told = self.heal(root, status=status)
        for word in words:
            self.assertIn(word, told, name)
        if keeps and "DROP TABLE parts" not in setup:
            self.assertIn((1, "kept"), self.query(root, STATE["parts"]))
        if before:
            self.assertEqual(self.query(root, "SELECT count(*) FROM docs"), before)
        self.assert_nothing_runs(root)
        return root, told

    def test_an_unknown_table(self):
        self.wrong("table", 1, ["parts", "table"], setup="DROP TABLE parts")

    def test_a_missing_command(self):
        _, told = self.wrong("missing", 1, ["there is no such program"], replace=("python3, parts.py", "no-such-program"))
        self.assertNotIn("attempt 2", told)

    def test_a_command_that_hangs(self):
        program = PARTS.replace("time.sleep(0.02)", "os.fork() or time.sleep(600)\ntime.sleep(600)")
        began = time.monotonic()
        root, _ = self.wrong(
            "hangs", 1, ["no answer within 0.3 s"], program, ("timeout: 20s\n    retry: {delay: 10ms}",
            "timeout: 300ms\n    retry: {delay: 1ms, max_attempts: 1}"),
        )  # fmt: skip
        self.assertLess(time.monotonic() - began, 100)
        self.assertEqual(self.query(root, "SELECT count(*) FROM parts"), [(1,)])

    def test_a_command_that_prints_junk(self):
        told = ["is not JSON", "units in a row failed", "did not try"]
        root, _ = self.wrong("junk", 1, told, 'print("Traceback (most recent call last):")\n')
        states = self.query(root, "SELECT state, class, count(*) FROM _selfheal_units WHERE dataset = 'parts' GROUP BY 1, 2")
        self.assertEqual([state[:2] for state in states], [("pending", None), ("quarantined", "parse")])
        # Two at once: one may fail while the other one's failure ends it.
        self.assertIn(states[1][2], (20, 21, 22))

    def test_half_a_line(self):
        program = PARTS.replace("time.sleep(0.02)", "print('{\"doc\": 5, \"bo', end='')")
        root, _ = self.wrong("half", 1, ["is not JSON"], program)
        self.assertEqual(self.query(root, "SELECT count(*) FROM parts"), [(1,)])

    def test_exit_1_after_writing(self):
        root, _ = self.wrong("exits", 1, ["it ended with exit code 1: what it said"], PARTS.replace(
            "time.sleep(0.02)", "sys.exit('what it said')"))  # fmt: skip
        self.assertEqual(self.query(root, "SELECT count(*) FROM parts"), [(1,)])
        self.assertEqual(
            self.query(root, "SELECT count(*) FROM _selfheal_units WHERE dataset = 'parts' AND state = 'done'"), [(0,)]
        )

    def test_a_parent_without_its_key(self):
        self.wrong("key", 1, ["has no column 'number'"], replace=("key: id, column: doc", "key: number, column: doc"), keeps=False)

    def test_a_circle_and_unknown_parents(self):
        root = self.make("circle", MANIFEST.replace("depends_on: [parts]", "depends_on: [words]"))
        self.assertIn("schemas.yaml:", self.heal(root, status=78))
        root = self.make("unknown", MANIFEST.replace("depends_on: [parts]", "depends_on: [partz]"))
        told = self.heal(root, status=78)
        self.assertIn("did you mean 'parts'", told)
        self.assertIn("schemas.yaml:", told)

    def test_secrets_are_not_told(self):
        program = "import os, sys\nsys.exit('the key is ' + os.environ['API_KEY'])\n"
        manifest = MANIFEST.replace("{command: [python3, parts.py]}", "{command: {run: [python3, parts.py], environment: [API_KEY]}}")
        root = self.make(manifest=manifest, program=program)
        secret = "sk-canary-0123456789abcdef"
        told = self.heal(root, "parts", status=1, API_KEY=secret)
        self.assertIn("the key is [redacted]", told)
        told = self.heal(root, "parts", "--format", "json", status=1, API_KEY=secret)
        self.assertNotIn(secret, told)
        for path in root.rglob("*"):
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def test_the_environment_is_what_was_named(self):
        program = (
            "import os, json, sys\nsys.stdin.read()\n"
            "open('seen.json', 'w').write(json.dumps(sorted(os.environ)))\n"
        )
        # Not whatever is called python3 here: it may be a script that sets variables of its own.
        manifest = MANIFEST.replace("[python3, ", f"[{sys.executable}, ")
        root = self.make(manifest=manifest, program=program, documents=1)
        self.heal(root, "parts", status=1, SECRET="x")
        seen = json.loads((root / "seen.json").read_text())
        self.assertEqual([name for name in seen if name not in ("LC_CTYPE",)], ["HOME", "PATH", "TMPDIR"])

    # Quarantine

    def test_quarantine(self):
        program = PARTS.replace('for word in document["body"].split():', 'for word in (document["body"].split() if document["id"] != 9 else [None, "fits"]):')
        root = self.make(program=program)
        self.heal(root, status=2)

        def quarantine(*arguments, status=0):
            process = self.start(root, "quarantine", *arguments)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, status, out + err)
            return out + err

        listed = quarantine()
        self.assertIn("parts/1 ", listed)
        self.assertIn("row of unit 9  constraint: NOT NULL constraint failed: parts.body", listed)
        item = json.loads(quarantine("list", "parts", "--format", "json"))
        self.assertEqual(json.loads(item["content"]), {"doc": 9, "body": None})
        self.assertIn("does not fit", quarantine("replay", "parts", status=1))
        self.assertIn("nothing is set aside as 'parts/77'", quarantine("discard", "parts/77", status=64))
        self.assertIn("there is no dataset", quarantine("discard", "nothing", status=64))
        again = json.loads(quarantine("list", "--format", "json"))["item"]
        self.assertIn("given up", quarantine("discard", again))
        self.assertIn("nothing is set aside", quarantine())
        self.heal(root)

    # Plugins

    def test_a_plugin(self):
        manifest = MANIFEST.replace("{command: [python3, parts.py]}", "{plugin: splitter}")
        manifest += "plugins:\n  splitter: {least: 3}\n"
        root = self.make(manifest=manifest)
        folder = root / "plugins/splitter"
        (folder / "bin").mkdir(parents=True)
        (folder / "plugin.yaml").write_text(
            "name: splitter\nversion: 1.0.0\nprotocols: [1]\ncapabilities: [populate]\n"
            "settings: {type: object, properties: {least: {type: integer, default: 1}}, additionalProperties: false}\n"
        )
        (folder / "bin/splitter").write_text(
            "#!/usr/bin/env python3\nimport json, sys\nassert sys.argv[1:] == ['populate']\n"
            "request, *units = map(json.loads, sys.stdin)\n"
            "assert request['dataset'] == 'parts' and request['units'] == len(units), request\n"
            "for unit in units:\n"
            "    for word in unit['body'].split():\n"
            "        if len(word) >= request['settings']['least']:\n"
            "            print(json.dumps({request['unit_column']: unit['id'], 'body': word}))\n"
        )
        for path in [root, root / "plugins", folder, folder / "bin", *folder.rglob("*")]:
            path.chmod(0o755)
        self.heal(root)
        self.assertEqual(len(self.query(root, STATE["parts"])), DOCUMENTS * 2)
        checked = subprocess.run(
            [application.PROGRAMS / "validate-startup", "--check-only"], cwd=root, capture_output=True, text=True
        )
        self.assertNotIn("splitter", checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main()
