"""Debian's monitoring plugins, as they are, through the manifest: each of the four results of each of them, and the
measurements that they print."""

import http.server
import json
import os
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import PluginTest  # noqa: E402

FOLDER = Path("/usr/lib/nagios/plugins")
STATUSES = ["ok", "warning", "critical", "unknown"]


class MonitoringPlugins(PluginTest):
    plugin = "nagios"

    def look(self, name, *arguments):
        """The one check of a look, whose verdict must be that of the exit status."""
        command = [str(FOLDER / name), *map(str, arguments)]
        self.write(
            "schemas.yaml",
            json.dumps({"version": 1, "plugins": {name.replace("_", "-"): {"kind": "nagios", "command": command}}}),
        )
        report = self.report("validate-startup")
        [check] = report["checks"]
        self.assertEqual(report["exitStatus"], {"ok": 0, "warning": 2}.get(check["status"], 1))
        return check

    def assert_results(self, name, arguments, label, unit):
        """With the arguments for ok, warning, critical and unknown; all but the last with a measurement."""
        for status, words in zip(STATUSES, arguments):
            with self.subTest(plugin=name, status=status):
                check = self.look(name, *words)
                self.assertEqual(check["status"], status, check)
                if status == "unknown":
                    self.assertTrue(check["reason"].startswith(f"plugin {name.replace('_', '-')}: "), check)
                    self.assertEqual(check["measurements"], [])
                    continue
                measured = {entry["label"]: entry for entry in check["measurements"]}
                self.assertIn(label, measured)
                self.assertEqual(measured[label]["unit"], unit)
                self.assertGreaterEqual(float(measured[label]["value"]), 0)
                self.assertTrue(measured[label]["warning"] or measured[label]["critical"])
                if status == "ok":
                    self.assertNotIn("|", check["confirmations"][0])
                else:
                    [finding] = check["findings"]
                    self.assertEqual(finding["id"], f"{name.replace('_', '-')}.{status}")
                    self.assertIn(status.upper(), finding["message"])
                    self.assertNotIn("|", finding["message"])

    def test_check_disk(self):
        self.assert_results(
            "check_disk",
            [
                ("-w", "0%", "-c", "0%", "-p", "/"),
                ("-w", "100%", "-c", "0%", "-p", "/"),
                ("-w", "100%", "-c", "100%", "-p", "/"),
                ("--nonsense",),
            ],
            "/",
            "B",
        )
        state = os.statvfs("/")
        [measured] = self.look("check_disk", "-w", "0%", "-c", "0%", "-p", "/")["measurements"]
        self.assertAlmostEqual(
            float(measured["value"]), (state.f_blocks - state.f_bfree) * state.f_frsize, delta=1 << 30
        )

    def test_check_load(self):
        # Where nothing has run for a while there is no load, and no threshold below it.
        end = time.monotonic() + 60
        while min(os.getloadavg()) <= 0 and time.monotonic() < end:
            pass
        self.assert_results(
            "check_load",
            [
                ("-w", "9999,9999,9999", "-c", "9999,9999,9999"),
                ("-w", "0,0,0", "-c", "9999,9999,9999"),
                ("-w", "0,0,0", "-c", "0,0,0"),
                ("-w", "high", "-c", "higher"),
            ],
            "load1",
            "",
        )
        labels = [entry["label"] for entry in self.look("check_load", "-w", "9,9,9", "-c", "99,99,99")["measurements"]]
        self.assertEqual(labels, ["load1", "load5", "load15"])

    def test_check_procs(self):
        self.assert_results(
            "check_procs",
            [("-w", "1:", "-c", "1:"), ("-w", "9999999:"), ("-c", "9999999:"), ("--nonsense",)],
            "procs",
            "",
        )

    def test_check_tcp(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            address = ("-H", "127.0.0.1", "-p", port)
            self.assert_results(
                "check_tcp",
                [
                    (*address, "-w", "5", "-c", "9"),
                    (*address, "-w", "0.0000001", "-c", "9"),
                    (*address, "-w", "0.0000001", "-c", "0.0000001"),
                    ("--nonsense",),
                ],
                "time",
                "s",
            )
        check = self.look("check_tcp", *address)
        self.assertEqual(check["status"], "critical")
        self.assertIn("refused", check["findings"][0]["message"])

    def test_check_http(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b"hello | world=1"
                self.send_response(int(self.path[1:]))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        address = ("-I", "127.0.0.1", "-p", server.server_port, "-w", "5", "-c", "9", "-u")
        self.assert_results(
            "check_http", [(*address, "/200"), (*address, "/404"), (*address, "/500"), ("--nonsense",)], "time", "s"
        )
        measured = {entry["label"]: entry for entry in self.look("check_http", *address, "/200")["measurements"]}
        self.assertEqual(measured["size"]["unit"], "B")
        self.assertGreater(int(measured["size"]["value"]), len("hello | world=1"))

    def test_every_result_by_itself(self):
        for code, status in enumerate(STATUSES):
            with self.subTest(status=status):
                check = self.look("check_dummy", code, "as it was told; 50% | a=1s;2;3;0;9 'b c'=5%")
                self.assertEqual(check["status"], status)
                if status != "unknown":
                    self.assertEqual(
                        [(entry["label"], entry["value"], entry["unit"]) for entry in check["measurements"]],
                        [("a", "1", "s"), ("b c", "5", "%")],
                    )
        check = self.look("check_dummy", 3, "it cannot be told")
        self.assertIn("it cannot be told", check["reason"])

    def test_text_shows_the_message(self):
        self.look("check_dummy", 1, "look at me|a=1")
        done = self.tool("validate-startup")
        self.assertEqual(done.returncode, 2)
        self.assertIn("[WARNING] WARNING: look at me (schemas.yaml:1)", done.stdout)


if __name__ == "__main__":
    unittest.main()
