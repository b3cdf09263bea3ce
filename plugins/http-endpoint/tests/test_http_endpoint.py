"""http-endpoint, with servers on this machine that fail, stall and redirect."""

import http.server
import socket
import ssl
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import BadInput, PluginTest  # noqa: E402


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        self.server.behave(self)

    do_HEAD = do_GET

    def say(self, status, body="", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # a client that has gone


class HTTPEndpoint(BadInput, PluginTest):
    plugin = "http-endpoint"
    hasty = {"attempts": 1}

    def serve(self, behave, port=0, trust=None):
        server = Quiet(("127.0.0.1", port), Handler)
        server.seen, server.behave = [], behave
        if trust:
            server.socket = trust.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()

        def stop():
            server.shutdown()
            thread.join()
            server.server_close()

        self.addCleanup(stop)
        self.scheme = "https" if trust else "http"
        return server

    def url(self, server, path="/health"):
        return f"{self.scheme}://127.0.0.1:{server.server_port}{path}"

    def test_as_expected(self):
        server = self.serve(lambda handler: handler.say(200, "all is well"))
        check = self.assert_fine({"url": self.url(server), "contains": "is well"})
        self.assertEqual(check["confirmations"], [f"{self.url(server)} answers as expected"])
        self.assertEqual(check["measurements"][0]["unit"], "ms")

    def test_one_that_fails_first(self):
        server = self.serve(lambda handler: handler.say(503 if len(server.seen) < 3 else 200))
        check = self.assert_fine({"url": self.url(server), "delay": 0.1})
        self.assertIn("(at attempt 3)", check["confirmations"][0])
        self.assertIn("attempt 1 of 5", check["log"][0])
        self.assertEqual(len(server.seen), 3)

    def test_one_that_starts_late(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        thread = threading.Timer(1, lambda: self.serve(lambda handler: handler.say(204), port))
        self.scheme = "http"
        thread.start()
        url = f"http://127.0.0.1:{port}/"
        self.assert_fine({"url": url, "expect_status": [200, 204], "attempts": 100, "delay": 0.2})
        thread.join()

    def test_what_is_found(self):
        server = self.serve(lambda handler: handler.say(int(handler.path[1:4]), "hello", Location="/200"))
        for settings, id, message in [
            ({}, None, ""),
            ({"path": "/500"}, "status", "answers with status 500 (Internal Server Error), not 200"),
            ({"path": "/404", "expect_status": 404}, None, ""),
            ({"path": "/404", "expect_status": [200, 204]}, "status", "not 200 or 204"),
            ({"path": "/302"}, "status", "answers with status 302"),
            ({"path": "/302", "follow_redirects": True}, None, ""),
            ({"contains": "goodbye"}, "content", "does not contain 'goodbye'"),
            ({"method": "HEAD"}, None, ""),
            ({"expect_status": 99}, "settings", "no status"),
            ({"expect_status": "well"}, "settings", "no status"),
            ({"expect_status": []}, "settings", "no status"),
            ({"headers": {"a b": "c"}}, "settings", "no header has"),
            ({"headers": {"X": "a\r\nb: c"}}, "settings", "no header has"),
            ({"ca_file": "absent.pem", "follow_redirects": True}, "settings", "no certificates"),
        ]:
            with self.subTest(settings=settings):
                url = self.url(server, settings.pop("path", "/200"))
                answer = self.ask({"url": url, **self.hasty, **settings})
                self.assertEqual([finding["id"] for finding in answer["findings"]], [id] if id else [])
                self.assertIn(message, str(answer))

    def test_redirections_that_never_end(self):
        server = self.serve(lambda handler: handler.say(302, Location="/again?token=hush"))
        answer = self.ask({"url": self.url(server), "follow_redirects": True, **self.hasty})
        self.assertIn("redirects more than 5 times", answer["findings"][0]["message"])
        self.assertNotIn("hush", str(answer) + self.log)

    def test_nothing_secret_is_told(self):
        server = self.serve(lambda handler: handler.say(500, "the answer's own secret: hush4"))
        url = self.url(server, "/h?token=hush1").replace("//", "//me:hush2%40@")
        self.manifest({"url": url, "headers": {"X-Key": "hush3"}, **self.hasty})
        for format in ("text", "json"):
            done = self.tool("validate-startup", "--verbose", "--format", format)
            self.assertEqual(done.returncode, 1)
            self.assertNotIn("hush", done.stdout)
            self.assertIn(f"http://127.0.0.1:{server.server_port}/h ", done.stdout)
        path, headers = server.seen[0]
        self.assertEqual((path, headers["X-Key"]), ("/h?token=hush1", "hush3"))
        self.assertEqual(headers["Authorization"], "Basic bWU6aHVzaDJA")
        # Nor when something goes wrong on the way.
        for port in (server.server_port, 1):
            for tail in ("/h?token=hush\u00e9 x", "/h?hush\n", "/h?hush\u00e9", ":99999/?hush", "/#hush"):
                self.assertNotIn(
                    "hush", str(self.ask({"url": f"http://me:hush@127.0.0.1:{port}{tail}", **self.hasty})) + self.log
                )

    def test_secrets_do_not_follow_to_another_host(self):
        other = self.serve(lambda handler: handler.say(200))
        server = self.serve(lambda handler: handler.say(302, Location=self.url(other, "/there")))
        url = self.url(server).replace("//", "//me:hush@")
        self.assertEqual(
            self.found({"url": url, "headers": {"X-Key": "hush"}, "follow_redirects": True, **self.hasty}), []
        )
        self.assertNotIn("X-Key", other.seen[0][1])
        self.assertNotIn("Authorization", other.seen[0][1])

    def test_one_that_is_slow(self):
        def drip(handler):
            handler.send_response(200)
            handler.end_headers()
            try:
                for _ in range(100):
                    handler.wfile.write(b"x")
                    time.sleep(0.1)
            except OSError:
                pass

        for behave in (lambda handler: time.sleep(2), drip):
            server = self.serve(behave)
            began = time.monotonic()
            [finding] = self.ask({"url": self.url(server), "timeout_seconds": 0.5, **self.hasty})["findings"]
            self.assertIn("does not answer within 0.5 s", finding["message"])
            self.assertLess(time.monotonic() - began, 2)

    def test_a_large_answer(self):
        def flood(handler):
            handler.send_response(200)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(bytes(1 << 16))
            except OSError:
                pass

        server = self.serve(flood)
        self.assertEqual(self.found({"url": self.url(server), "contains": "x", **self.hasty})[0][0], "content")
        self.assertEqual(self.found({"url": self.url(server), **self.hasty}), [])

    def test_what_is_not_http(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(10)
            port = listener.getsockname()[1]

            def babble():
                for answer in (b"SSH-2.0-hush\r\n", b"", b"HTTP/1.1 999999 x\r\n\r\n", b"x"):
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(1000)
                        connection.sendall(answer)

            thread = threading.Thread(target=babble)
            thread.start()
            for scheme in ("http", "http", "http", "https"):
                answer = self.ask({"url": f"{scheme}://127.0.0.1:{port}/", **self.hasty})
                self.assertEqual(answer["findings"][0]["id"], "unreachable")
                self.assertNotIn("hush", str(answer) + self.log)
            thread.join()

    def test_certificates(self):
        for name in ("good", "other"):
            self.run_in_root(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-keyout",
                f"{name}.key",
                "-out",
                f"{name}.pem",
                "-subj",
                "/CN=test",
                "-addext",
                f"subjectAltName=IP:127.0.0.{1 if name == 'good' else 9}",
            )
        for name, settings, id in [
            ("good", {}, "certificate"),
            ("good", {"ca_file": "good.pem"}, None),
            ("good", {"ca_file": "good.key"}, "settings"),
            ("other", {"ca_file": "other.pem"}, "certificate"),
        ]:
            with self.subTest(name=name, settings=settings):
                trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                trust.load_cert_chain(self.root / f"{name}.pem", self.root / f"{name}.key")
                server = self.serve(lambda handler: handler.say(200), trust=trust)
                answer = self.ask({"url": self.url(server), **settings})
                self.assertEqual([finding["id"] for finding in answer["findings"]], [id] if id else [])

    def test_urls(self):
        for url in (
            "localhost",
            "ftp://localhost",
            "http://",
            "http:///x",
            "http://[::1",
            "http://h:port/",
            "http://a b/",
            "file:///etc",
        ):
            with self.subTest(url=url):
                self.assertEqual(self.found({"url": url}), [("settings", None)])
        for url in ("http://no-such-host.invalid/", "http://x..y/", f"http://{'x' * 300}/", "http://ü.invalid/ü"):
            with self.subTest(url=url):
                self.assertIn(self.found({"url": url, **self.hasty})[0][0], ("unreachable", "settings"))


if __name__ == "__main__":
    unittest.main()
