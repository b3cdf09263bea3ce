"""docs/shipped-plugins.md says what is so: its tables are those of each plugin.yaml, and its examples are well in an
application that has what they ask for, and not in one that has nothing."""

import http.server
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import PLUGINS, PROGRAMS, REPOSITORY, PluginTest  # noqa: E402
from shipped_page import PAGE, complete, descriptions, examples  # noqa: E402

# Of the examples, those that find nothing wrong with an empty folder.
UNDEMANDING = {"disk-space", "port-free", "disk", "processes"}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"all is healthy")

    def log_message(self, *_):
        pass


class Page(PluginTest):
    plugin = "page"

    def test_tables(self):
        text = PAGE.read_text()
        self.assertEqual(complete(text), text, "run Tests/plugins/shipped_page.py --write")
        for name in descriptions():
            self.assertIn(f"<!-- tables of {name} -->", text)
            self.assertIn(f"](#{name})", text)

    def test_every_plugin_has_examples_and_tests(self):
        text = PAGE.read_text()
        shown = {name for example in examples(text) for name in yaml.safe_load(example)["plugins"]}
        self.assertLessEqual(set(descriptions()), shown)
        for name in descriptions():
            self.assertTrue(list((PLUGINS / name / "tests").glob("test_*.py")), name)

    def serve(self, trust=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if trust:
            server.socket = trust.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # who only wants to see the certificate
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        return server.server_port

    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def free(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    def prepare(self):
        """All that the examples ask for."""
        self.run_in_root("/usr/bin/python3", "-m", "venv", ".venv")
        shutil.copytree(self.root / ".venv", self.root / "env", symlinks=True)
        for name in ("requirements.txt", "requirements/production.txt"):
            self.write(name, "pip\n")
        self.write(
            "pyproject.toml",
            (
                "[project]\nname = 'shop'\ndependencies = ['pip']\n"
                "[project.optional-dependencies]\nweb = ['setuptools']\n"
                "[dependency-groups]\noperation = ['pip']\n"
            ),
        )
        for folder in (".", "frontend"):
            self.write(f"{folder}/package.json", '{"dependencies": {"tiny": "^1"}, "devDependencies": {"tiny": "1"}}')
            self.write(f"{folder}/node_modules/tiny/package.json", '{"name": "tiny", "version": "1.1.0"}')
        self.certificates()
        self.write(".gitignore", "*venv\nenv\nnode_modules\nschemas.yaml\n*.key\n")
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
        self.run_in_root(*git, "init", "-q", "-b", "main")
        self.run_in_root(*git, "add", "-A")
        self.run_in_root(*git, "commit", "-qm", "first")
        self.run_in_root(*git, "clone", "-q", "--bare", ".", "../upstream.git")
        self.run_in_root(*git, "remote", "add", "origin", "../upstream.git")
        self.run_in_root(*git, "fetch", "-q", "origin")
        self.run_in_root(*git, "branch", "-q", "--set-upstream-to", "origin/main")

    def certificates(self):
        (self.root / "tls").mkdir()
        common = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90"]
        self.run_in_root(*common, "-keyout", "tls/authority.key", "-out", "tls/authority.pem", "-subj", "/CN=authority")
        self.run_in_root(
            *common,
            "-keyout",
            "tls/server.key",
            "-out",
            "tls/server.pem",
            "-subj",
            "/CN=localhost",
            "-CA",
            "tls/authority.pem",
            "-CAkey",
            "tls/authority.key",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        )
        (self.root / "tls/server.key").chmod(0o600)

    def look_at(self, example, ports):
        """Each check of an example, with the ports of this machine's servers for those of the page."""
        text = re.sub(r"\b\d{4}\b", lambda match: str(ports.get(match[0], match[0])), example)
        self.write("schemas.yaml", "version: 1\n" + text)
        report = self.report("validate-startup", "--check-only")
        self.assertEqual(len(report["checks"]), len(yaml.safe_load(example)["plugins"]))
        return report["checks"]

    def test_examples(self):
        found = examples(PAGE.read_text())
        self.assertGreaterEqual(len(found), 14)
        closed = {port: self.free() for port in ("5432", "6379", "8080", "8443", "8000", "8001")}
        for example in found:
            hasty = re.sub(r"attempts: \d+", "attempts: 1", example)
            for check in self.look_at(hasty, closed):
                with self.subTest(example=example, root="empty"):
                    if check["check"] in UNDEMANDING:
                        self.assertEqual(check["status"], "ok", check)
                    else:
                        self.assertIn(check["status"], ("warning", "critical"), check)
                        self.assertTrue(check["findings"])
        self.prepare()
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(self.root / "tls/server.pem", self.root / "tls/server.key")
        ports = {
            "5432": self.listen(),
            "6379": self.listen(),
            "8080": self.serve(),
            "8443": self.serve(trust),
            "8000": self.free(),
            "8001": self.free(),
        }
        for example in found:
            for check in self.look_at(example, ports):
                with self.subTest(example=example, root="prepared"):
                    self.assertEqual(check["status"], "ok", json.dumps(check, indent=1))
                    self.assertTrue(check["confirmations"])

    def test_installed_plugins_are_nobody_elses_to_write(self):
        folder = self.root / "share/plugins"
        self.run_in_root("bash", "-c", 'umask 002; "$0" "$1"', REPOSITORY / "scripts/install-plugins.sh", folder)
        self.assertEqual({path.name for path in folder.iterdir()}, set(descriptions()))
        self.assertEqual([path for path in folder.rglob("*") if path.stat().st_mode & 0o022], [])
        self.assertFalse(list(folder.rglob("tests")))
        self.write("schemas.yaml", "version: 1\nplugins: {disk-space: {minimum_free: 0}, node-modules: {}}\n")
        self.write("package.json", "{}")
        done = subprocess.run(
            [PROGRAMS / "validate-startup", "--plugin-path", folder],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_link_beside_the_manifest_will_do(self):
        (self.root / "plugins").mkdir()
        (self.root / "plugins/disk-space").symlink_to(REPOSITORY / "plugins/disk-space")
        self.write("schemas.yaml", "version: 1\nplugins: {disk-space: {minimum_free: 0}}\n")
        done = subprocess.run(
            [PROGRAMS / "validate-startup"], cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
