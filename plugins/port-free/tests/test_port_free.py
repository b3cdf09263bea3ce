"""port-free, beside servers on this machine."""

import json
import os
import pwd
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import PLUGINS, BadInput, PluginTest  # noqa: E402


class PortFree(BadInput, PluginTest):
    plugin = "port-free"

    def server(self, host="127.0.0.1", kind=socket.SOCK_STREAM):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        self.addCleanup(listener.close)
        listener.bind((host, 0))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        return listener, listener.getsockname()[1]

    def free_port(self):
        listener, port = self.server()
        listener.close()
        return port

    def test_a_port_that_is_free_or_not(self):
        listener, port = self.server()
        other = self.free_port()
        check = self.check({"ports": [other, port]})
        self.assertEqual(check["status"], "critical")
        self.assertEqual(check["confirmations"], [f"Port {other} is free"])
        [finding] = check["findings"]
        self.assertEqual((finding["id"], finding["subject"]), ("port-free.taken", f"tcp 0.0.0.0:{port}"))
        # A check that is confined sees whose it is, and no more.
        name, user = Path("/proc/self/comm").read_text().strip(), pwd.getpwuid(os.geteuid()).pw_name
        named = f"{name} (process {os.getpid()})"
        hidden = f"a process of {user}, whose name this check may not see"
        self.assertIn(finding["message"], (f"Port {port} is taken by {named}", f"Port {port} is taken by {hidden}"))
        [finding] = self.ask({"ports": [port]})["findings"]
        self.assertEqual(finding["message"], f"Port {port} is taken by {named}")
        self.assertIn(f"kill {os.getpid()}", finding["hint"])
        listener.close()
        self.assert_fine()
        self.assert_nobody_was_disturbed()

    def assert_nobody_was_disturbed(self):
        listener, port = self.server()
        self.found({"ports": [port]})
        listener.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            listener.accept()

    def test_by_address_and_protocol(self):
        _, port = self.server("127.0.0.2")
        self.assertEqual(self.found({"ports": [port], "host": "127.0.0.1"}), [])
        self.assertEqual(self.found({"ports": [port], "host": "127.0.0.2"}), [("taken", f"tcp 127.0.0.2:{port}")])
        self.assertEqual(self.found({"ports": [port], "protocol": "udp"}), [])
        _, port = self.server(kind=socket.SOCK_DGRAM)
        [finding] = self.ask({"ports": [port], "protocol": "udp"})["findings"]
        self.assertIn(f"(process {os.getpid()})", finding["message"])
        self.assertEqual(self.found({"ports": [port]}), [])

    @unittest.skipUnless(socket.has_ipv6 and Path("/proc/net/if_inet6").exists(), "this machine has no IPv6")
    def test_ipv6(self):
        _, port = self.server("::1")
        self.assertEqual(self.found({"ports": [port], "host": "::1"}), [("taken", f"tcp [::1]:{port}")])
        self.assertEqual(self.found({"ports": [port], "host": "::"}), [("taken", f"tcp [::]:{port}")])
        self.assertEqual(self.found({"ports": [port], "host": "127.0.0.1"}), [])

    def test_a_connection_that_is_being_closed_is_in_nobodys_way(self):
        for polite in (True, False):
            listener = socket.socket()
            self.addCleanup(listener.close)
            if polite:  # as servers are
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            address = listener.getsockname()
            client = socket.create_connection(address)
            served, _ = listener.accept()
            served.close()
            listener.close()
            client.close()
            findings = self.ask({"ports": [address[1]]})["findings"]
            self.assertEqual(
                [finding["message"] for finding in findings],
                [] if polite else [f"Port {address[1]} is taken by connections that are being closed"],
            )

    def test_who_may_hold_it(self):
        _, port = self.server()
        name = Path("/proc/self/comm").read_text().strip()
        self.assertEqual(self.found({"ports": [port], "allowed": [name]}), [])
        self.assertEqual(self.found({"ports": [port], "allowed": ["gunicorn"]}), [("taken", f"tcp 0.0.0.0:{port}")])

    def test_addresses_that_are_none_of_ours(self):
        for host in ("192.0.2.1", "no such host", "256.1.1.1", "x" * 300, ".", "a..b"):
            with self.subTest(host=host):
                [(id, _)] = self.found({"ports": [self.free_port()], "host": host})
                self.assertEqual(id, "address")

    @unittest.skipUnless(os.geteuid() == 0, "only root can ask as somebody else")
    def test_as_nobody(self):
        """Another user's process has no name, only its user's; and low ports are forbidden where the system says so."""
        _, port = self.server()
        script = (PLUGINS / self.plugin / "bin" / self.plugin).read_text()
        request = {"protocol": 1, "root": "/", "settings": {"ports": [port, 7]}}
        done = subprocess.run(
            ["/usr/bin/python3", "-B", "-c", script, "check"],
            input=json.dumps(request),
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            user="nobody",
            extra_groups=[],
            check=True,
        )
        findings = json.loads(done.stdout)["findings"]
        self.assertEqual(
            findings[0]["message"], f"Port {port} is taken by a process of root, whose name this check may not see"
        )
        self.assertEqual(findings[0]["evidence"], {"user": "root"})
        lowest = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
        self.assertEqual([finding["id"] for finding in findings[1:]], ["forbidden"] if lowest > 7 else [])

    def test_settings(self):
        for settings in (
            {},
            {"ports": []},
            {"ports": [0]},
            {"ports": [65536]},
            {"ports": "80"},
            {"ports": [80], "protocol": "x"},
        ):
            with self.subTest(settings=settings):
                self.manifest(settings)
                self.assertEqual(self.tool("validate-startup").returncode, 78)


if __name__ == "__main__":
    unittest.main()
