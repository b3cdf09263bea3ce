"""Several heals at once, beside an application that writes and one that reads for long."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import application

HEALERS = 8
MORE_ROWS = 20_000


class BesideOthers(unittest.TestCase):
    def setUp(self):
        folder = application.temporary_folder()
        self.addCleanup(folder.cleanup)
        self.root, self.stop = Path(folder.name) / "root", Path(folder.name) / "stop"
        application.make_application(self.root)

    def enlarge(self, database):
        """So that a rebuild takes long enough to be met."""
        with contextlib.closing(sqlite3.connect(database)) as db:
            db.executemany("INSERT INTO owners (name) VALUES (?)", ((f"more {n}" * 9,) for n in range(MORE_ROWS)))
            db.commit()

    def start_writer(self, database):
        program = Path(__file__).with_name("writer.py")
        writer = subprocess.Popen(
            [sys.executable, "-B", str(program), str(database), str(self.stop)], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(writer.stdout.close)
        self.addCleanup(writer.wait)
        self.addCleanup(self.stop.touch)
        self.assertEqual(writer.stdout.readline(), "ready\n")
        return writer

    def end_writer(self, writer):
        time.sleep(0.2)  # It goes on for a while after the heal.
        self.stop.touch()
        told = json.loads(writer.stdout.read())
        self.assertEqual(writer.wait(), 0)
        self.assertEqual(told["errors"], [])
        return told["acknowledged"]

    def check_database(self, database, acknowledged):
        with contextlib.closing(sqlite3.connect(database)) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(db.execute("PRAGMA foreign_key_check").fetchall(), [])
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (3,))
            items = db.execute(f"SELECT {application.NEW_COLUMNS['items']} FROM items ORDER BY 1").fetchall()
            self.assertEqual(items, application.NEW_ROWS["items"])
            before = {"owners": application.ROWS + MORE_ROWS, "remarks": application.ROWS}
            for table, column in (("owners", "name"), ("remarks", "body")):
                rows = [row[0] for row in db.execute(f"SELECT {column} FROM {table}")]
                self.assertEqual(len(rows), before[table] + len(acknowledged[table]))
                self.assertEqual(set(acknowledged[table]) - set(rows), set())

    def check_eight_at_once(self, name):
        database = self.root / name
        self.enlarge(database)
        writer = self.start_writer(database)
        with ThreadPoolExecutor(HEALERS) as pool:
            run = lambda _: application.tool(self.root, "auto-heal", "--format", "json")
            answers = list(pool.map(run, range(HEALERS)))
        acknowledged = self.end_writer(writer)
        for answer in answers:
            self.assertEqual(answer.returncode, 0, answer.text)
            self.assertNotRegex(answer.text, r"(is|was) (locked|busy)|locked by")
        changed = [answer for answer in answers if answer.report["repairs"]]
        self.assertEqual(len(changed), 1)
        self.assertEqual({repair["outcome"] for repair in changed[0].report["repairs"]}, {"applied"})
        self.assertGreater(min(map(len, acknowledged.values())), 20)
        self.check_database(database, acknowledged)
        self.assertEqual(application.left_behind(self.root), [])
        rows = sum(map(len, acknowledged.values()))
        print(f"{HEALERS} heals of {name} at once, {rows} rows acknowledged meanwhile, lost: 0", flush=True)

    def test_eight_heals_beside_a_writer_in_rollback_mode(self):
        self.check_eight_at_once("data/roll.db")

    def test_eight_heals_beside_a_writer_in_wal_mode(self):
        self.check_eight_at_once("data/log.db")

    def check_long_reader(self, name, seconds=3):
        database = self.root / name
        self.enlarge(database)
        begun = threading.Event()
        found = []

        def read():
            with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as db:
                db.execute("BEGIN")
                found.append(db.execute("SELECT sum(id), count(*) FROM owners").fetchone())
                begun.set()
                time.sleep(seconds)
                found.append(db.execute("SELECT sum(id), count(*) FROM owners").fetchone())
                # Its snapshot is the one with the old schema.
                found.append(db.execute("SELECT count(cost) FROM items").fetchone())
                db.execute("COMMIT")

        reader = threading.Thread(target=read)
        reader.start()
        self.addCleanup(reader.join)
        self.assertTrue(begun.wait(10))
        writer = self.start_writer(database)
        begin = time.monotonic()
        heal = application.tool(self.root, "auto-heal", "--format", "json")
        took = time.monotonic() - begin
        acknowledged = self.end_writer(writer)
        reader.join()
        self.assertEqual(heal.returncode, 0, heal.text)
        self.assertEqual(len(found), 3, "the reader was disturbed")
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[2], (application.ROWS,))
        self.check_database(database, acknowledged)
        self.assertEqual(application.left_behind(self.root), [])
        return took

    def test_a_long_reader_in_rollback_mode_is_waited_for(self):
        self.assertGreater(self.check_long_reader("data/roll.db"), 2)

    def test_a_long_reader_in_wal_mode_keeps_nobody_waiting(self):
        self.assertLess(self.check_long_reader("data/log.db"), 2.5)


if __name__ == "__main__":
    unittest.main()
