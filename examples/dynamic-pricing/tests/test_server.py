import http.client
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import support

SERVER = str(support.EXAMPLE / "server.py")


class Running(support.RootTestCase):
    """The server as a process of its own, on a port the system picks."""

    def start(self, **variables):
        environment = {"PATH": os.environ["PATH"], "PORT": "0", "PYTHONDONTWRITEBYTECODE": "1", **variables}
        process = subprocess.Popen(
            [sys.executable, SERVER, "--root", str(self.root)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def started(self):
        process = self.start()
        self.address = process.stdout.readline().split("http://")[1].rstrip("/\n")
        return process

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection(self.address, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8"), response.headers

    def test_page_and_endpoints(self):
        self.started()
        status, text, headers = self.get("/")
        self.assertEqual(status, 200)
        self.assertIn("No products yet", text)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        for name in ("health", "prices", "proposals", "jobs", "market", "threads", "accounts", "prices?limit=5"):
            with self.subTest(name=name):
                status, text, _ = self.get("/api/" + name)
                self.assertEqual(status, 200, text)
                self.assertIsInstance(json.loads(text), dict)
        self.assertEqual(self.get("/api/prices/none")[0], 404)
        self.assertEqual(self.get("/../etc/passwd")[0], 404)
        for limit in ("0", "x", "-1", "9" * 5000):
            self.assertEqual(self.get("/api/prices?limit=" + limit)[0], 400)
        self.assertEqual(self.get("/", "HEAD")[:2], (200, ""))

    def test_only_this_machine_can_reach_it(self):
        self.started()
        self.assertTrue(self.address.startswith("127.0.0.1:"))

    def test_a_lost_column_is_said_plainly(self):
        self.started()
        support.execute(self.root / "app/data.db", "ALTER TABLE product_catalog DROP COLUMN updated_at")
        for path in ("/", "/api/prices", "/api/health"):
            with self.subTest(path=path):
                status, text, _ = self.get(path)
                self.assertEqual(status, 503)
                self.assertIn("updated_at", text)

    def test_both_signals_end_it_with_success(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                process = self.started()
                self.get("/api/health")  # leaves a connection open
                note = self.root / "backend" / "server.json"
                self.assertEqual(json.loads(note.read_text())["pid"], process.pid)
                process.send_signal(number)
                began = time.monotonic()
                self.assertEqual(process.wait(10), 0)
                self.assertLess(time.monotonic() - began, 3)
                self.assertFalse(note.exists())

    def test_what_keeps_it_from_starting(self):
        def stops(code, words, **variables):
            process = self.start(**variables)
            _, text = process.communicate(timeout=10)
            self.assertEqual(process.returncode, code)
            self.assertIn(words, text)
            self.assertNotIn("Traceback", text)

        stops(78, "PORT", PORT="http")
        self.started()
        stops(1, "cannot start", PORT=self.address.split(":")[1])
        (self.root / "backend" / "server.json").unlink()
        (self.root / "backend").rmdir()
        stops(1, "backend")


if __name__ == "__main__":
    unittest.main()
