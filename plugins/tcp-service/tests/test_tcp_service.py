"""tcp-service, with servers on this machine."""

import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import BadInput, PluginTest  # noqa: E402


class TCPService(BadInput, PluginTest):
    plugin = "tcp-service"

    def server(self, host="127.0.0.1"):
        listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.addCleanup(listener.close)
        return listener, listener.getsockname()[1]

    def closed_port(self):
        listener, port = self.server()
        listener.close()
        return port

    def test_one_that_is_there_and_one_that_is_not(self):
        _, port = self.server()
        gone = self.closed_port()
        check = self.check({"services": [f"127.0.0.1:{port}", f"localhost:{gone}"], "attempts": 2, "delay": 0})
        self.assertEqual(check["status"], "critical")
        self.assertEqual(check["confirmations"], [f"The service at 127.0.0.1:{port} takes connections"])
        self.assertEqual([entry["label"] for entry in check["measurements"]], [f"127.0.0.1:{port} connect"])
        self.assertEqual(
            [(finding["id"], finding["subject"], finding["message"]) for finding in check["findings"]],
            [
                (
                    "tcp-service.unreachable",
                    f"localhost:{gone}",
                    f"The service at localhost:{gone} takes no connections: connection refused, after 2 attempts",
                )
            ],
        )
        self.assertIn(f"localhost:{gone}: attempt 1 of 2: connection refused", " ".join(check["log"]))

    def test_one_that_comes_late(self):
        port = self.closed_port()

        def start():
            time.sleep(1)
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            self.addCleanup(listener.close)

        thread = threading.Thread(target=start)
        thread.start()
        check = self.check({"services": [f"127.0.0.1:{port}"], "attempts": 100, "delay": 0.2})
        thread.join()
        self.assertEqual(check["status"], "ok", check)
        self.assertRegex(check["confirmations"][0], r"takes connections \(at attempt \d+\)")

    def test_one_that_is_waited_for(self):
        port = self.closed_port()
        opener = threading.Timer(1, lambda: self.addCleanup(socket.create_server(("127.0.0.1", port)).close))
        self.manifest({"services": [f"127.0.0.1:{port}"], "attempts": 1})
        opener.start()
        answer = self.tool("validate-startup", "--check-only", "--wait", "30")
        opener.join()
        self.assertEqual(answer.returncode, 0, answer)

    @unittest.skipUnless(socket.has_ipv6 and Path("/proc/net/if_inet6").exists(), "this machine has no IPv6")
    def test_ipv6(self):
        _, port = self.server("::1")
        self.assert_fine({"services": [f"[::1]:{port}"]})

    def test_one_that_does_not_answer(self):
        # A full queue: connections are neither taken nor refused.
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        time.sleep(0.1)
        began = time.monotonic()
        services = [f"127.0.0.1:{listener.getsockname()[1]}"] * 2
        [finding] = self.ask({"services": services, "attempts": 1, "timeout_seconds": 0.5})["findings"]
        self.assertIn("no answer within 0.5 s, after 1 attempt", finding["message"])
        self.assertLess(time.monotonic() - began, 10)

    def test_all_at_once(self):
        services = [f"127.0.0.1:{self.closed_port()}" for _ in range(10)]
        began = time.monotonic()
        self.assertEqual(len(self.found({"services": services, "attempts": 2, "delay": 1})), 10)
        self.assertLess(time.monotonic() - began, 8)

    def test_addresses_that_are_none(self):
        for service in (
            "localhost",
            ":80",
            "localhost:0",
            "localhost:65536",
            "http://localhost:80",
            "me:pw@localhost:80",
            "::1:80",
            "[::1]",
            "a b:80",
            "localhost:8O",
        ):
            with self.subTest(service=service):
                self.assertEqual(self.found({"services": [service]}), [("settings", service)])
        once = {"attempts": 1}
        for service in ("no-such-host.invalid:80", "a..b:80", "x" * 300 + ":80", "ü.invalid:80"):
            with self.subTest(service=service):
                self.assertEqual(self.found(dict(once, services=[service])), [("unreachable", service)])


if __name__ == "__main__":
    unittest.main()
