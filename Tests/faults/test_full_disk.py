"""A heal with a rebuild on a file system that becomes full: at each amount of room all is healed or nothing is lost, what was
missing is named, nothing half-made stays, and the next run, with room, converges.

A small file system in memory is mounted for it, which only root may do."""

import re
import shutil
import sqlite3
import contextlib
import subprocess
import tempfile
import unittest
from pathlib import Path

import application

SIZE = 12 << 20
STEP = 128 << 10
MORE_ROWS = 4000


class FullDisk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="selfheal full disk ")
        self.addCleanup(folder.cleanup)
        self.disk = Path(folder.name) / "disk"
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(self.disk)]
        answer = subprocess.run(mount, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if answer.returncode != 0:
            self.fail(f"a small file system must be mounted for this test, as root: {' '.join(mount)}: {answer.stdout}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.disk)], check=True)
        self.root, self.scratch = self.disk / "root", Path(folder.name) / "scratch"
        self.prepared = Path(folder.name) / "prepared"
        application.make_application(self.prepared)
        # Larger than what SQLite keeps in memory, so that it writes before the end.
        with contextlib.closing(sqlite3.connect(self.prepared / "data/roll.db")) as db:
            db.execute("CREATE TABLE ballast (x)")
            db.executemany("INSERT INTO ballast VALUES (?)", ((bytes(400),) for _ in range(MORE_ROWS)))
            db.commit()

    def leave_room(self, room):
        """Fills the disk, but for so many bytes."""
        ballast = self.disk / "ballast"
        ballast.unlink(missing_ok=True)
        free = shutil.disk_usage(self.disk).free
        with open(ballast, "wb") as file:
            for _ in range((free - room) // 4096):
                file.write(bytes(4096))

    def heal_with(self, room):
        shutil.rmtree(self.root, ignore_errors=True)
        (self.disk / "ballast").unlink(missing_ok=True)
        shutil.copytree(self.prepared, self.root)
        self.leave_room(room)
        heal = application.tool(self.root, "auto-heal", "--format", "json")
        # Beside the disk: there is no room for a copy on it.
        states = application.check_now(self.root, self.scratch)
        application.check_claims(self.root, heal, states)
        if heal.returncode != 0:
            self.assertEqual(heal.returncode, 1, heal.text)
            self.check_message(heal)
            half = [name for name in application.left_behind(self.root) if not name.endswith("unfinished")]
            self.assertEqual(half, [], f"with {room} bytes of room")
        (self.disk / "ballast").unlink()
        application.check_converges(self.root)
        return heal, states

    def check_message(self, heal):
        """Where there was no room, and where it is known how much."""
        reasons = [repair["reason"] for repair in heal.report["repairs"] if repair["outcome"] in ("failed", "refused")]
        said = [*filter(None, reasons), *heal.report["faults"]]
        named = re.compile(r"(data/|\.selfheal/|\.env|settings\.toml|uploads)[^ ]*.*(disk is full|No space left|needs \d+ bytes)")
        self.assertTrue(any(named.search(reason) for reason in said), f"no reason names a place and the need:\n{said}")

    def test_at_every_amount_of_room(self):
        outcomes, needs = {}, set()
        room = 0
        while True:
            heal, states = self.heal_with(room)
            key = (heal.returncode, *states)
            outcomes[key] = outcomes.get(key, 0) + 1
            needs.update(re.findall(r"needs \d+ bytes", heal.text))
            if heal.returncode == 0:
                break
            room += STEP
            self.assertLess(room, SIZE)
        print(f"points tried: {sum(outcomes.values())}, lost: 0; outcomes {outcomes}", flush=True)
        self.assertGreater(sum(outcomes.values()), 10)
        self.assertTrue(needs, "the need was never named")


if __name__ == "__main__":
    unittest.main()
