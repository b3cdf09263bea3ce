"""git-clean, in real repositories."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import BadInput, PluginTest  # noqa: E402


class GitClean(BadInput, PluginTest):
    plugin = "git-clean"

    def git(self, *arguments, folder=".", fails=False):
        done = subprocess.run(
            [
                "git",
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@example.org",
                "-c",
                "protocol.file.allow=always",
                "-c",
                "core.editor=true",
                *arguments,
            ],
            cwd=self.root / folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(done.returncode != 0, fails, f"{arguments}: {done.stdout}")
        return done.stdout

    def setUp(self):
        super().setUp()
        self.git("init", "-q", "-b", "main")
        self.write("code.py", "one\n")
        self.write("schemas.yaml", '{"version": 1, "plugins": {"git-clean": {}}}')
        self.commit("first")

    def commit(self, message, folder="."):
        self.git("add", "-A", folder=folder)
        self.git("commit", "-qm", message, folder=folder)

    def test_as_committed(self):
        check = self.check()
        self.assertEqual(check["status"], "ok", check)
        self.assertRegex(check["confirmations"][0], r"^The working tree is as committed: main at [0-9a-f]{12}$")
        # What the tools keep themselves does not count, nor what is ignored.
        self.write(".selfheal/journal", "x")
        self.write(".git/info/exclude", "*.log\n")
        self.write("a.log", "x")
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found({"path": ".git/.."}), [])

    def test_changes(self):
        self.write("code.py", "two\n")
        self.write("new ü.py", "")
        self.write("folder/deep.py", "")
        check = self.check()
        self.assertEqual(check["status"], "warning")
        self.assertEqual(
            [(finding["id"], finding["message"]) for finding in check["findings"]],
            [
                ("git-clean.changed", "1 file has changes that are not committed: code.py"),
                ("git-clean.untracked", "2 files are not known to git: folder/deep.py, new ü.py"),
            ],
        )
        self.assertEqual(self.found({"untracked": False}), [("changed", ".")])
        self.assertEqual(self.found({"untracked": False, "clean": False}), [])
        self.git("add", "-A")
        self.git("mv", "code.py", "renamed code.py")
        self.assertIn("renamed code.py", self.ask()["findings"][0]["message"])
        for number in range(9):
            self.write(f"{number}", "x")
        self.assertIn("0, 1, 2, 3, 4 and 4 more", self.ask()["findings"][1]["message"])

    def test_nothing_is_written(self):
        self.write("code.py", "two\n")
        before = {path: path.stat().st_mtime_ns for path in (self.root / ".git").rglob("*")}
        self.found()
        self.check()
        self.assertEqual({path: path.stat().st_mtime_ns for path in (self.root / ".git").rglob("*")}, before)

    def test_branches(self):
        self.assertEqual(self.found({"branch": "main"}), [])
        self.git("switch", "-qc", "other")
        [finding] = self.ask({"branch": "main"})["findings"]
        self.assertEqual((finding["id"], finding["message"]), ("branch", "Checked out is the branch other, not main"))
        self.git("switch", "-q", "--detach")
        self.assertIn("no branch (commit", self.ask({"branch": "main"})["findings"][0]["message"])
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found({"in_sync": True}), [("upstream", ".")])

    def test_upstream(self):
        settings = {"in_sync": True}
        self.assertEqual(self.found(settings), [("upstream", ".")])
        self.git("clone", "-q", "--bare", ".", "../upstream.git")
        self.git("remote", "add", "origin", "../upstream.git")
        self.git("fetch", "-q", "origin")
        self.git("branch", "-q", "--set-upstream-to", "origin/main")
        self.assertEqual(self.found(settings), [])
        self.write("code.py", "two\n")
        self.commit("second")
        self.assertEqual(self.found(settings), [("ahead", ".")])
        self.git("push", "-q", "origin", "main")
        self.git("reset", "-q", "--hard", "HEAD^")
        self.assertEqual(self.ask(settings)["findings"][0]["message"], "The branch main is 1 commit behind origin/main")
        self.write("code.py", "three\n")
        self.commit("third")
        self.assertEqual(self.found(settings), [("behind", "."), ("ahead", ".")])
        self.git("branch", "-rd", "origin/main")
        self.assertEqual(self.found(settings), [("upstream", ".")])

    def test_operations_that_are_not_finished(self):
        self.git("switch", "-qc", "other")
        self.write("code.py", "two\n")
        self.commit("second")
        self.git("switch", "-q", "main")
        self.write("code.py", "three\n")
        self.commit("third")
        for command, abort, what in [
            (("merge", "other"), ("merge", "--abort"), "a merge"),
            (("rebase", "other"), ("rebase", "--abort"), "a rebase"),
            (("cherry-pick", "other"), ("cherry-pick", "--abort"), "a cherry-pick"),
        ]:
            with self.subTest(command=command):
                self.git(*command, fails=True)
                check = self.check()
                self.assertEqual(check["status"], "critical")
                self.assertEqual(
                    [(finding["id"], finding["message"]) for finding in check["findings"]],
                    [
                        ("git-clean.operation", f"The working tree is in the middle of {what}"),
                        ("git-clean.unmerged", "Conflicts are not resolved in code.py"),
                    ],
                )
                self.git(*abort)
                self.assertEqual(self.found(), [])
        self.git("bisect", "start")
        self.assertEqual(self.found(), [("operation", ".")])

    def test_submodules(self):
        module = self.root.parent / "module"
        module.mkdir()
        self.git("init", "-q", "-b", "main", folder="../module")
        (module / "inside").write_text("one\n")
        self.commit("first", "../module")
        self.git("submodule", "add", "-q", "../module", "vendor/module one")
        self.commit("with a module")
        self.assertIn("with 1 submodule", self.ask()["confirmations"][0])
        name = "vendor/module one"
        (self.root / name / "inside").write_text("two\n")
        self.assertEqual(self.found(), [("changed", name)])
        self.commit("its own", name)
        self.assertEqual(self.found(), [("submodule", name)])
        self.git("submodule", "--quiet", "update")
        self.assertEqual(self.found(), [])
        self.git("submodule", "--quiet", "deinit", "-f", name)
        [finding] = self.ask()["findings"]
        self.assertEqual(finding["message"], f"The submodule {name} is not checked out")
        self.assertEqual(self.found({"submodules": False}), [])

    def test_a_lock_that_is_nobodys(self):
        lock = self.root / ".git/index.lock"
        lock.write_text("")
        self.assertEqual(self.found(), [])
        os.utime(lock, (0, 0))
        self.assertEqual(self.found(), [("locked", ".")])

    def test_what_is_no_repository(self):
        for path in ("..", "absent", ".git", "code.py", "a\0b"):
            with self.subTest(path=path):
                self.assertEqual(self.found({"path": path}), [("repository", path)])
        self.write(".git/HEAD", "nonsense")
        self.assertEqual(self.found(), [("repository", ".")])

    def test_a_repository_without_commits(self):
        (self.root / "fresh").mkdir()
        self.git("init", "-q", "-b", "main", folder="fresh")
        self.assertEqual(self.found({"path": "fresh"}), [])

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a folder away")
    def test_a_repository_of_somebody_else(self):
        os.chown(self.root, 12345, 12345)
        [finding] = self.ask()["findings"]
        self.assertEqual(finding["id"], "repository")
        self.assertIn("safe.directory", finding["hint"])

    def test_without_git(self):
        (self.root / "bin").mkdir()
        (self.root / "bin/python3").symlink_to("/usr/bin/python3")
        self.assertEqual(self.found(env={"PATH": str(self.root / "bin")}), [("git", ".")])


if __name__ == "__main__":
    unittest.main()
