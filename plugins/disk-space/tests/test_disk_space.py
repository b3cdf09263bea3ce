"""disk-space, on small file systems in memory, which only root may mount."""

import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import BadInput, PluginTest  # noqa: E402


class DiskSpace(BadInput, PluginTest):
    plugin = "disk-space"

    def mount(self, options):
        disk = self.root / "data"
        disk.mkdir()
        self.run_in_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", disk)
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk], check=True)
        return disk

    def test_room_is_measured(self):
        disk = self.mount("size=10M,nr_inodes=100")
        settings = {"paths": ["data"], "minimum_free": "2MB", "warn_free": "60%"}
        check = self.assert_fine(settings)
        self.assertEqual(check["confirmations"], ["10.5 MB are free on the file system of data"])
        free, inodes = check["measurements"]
        self.assertEqual(free["label"], "data free")
        self.assertEqual((free["value"], free["unit"], free["critical"]), ("10485760", "B", "2000000:"))
        self.assertEqual((free["warning"], free["maximum"]), (f"{6 * 1048576}:", "10485760"))
        self.assertEqual((inodes["label"], inodes["maximum"]), ("data inodes", "100"))

        (disk / "half").write_bytes(bytes(5 << 20))
        check = self.check()
        self.assertEqual(check["status"], "warning")
        self.assertEqual(check["findings"][0]["id"], "disk-space.filling")
        (disk / "more").write_bytes(bytes(4 << 20))
        check = self.check()
        self.assertEqual(check["status"], "critical")
        self.assertEqual(
            check["findings"][0]["message"],
            "Only 1.05 MB of 10.5 MB are free on the file system of data, and 2 MB are needed",
        )
        self.assertEqual(check["measurements"][0]["value"], str(1 << 20))
        # Never kept: room comes back.
        (disk / "more").unlink()
        (disk / "half").unlink()
        self.assert_fine()

    def test_inodes(self):
        disk = self.mount("size=10M,nr_inodes=20")
        settings = {"paths": ["data"], "minimum_free": "1MB", "minimum_inodes": "25%"}
        self.assertEqual(self.found(settings), [])
        for number in range(16):
            (disk / f"{number}").write_text("")
        self.assertEqual(self.found(settings), [("inodes", "data")])
        self.assertEqual(self.found(dict(settings, minimum_inodes="2")), [])
        del settings["minimum_inodes"]
        self.assertEqual(self.found(settings), [])

    def test_read_only(self):
        self.mount("size=10M,ro")
        self.assertEqual(self.found({"paths": ["data"], "minimum_free": "1MB"}), [("read-only", "data")])

    def test_what_is_not_there_yet(self):
        self.mount("size=10M")
        self.assertEqual(
            self.found({"paths": ["data/later/still later"], "minimum_free": "1GB"}),
            [("full", "data/later/still later")],
        )
        self.assertEqual(self.found({"paths": ["data/later"], "minimum_free": "1MB"}), [])

    def test_amounts(self):
        self.mount("size=10M")
        for text, good in {
            "0": True,
            "1000": True,
            "9mb": True,
            "9.5 MB": True,
            "9MiB": True,
            "9M": True,
            "9000kB": True,
            "100%": True,
            "11MB": False,
            "10.1MiB": False,
            "1TB": False,
            "99999999PiB": False,
        }.items():
            with self.subTest(text=text):
                self.assertEqual(
                    self.found({"paths": ["data"], "minimum_free": text}), [] if good else [("full", "data")]
                )
        for text in ("lots", "", "-5MB", "5XB", "101%", "%", "1e3", "nan", "5MB 6MB"):
            with self.subTest(text=text):
                answer = self.ask({"paths": ["data"], "minimum_free": text})
                self.assertEqual([finding["id"] for finding in answer["findings"]], ["settings"])
        # A number needs no quotation marks in the manifest.
        self.manifest({"paths": ["data"], "minimum_free": 5000})
        self.assert_fine()

    def test_odd_paths(self):
        self.assertEqual(self.found({"paths": ["a\0b"], "minimum_free": "0"}), [])
        self.assertEqual(self.found({"paths": ["x" * 5000], "minimum_free": "0"}), [])
        self.write("file", "x")
        self.assertEqual(self.found({"paths": ["file/below"], "minimum_free": "0"}), [])
        self.assertEqual(self.found({"minimum_free": "0"}), [])


if __name__ == "__main__":
    unittest.main()
