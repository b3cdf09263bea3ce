"""`make install`: the commands under their names, manual pages that readers take, and everything else in its place."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import support

SHARE = Path("share/selfheal")


class Installed(unittest.TestCase):
    def test_commands(self):
        version = support.run("selfheal", "--version").stdout
        self.assertRegex(version, r"^\d+\.\d+\.\d+\n$")
        for name in support.NAMES:
            self.assertEqual(support.run(name, "--version").stdout, version)
        links = [support.installed() / "bin" / name for name in support.NAMES[1:]]
        self.assertEqual([str(link.readlink()) for link in links], ["selfheal"] * 2)

    def test_a_template_is_what_plugins_new_makes(self):
        answer = support.run("selfheal", "plugins", "new", "first", "--in", self.folder(), "--language", "python")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertTrue((support.installed() / SHARE / "templates/plugins/python/plugin.yaml").is_file())

    def test_the_launcher_finds_the_commands(self):
        folder = self.folder()
        (folder / "schemas.yaml").write_text("version: 1\ndirectories: [made]\n")
        launcher = support.installed() / SHARE / "run_full_app.sh"
        answer = support.run(launcher, "--manifest", folder / "schemas.yaml", "--", "echo", "started")
        self.assertEqual((answer.returncode, answer.stdout.splitlines()[-1:]), (0, ["started"]), answer)
        self.assertTrue((folder / "made").is_dir())

    def test_nobody_else_may_write(self):
        for path in support.installed().rglob("*"):
            if not path.is_symlink():
                self.assertEqual(path.stat().st_mode & 0o022, 0, path)

    def test_documentation(self):
        documentation = support.installed() / "share/doc/selfheal"
        for name in ("README.md", "LICENSE", "manifest.md", "findings.md"):
            self.assertGreater((documentation / name).stat().st_size, 0)

    def test_removal(self):
        folder = self.folder()
        shutil.copytree(support.installed(), folder / "usr", symlinks=True)
        stranger = folder / "usr/bin/stranger"
        stranger.touch()
        answer = support.run("make", "uninstall", f"PREFIX={folder}/usr", cwd=support.TOP)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        left = [path for path in (folder / "usr").rglob("*") if not path.is_dir() and path.parent.name != "some where"]
        left = [path for path in left if path.name not in ("zcompdump", "zcompdump.zwc")]
        left = [path for path in left if not re.match(r"^\.(bash_history|config|local)", str(path.relative_to(folder / "usr")))]
        self.assertEqual(left, [stranger])

    def folder(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return Path(folder)


class ManualPages(unittest.TestCase):
    def pages(self):
        pages = sorted((support.installed() / "share/man/man1").iterdir())
        self.assertGreater(len(pages), 12)
        return pages

    def test_lint(self):
        for page in self.pages():
            answer = support.run("mandoc", "-T", "lint", "-W", "style", page)
            # The pages of this package refer to each other; mandoc looks for them where the system has its own.
            told = [line for line in answer.stdout.splitlines() if "referenced manual not found" not in line]
            self.assertEqual(told, [], page.name)

    def test_references(self):
        names = {page.stem for page in self.pages()}
        for page in self.pages():
            for name in re.findall(r"^\.Xr (\S+) 1", page.read_text(), re.MULTILINE):
                self.assertIn(name, names, page.name)

    def test_man(self):
        """The system's own reader, groff, has nothing to complain of either."""
        for page in self.pages():
            answer = support.run("man", "--warnings=w", "--local-file", page, env=support.environment(MANWIDTH="80"))
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), page.name)
            self.assertIn("NAME", answer.stdout)
        shown = support.run("man", "selfheal-plan").stdout
        self.assertIn("--max-risk", shown)

    def test_options(self):
        """Each option of the help is on the page."""
        for command in (["validate-startup"], ["auto-heal"], ["selfheal", "plan"], ["selfheal", "restore"]):
            options = set(re.findall(r"--[a-z-]+", support.run(*command, "--help").stdout.partition("OPTIONS:")[2]))
            self.assertGreater(len(options), 5)
            page = support.installed() / "share/man/man1" / ("-".join(command) + ".1")
            text = re.sub(r"-\n\s+", "-", support.run("mandoc", "-T", "ascii", page).stdout)
            plain = subprocess.run(["col", "-b"], input=text, capture_output=True, text=True, check=True).stdout
            for option in options:
                self.assertIn(option, plain)


if __name__ == "__main__":
    unittest.main()
