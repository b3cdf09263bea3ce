"""`selfheal serve`, as probes, Prometheus, browsers and people of ill will use it."""

import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("SELFHEAL_BIN", TOP / ".build/debug")) / "selfheal"

# Notes that it was asked, and takes its time.
PLUGIN = """#!/bin/bash
cat > /dev/null
echo asked >> {log}
sleep {seconds}
echo '{{"protocol":1,"findings":[]}}'
"""


class Server:
    def __init__(self, folder, *arguments, **more):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", *arguments], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.said = self.process.stderr.readline()
        self.port = int(re.search(r"http://[^/]*:(\d+)/", self.said)[1])

    def ask(self, path, method="GET", headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def raw(self, data, timeout=20):
        """What comes back for these very bytes, until the server ends it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
            return answer.decode()

    def stop(self, signal_number=signal.SIGTERM):
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            output, errors = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, time.monotonic() - start, output, errors


class Case(unittest.TestCase):
    def application(self, manifest="version: 1\napp: shop\ndirectories: [data]\n"):
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "schemas.yaml").write_text(manifest)
        return folder

    def serve(self, folder, *arguments, **more):
        server = Server(folder, *arguments, **more)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def plugin(self, folder, seconds):
        log = folder / "asked"
        place = folder / "plugins/slow"
        (place / "bin").mkdir(parents=True)
        (place / "plugin.yaml").write_text(
            f"name: slow\nversion: 1.0.0\nprotocols: [1]\ncapabilities: [check]\nwrites: [{folder}]\n")
        (place / "bin/slow").write_text(PLUGIN.format(log=log, seconds=seconds))
        for path in (folder / "plugins", place, place / "bin", place / "bin/slow"):
            path.chmod(0o755)
        log.touch()
        return log


class Pages(Case):
    def test_health_follows_the_application(self):
        folder = self.application()
        server = self.serve(folder, "--cache", "0")
        status, headers, body = server.ask("/healthz")
        health = json.loads(body)
        self.assertEqual((status, headers["Content-Type"]), (503, "application/json"))
        self.assertEqual((health["status"], health["exitStatus"], health["critical"]), ("critical", 1, ["data"]))
        self.assertEqual(health["app"], "shop")
        (folder / "data").mkdir()
        status, _, body = server.ask("/healthz")
        self.assertEqual((status, json.loads(body)["status"]), (200, "ok"))
        # It never heals, and leaves nothing behind.
        (folder / "data").rmdir()
        self.assertEqual(server.ask("/")[0], 200)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["schemas.yaml"])
        _, _, output, errors = server.stop()
        self.assertEqual(output, "")
        self.assertEqual(errors.splitlines(),
                         ["[INFO] Critical: data", "[INFO] The application can start", "[INFO] Critical: data"])

    def test_warnings_are_healthy(self):
        folder = self.application(
            "version: 1\ndirectories: [data]\npolicy: {severity: {directory.missing: warning}}\n")
        status, _, body = self.serve(folder).ask("/healthz")
        self.assertEqual((status, json.loads(body)["status"], json.loads(body)["warnings"]), (200, "warnings", ["data"]))

    def test_metrics(self):
        status, headers, body = self.serve(self.application()).ask("/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        from prometheus_client.parser import text_string_to_metric_families
        families = {family.name: family for family in text_string_to_metric_families(body)}
        samples = {sample.labels.get("status"): sample.value for sample in families["selfheal_status"].samples}
        self.assertEqual(samples, {"ok": 0, "warnings": 0, "critical": 1})

    def test_page(self):
        status, headers, body = self.serve(self.application()).ask("/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertTrue(body.startswith("<!DOCTYPE html>") or body.startswith("<!doctype html>"), body[:60])
        self.assertIn("Directory data/ is missing", body)
        self.assertEqual(int(headers["Content-Length"]), len(body.encode()))
        for name, value in (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
                            ("X-Frame-Options", "DENY"), ("Connection", "close")):
            self.assertEqual(headers[name], value)

    def test_a_wrong_manifest(self):
        folder = self.application("version: 1\nno-such-section: {}\n")
        server = self.serve(folder, "--cache", "0")
        status, _, body = server.ask("/healthz")
        self.assertEqual((status, json.loads(body)["exitStatus"]), (503, 78))
        self.assertIn("no-such-section", json.loads(body)["errors"][0])
        self.assertEqual(server.ask("/metrics")[0], 200)
        self.assertIn("no-such-section", server.ask("/")[2])
        (folder / "schemas.yaml").write_text("version: 1\ndirectories: [data]\n")
        (folder / "data").mkdir()
        self.assertEqual(server.ask("/healthz")[0], 200)


class Requests(Case):
    def test_head(self):
        server = self.serve(self.application(), "--cache", "60")
        for path, status in (("/", 200), ("/healthz", 503), ("/metrics", 200), ("/no", 404)):
            got, headers, body = server.ask(path, "HEAD")
            self.assertEqual((got, body), (status, ""))
            self.assertEqual(headers["Content-Length"], server.ask(path)[1]["Content-Length"])

    def test_paths_and_methods(self):
        server = self.serve(self.application())
        for path in ("/healthz/", "/health", "//", "/../etc/passwd", "/%2e%2e/", "/index.html", "/Healthz"):
            self.assertEqual(server.ask(path)[0], 404, path)
        self.assertEqual(server.ask("/healthz?verbose=1")[0], 503)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "PATCH"):
            status, headers, _ = server.ask("/healthz", method)
            self.assertEqual((status, headers.get("Allow")), (405, "GET, HEAD"), method)

    def test_what_is_no_request(self):
        server = self.serve(self.application())
        host = b"Host: localhost\r\n"
        for data, status in (
            (b"nonsense\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/3.0\r\n" + host + b"\r\n", 505), (b"GET / HTTP/1.1\r\n" + host + host + b"\r\n", 400),
            (b"GET / HTTP/1.1\r\n" + host + b"a b: c\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n" + host, 400),
            (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"x" * 9000 + b"\r\n\r\n", 431), (b"x" * 200_000, 431),
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n", 431),
            (b"GET /healthz HTTP/1.0\r\n\r\n", 503), (b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n" * 40, 503),
        ):
            self.assertTrue(server.raw(data).startswith(f"HTTP/1.1 {status} "), (data[:80], server.raw(data)[:80]))
        self.assertEqual(server.raw(b""), "")
        self.assertEqual(server.ask("/metrics")[0], 200, "and it still answers")

    def test_one_request_a_connection(self):
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.assertEqual(self.serve(self.application()).raw(request * 3).count("HTTP/1.1 "), 1)

    def test_foreign_names(self):
        """A page of a foreign site cannot read the report by having its own name resolve to this computer."""
        server = self.serve(self.application())
        self.assertEqual(server.ask("/", headers={"Host": "evil.example"})[0], 421)
        self.assertEqual(server.ask("/", headers={"Host": f"localhost:{server.port}"})[0], 200)

    def test_slow_clients_block_nobody(self):
        server = self.serve(self.application(), "--cache", "60")
        server.ask("/healthz")
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(150)]
        for client in slow:
            client.sendall(b"GET / HT")
        for _ in range(20):
            start = time.monotonic()
            self.assertEqual(server.ask("/healthz")[0], 503)
            self.assertLess(time.monotonic() - start, 2)
        # And they are not waited for without end.
        slow[0].settimeout(20)
        self.assertTrue(slow[0].recv(100).startswith(b"HTTP/1.1 408 "))
        for client in slow:
            client.close()

    def test_many_at_once(self):
        folder = self.application()
        log = self.plugin(folder, 0.5)
        (folder / "schemas.yaml").write_text("version: 1\nplugins: {slow: {}}\n")
        server = self.serve(folder, "--cache", "60")
        with concurrent.futures.ThreadPoolExecutor(150) as pool:
            statuses = list(pool.map(lambda _: server.ask("/healthz")[0], range(300)))
        self.assertEqual(set(statuses), {200})
        self.assertEqual(log.read_text().count("asked"), 1, "one look for all of them")


class Looks(Case):
    def test_answers_are_kept_for_a_while(self):
        folder = self.application()
        log = self.plugin(folder, 0)
        (folder / "schemas.yaml").write_text("version: 1\nplugins: {slow: {}}\n")
        server = self.serve(folder, "--cache", "1")
        self.assertEqual(log.read_text(), "", "nothing is looked at before somebody asks")
        for path in ("/healthz", "/metrics", "/", "/healthz"):
            self.assertEqual(server.ask(path)[0], 200)
        self.assertEqual(log.read_text().count("asked"), 1)
        time.sleep(1.1)
        server.ask("/healthz")
        self.assertEqual(log.read_text().count("asked"), 2)

    def test_a_locked_database_blocks_only_who_asks_for_it(self):
        folder = self.application(
            "version: 1\ndatabases:\n" + "".join(
                f"  d{n}.db: {{tables: {{t: {{columns: {{id: INTEGER}}}}}}}}\n" for n in range(6)))
        connections = []
        for n in range(6):
            connection = sqlite3.connect(folder / f"d{n}.db", isolation_level=None)
            connection.execute("CREATE TABLE t(id INTEGER)")
            connection.execute("BEGIN EXCLUSIVE")
            connections.append(connection)
        server = self.serve(folder, "--timeout", "4", "--cache", "0")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(server.ask, "/healthz")
            time.sleep(0.5)
            start = time.monotonic()
            self.assertEqual(server.ask("/nothing")[0], 404)
            self.assertLess(time.monotonic() - start, 1.5)
            self.assertFalse(waiting.done())
            status, _, body = waiting.result()
        self.assertEqual((status, len(json.loads(body)["critical"])), (503, 6))


class Ending(Case):
    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve(self.application())
            server.ask("/healthz")
            held = socket.create_connection(("127.0.0.1", server.port))
            status, taken, _, _ = server.stop(number)
            held.close()
            self.assertEqual(status, 0)
            self.assertLess(taken, 1.5)

    def test_what_a_plugin_started_ends_too(self):
        folder = self.application()
        log = self.plugin(folder, "31.41592")
        (folder / "schemas.yaml").write_text("version: 1\nplugins: {slow: {}}\n")
        server = self.serve(folder)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = pool.submit(lambda: self.assertRaises(Exception, server.ask, "/healthz"))
            while not log.read_text():
                time.sleep(0.05)
            status, taken, _, _ = server.stop()
            asked.cancel()
        self.assertEqual(status, 0)
        self.assertLess(taken, 5)
        left = subprocess.run(["pgrep", "-f", "sleep 31.41592"], capture_output=True, text=True, check=False)
        self.assertEqual(left.stdout, "")


class CommandLine(Case):
    def refused(self, *arguments):
        answer = subprocess.run(
            [PROGRAM, "serve", *arguments], cwd=self.application(), capture_output=True, text=True, timeout=20,
            check=False)
        return answer.returncode, answer.stderr

    def test_other_computers_only_when_it_is_said(self):
        for address in ("0.0.0.0:0", "[::]:0", "10.1.2.3:0"):
            status, errors = self.refused("--listen", address)
            self.assertEqual(status, 64, errors)
            self.assertIn("--allow-remote", errors)
        server = self.serve(self.application(), "--listen", "0.0.0.0:0", "--allow-remote")
        self.assertEqual(server.ask("/", headers={"Host": "shop.example"})[0], 200)

    def test_version_6(self):
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError:
                self.skipTest("there is no IPv6 here")
        server = self.serve(self.application(), "--listen", "[::1]:0")
        connection = http.client.HTTPConnection("::1", server.port, timeout=20)
        connection.request("GET", "/healthz")
        self.assertEqual(connection.getresponse().status, 503)

    def test_wrong_ones(self):
        for arguments in (("--listen", "nowhere"), ("--listen", "127.0.0.1"), ("--cache", "-1"), ("--jobs", "0"),
                          ("--root", "/no/such/folder"), ("--timeout", "x"), ("extra",)):
            self.assertEqual(self.refused(*arguments)[0], 64, arguments)

    def test_a_port_that_is_taken(self):
        server = self.serve(self.application())
        status, errors = self.refused("--listen", f"127.0.0.1:{server.port}")
        self.assertEqual(status, 1)
        self.assertIn("cannot listen", errors)


if __name__ == "__main__":
    unittest.main()
