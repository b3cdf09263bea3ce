"""certificate-expiry, with an authority and certificates made here, in files and of a server on this machine."""

import datetime
import socket
import ssl
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import BadInput, PluginTest  # noqa: E402


def day(offset):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset, hours=1)
    return moment.strftime("%Y%m%d%H%M%SZ")


class CertificateExpiry(BadInput, PluginTest):
    plugin = "certificate-expiry"

    def self_signed(self, name, days=90):
        self.run_in_root(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            days,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-subj",
            f'/O=Ünit, "Test"/CN={name}',
        )

    def signed(self, name, begin, end, by="authority", authority=False, names="DNS:localhost,IP:127.0.0.1"):
        """With any beginning and end, which only `openssl ca` can give."""
        self.write(
            "ca.cnf",
            f"""\
[ca]
default_ca = default
[default]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = policy
x509_extensions = {'authority' if authority else 'server'}
unique_subject = no
[policy]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
[server]
basicConstraints = CA:FALSE
subjectAltName = {names}
""",
        )
        self.write("index.txt", "")
        self.run_in_root(
            "openssl",
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        self.run_in_root(
            "openssl",
            "ca",
            "-batch",
            "-notext",
            "-config",
            "ca.cnf",
            "-cert",
            f"{by}.pem",
            "-keyfile",
            f"{by}.key",
            "-in",
            f"{name}.csr",
            "-out",
            f"{name}.pem",
            "-startdate",
            day(begin),
            "-enddate",
            day(end),
        )

    def join(self, file, *names):
        self.write(file, "".join((self.root / f"{name}.pem").read_text() for name in names))

    def serve(self, chain, key):
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(self.root / chain, self.root / key)
        listener = socket.create_server(("127.0.0.1", 0))

        def run():
            while True:
                try:
                    connection, _ = listener.accept()
                    with trust.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1)
                except ssl.SSLError:
                    continue
                except OSError:
                    if listener.fileno() < 0:
                        return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def stop():
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()

        self.addCleanup(stop)
        return listener.getsockname()[1]

    def test_days(self):
        self.self_signed("good", 90)
        check = self.assert_fine({"files": ["good.pem"]})
        self.assertRegex(
            check["confirmations"][0],
            r"^The certificate good of good.pem holds until \d{4}-\d\d-\d\d, 90 days from now$",
        )
        [days] = check["measurements"]
        self.assertEqual(
            (days["label"], days["unit"], days["warning"], days["critical"]), ("good.pem days", "d", "30:", "7:")
        )
        self.assertTrue(89 <= float(days["value"]) <= 90)
        self.self_signed("soon", 20)
        check = self.check({"files": ["soon.pem"]})
        self.assertEqual((check["status"], check["findings"][0]["id"]), ("warning", "certificate-expiry.expiring"))
        self.assertEqual(self.check({"files": ["soon.pem"], "critical_days": 20})["status"], "critical")
        self.assertEqual(self.check({"files": ["soon.pem"], "warn_days": 10})["status"], "ok")
        self.self_signed("authority")
        self.signed("over", -30, -2)
        self.signed("later", 3, 100)
        self.assertEqual(
            self.found({"files": ["over.pem", "later.pem"]}), [("expired", "over.pem"), ("early", "later.pem")]
        )

    def test_keys(self):
        self.self_signed("one")
        self.self_signed("other")
        (self.root / "one.key").chmod(0o600)
        self.assertEqual(self.found({"files": [{"certificate": "one.pem", "key": "one.key"}]}), [])
        (self.root / "one.key").chmod(0o644)
        self.assertEqual(
            self.found({"files": [{"certificate": "one.pem", "key": "one.key"}]}), [("key-mode", "one.key")]
        )
        (self.root / "other.key").chmod(0o640)
        [finding] = self.check({"files": [{"certificate": "one.pem", "key": "other.key"}]})["findings"]
        self.assertEqual(finding["id"], "certificate-expiry.key")
        self.run_in_root(
            "openssl", "pkey", "-in", "one.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key"
        )
        [finding] = self.ask({"files": [{"certificate": "one.pem", "key": "locked.key"}]})["findings"]
        self.assertEqual(finding["message"], "The file locked.key needs a password")
        for text in ("", "no key", (self.root / "one.pem").read_text()):
            self.write("bad.key", text)
            self.assertEqual(
                self.found({"files": [{"certificate": "one.pem", "key": "bad.key"}]}), [("unreadable", "one.pem")]
            )

    def test_chains(self):
        self.self_signed("authority", 3650)
        self.signed("between", -1, 365, authority=True)
        self.signed("server", -1, 90, by="between")
        self.self_signed("stranger")
        for names, found in [
            (("server", "between", "authority"), []),
            (("server", "between"), []),
            (("between", "server"), [("chain", "chain.pem")]),
            (("server", "stranger"), [("chain", "chain.pem")]),
            (("server", "authority"), [("chain", "chain.pem")]),
        ]:
            with self.subTest(names=names):
                self.join("chain.pem", *names)
                self.assertEqual(self.found({"files": ["chain.pem"]}), found)
        # One of the same name that has not signed it.
        self.self_signed("authority")
        self.join("chain.pem", "between", "authority")
        self.assertEqual(self.found({"files": ["chain.pem"]}), [("chain", "chain.pem")])
        self.assertEqual(
            self.found({"files": [{"certificate": "between.pem", "ca": "authority.pem"}]}),
            [("untrusted", "between.pem")],
        )
        # One in the middle expires first.
        self.self_signed("authority", 3650)
        self.signed("between", -1, 10, authority=True)
        self.signed("server", -1, 90, by="between")
        self.join("chain.pem", "server", "between")
        [finding] = self.ask({"files": [{"certificate": "chain.pem", "ca": "authority.pem"}]})["findings"]
        self.assertIn("The certificate between of chain.pem expires on", finding["message"])

    def test_files_that_cannot_be_read(self):
        self.write("empty.pem", "")
        self.write("junk.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        (self.root / "binary.pem").write_bytes(bytes(range(256)))
        (self.root / "large.pem").write_bytes(bytes((1 << 20) + 1))
        for name in ("absent.pem", ".", "empty.pem", "junk.pem", "binary.pem", "large.pem", "a\0b", "/dev/zero"):
            with self.subTest(name=name):
                self.assertEqual(self.found({"files": [name]}), [("unreadable", name)])
        for entry in (7, None, [], {}, {"key": "x"}, {"certificate": 7}, {"certificate": "x", "other": "y"}):
            with self.subTest(entry=entry):
                self.assertEqual(self.found({"files": [entry]})[0][0], "settings")
        self.assertEqual(self.found({}), [("settings", None)])
        # DER is taken too.
        self.self_signed("good")
        self.run_in_root("openssl", "x509", "-in", "good.pem", "-outform", "DER", "-out", "good.der")
        self.assertEqual(self.found({"files": ["good.der"]}), [])

    def test_servers(self):
        self.self_signed("authority", 3650)
        self.signed("between", -1, 365, authority=True)
        self.signed("server", -1, 90, by="between")
        self.join("chain.pem", "server", "between")
        port = self.serve("chain.pem", "server.key")
        check = self.assert_fine({"hosts": [f"localhost:{port}", f"127.0.0.1:{port}"], "ca": "authority.pem"})
        self.assertEqual(len(check["measurements"]), 2)
        check = self.check({"hosts": [f"localhost:{port}"]})
        [finding] = check["findings"]
        self.assertEqual((finding["id"], finding["subject"]), ("certificate-expiry.untrusted", f"localhost:{port}"))
        self.assertIn("unable to get", finding["message"])
        self.assertEqual(self.found({"hosts": [f"localhost:{port}"], "verify": False}), [])
        # For another name.
        self.signed("server", -1, 20, by="between", names="DNS:elsewhere.example")
        self.join("chain.pem", "server", "between")
        port = self.serve("chain.pem", "server.key")
        self.assertEqual(
            self.found({"hosts": [f"localhost:{port}"], "ca": "authority.pem"}),
            [("expiring", f"localhost:{port}"), ("untrusted", f"localhost:{port}")],
        )
        # Expired is told once.
        self.signed("server", -9, -2, by="between")
        self.join("chain.pem", "server", "between")
        port = self.serve("chain.pem", "server.key")
        self.assertEqual(
            self.found({"hosts": [f"localhost:{port}"], "ca": "authority.pem"}), [("expired", f"localhost:{port}")]
        )

    def test_self_signed_server(self):
        self.self_signed("alone")
        port = self.serve("alone.pem", "alone.key")
        [finding] = self.ask({"hosts": [f"127.0.0.1:{port}"]})["findings"]
        self.assertEqual(finding["id"], "untrusted")
        self.assertIn("self-signed certificate", finding["message"])

    def test_servers_that_are_none(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        [finding] = self.ask({"hosts": [f"127.0.0.1:{port}"]})["findings"]
        self.assertEqual(finding["message"], f"The server 127.0.0.1:{port} shows no certificate: connection refused")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            host = f"127.0.0.1:{silent.getsockname()[1]}"
            [finding] = self.ask({"hosts": [host], "timeout_seconds": 0.5})["findings"]
            self.assertEqual(finding["message"], f"The server {host} does not answer within 0.5 s")
        self.assertEqual(self.found({"hosts": ["no-such-host.invalid"]}), [("unreachable", "no-such-host.invalid")])
        for host in ("a b", "https://x", "x:0", "x:99999", "-connect", "me@x", "", "[::1"):
            with self.subTest(host=host):
                self.assertEqual(self.found({"hosts": [host]}), [("settings", host)])

    def test_without_openssl(self):
        self.self_signed("good")
        (self.root / "bin").mkdir()
        (self.root / "bin/python3").symlink_to("/usr/bin/python3")
        self.assertEqual(
            self.found({"files": ["good.pem"]}, env={"PATH": str(self.root / "bin")}), [("openssl", "good.pem")]
        )


if __name__ == "__main__":
    unittest.main()
