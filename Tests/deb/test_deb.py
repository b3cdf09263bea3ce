"""`make deb`: the package is complete and clean, is the same each time, and installs, runs and goes away again."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
NAMES = ("selfheal", "validate-startup", "auto-heal")


def run(*command, **more):
    options = dict(capture_output=True, text=True, check=False) | more
    return subprocess.run([str(word) for word in command], **options)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.package = cls.build(cls.folder / "first")

    @staticmethod
    def build(folder):
        built = run(TOP / "scripts/build-deb.sh", folder)
        if built.returncode != 0:
            raise AssertionError(built.stderr)
        return Path(built.stdout.strip())

    def field(self, name):
        return run("dpkg-deb", "--field", self.package, name).stdout.strip()

    def test_control(self):
        version = run(Path(os.environ["BIN"]) / "selfheal", "--version").stdout.strip()
        self.assertEqual(self.field("Version"), f"{version}-1")
        self.assertEqual(self.field("Architecture"), run("dpkg", "--print-architecture").stdout.strip())
        self.assertEqual(self.field("Depends"), "", "the release build is static")
        self.assertEqual(self.package.name, f"selfheal_{version}-1_{self.field('Architecture')}.deb")
        # Nothing of it runs as root when it is installed.
        self.assertEqual(set(run("dpkg-deb", "--ctrl-tarfile", self.package, text=False).stdout and
                             run("bash", "-c", 'dpkg-deb --ctrl-tarfile "$0" | tar t', self.package).stdout.split()),
                         {"./", "./control", "./md5sums"})

    def test_owners_and_modes(self):
        for line in run("dpkg-deb", "--contents", self.package).stdout.splitlines():
            mode, owner = line.split()[:2]
            self.assertEqual(owner, "root/root", line)
            if mode[0] != "l":
                self.assertEqual((mode[5], mode[8]), ("-", "-"), line)

    def test_lintian(self):
        answer = run("lintian", "--fail-on", "error,warning", "--allow-root", self.package)
        self.assertEqual((answer.returncode, answer.stdout.strip()), (0, ""), answer.stderr)

    def test_the_same_again(self):
        again = self.build(self.folder / "second")
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (self.package, again)]
        self.assertEqual(digests[0], digests[1])

    def test_copyright_names_what_is_linked(self):
        text = (TOP / "packaging/debian/copyright").read_text()
        pins = json.loads((TOP / "Package.resolved").read_text())["pins"]
        self.assertGreater(len(pins), 5)
        for pin in pins:
            self.assertIn(f"linked/{pin['identity']}", text)

    def test_unpacked_elsewhere(self):
        root = self.folder / "elsewhere"
        run("dpkg-deb", "--extract", self.package, root, check=True)
        application = self.folder / "application"
        application.mkdir()
        (application / "schemas.yaml").write_text(
            "version: 1\ndirectories: [data]\ndatabases: {data/a.db: {tables: {t: {columns: {id: INTEGER}}}}}\n")
        self.assertEqual(run(root / "usr/bin/validate-startup", "--check-only", cwd=application).returncode, 1)
        self.assertEqual(run(root / "usr/bin/auto-heal", cwd=application).returncode, 0)
        self.assertTrue((application / "data/a.db").is_file())

    @unittest.skipUnless(os.geteuid() == 0, "only root installs packages")
    def test_installed_and_removed(self):
        if run("dpkg-query", "--show", "selfheal").returncode == 0:
            self.skipTest("the package is installed already, and is not this test's to remove")
        paths = [Path("/usr/bin") / name for name in NAMES]
        for path in paths:
            self.assertFalse(os.path.lexists(path), f"{path} is somebody else's")
        self.addCleanup(run, "dpkg", "--purge", "selfheal")
        installed = run("dpkg", "--install", self.package)
        self.assertEqual(installed.returncode, 0, installed.stdout + installed.stderr)
        for path in paths:
            self.assertRegex(run(path, "--version").stdout, r"^\d+\.\d+\.\d+\n$")
        self.assertEqual(run("dpkg", "--verify", "selfheal").stdout, "")
        owner = run("dpkg-query", "--search", "/usr/bin/validate-startup").stdout
        self.assertEqual(owner.strip(), "selfheal: /usr/bin/validate-startup")
        removed = run("dpkg", "--purge", "selfheal")
        self.assertEqual(removed.returncode, 0, removed.stderr)
        for path in [*paths, Path("/usr/share/selfheal"), Path("/usr/share/doc/selfheal")]:
            self.assertFalse(os.path.lexists(path), path)


if __name__ == "__main__":
    unittest.main()
