"""The example application with packages of both ecosystems: they are checked and, when asked for, installed, with the version of
Python checked beside them, and the application starts."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
import unittest
import urllib.request
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import ENVIRONMENT, REPOSITORY, PluginTest  # noqa: E402

DEPENDENCIES = """\
dependencies:
  python: {requirements: requirements.txt}
  node: {package: frontend/package.json}
"""


class Example(PluginTest):
    plugin = "example"

    def setUp(self):
        super().setUp()
        for name in ("schemas.yaml", ".env.example"):
            shutil.copy(REPOSITORY / name, self.root / name)
        shutil.copytree(REPOSITORY / "examples", self.root / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        manifest = (self.root / "schemas.yaml").read_text()
        self.assertIn("dependencies:\n  commands:\n    python3:", manifest)
        self.write("schemas.yaml", manifest.replace("dependencies:\n", DEPENDENCIES))

    def wheel(self, name, version):
        code = f"version = {version!r}\n"
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": code,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = ""
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\n"
        (self.root / "wheels").mkdir(exist_ok=True)
        with zipfile.ZipFile(self.root / f"wheels/{name}-{version}-py3-none-any.whl", "w") as archive:
            for path, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
                archive.writestr(path, text)

    def tarball(self, name, version):
        folder = self.root / "tarballs"
        folder.mkdir(exist_ok=True)
        with tarfile.open(folder / f"{name}-{version}.tgz", "w:gz") as archive:
            text = json.dumps({"name": name, "version": version, "main": "package.json"}).encode()
            entry = tarfile.TarInfo("package/package.json")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
        return f"file:../tarballs/{name}-{version}.tgz"

    def test_packages_are_optional_and_are_installed_when_asked_for(self):
        for version in ("1.0", "2.0"):
            self.wheel("rates", version)
        self.write("requirements.txt", "rates>=2\n")
        self.run_in_root("/usr/bin/python3", "-m", "venv", ".venv")
        self.run_in_root(".venv/bin/pip", "install", "--no-index", "--find-links", "wheels", "--quiet", "rates==1.0", env=ENVIRONMENT)
        self.write("frontend/package.json", json.dumps(
            {"name": "page", "version": "1.0.0", "private": True, "dependencies": {"chart": self.tarball("chart", "3.1.0")}}))
        environment = dict(ENVIRONMENT, PIP_NO_INDEX="1", PIP_FIND_LINKS="wheels")

        def findings(*options):
            report = self.report("auto-heal", *options, env=environment)
            found = {finding["id"] for check in report["checks"] for finding in check["findings"]}
            return report, {id for id in found if id.startswith(("python-packages.", "node-modules."))}

        missing = {"python-packages.version", "node-modules.missing"}
        report, found = findings()
        self.assertEqual(found, missing)
        confirmed = " ".join(text for check in report["checks"] for text in check["confirmations"])
        self.assertRegex(confirmed, r"Command python3 [0-9.]+ satisfies >=3\.8")
        self.assertEqual(findings("--dry-run", "--install")[1], missing)
        report, found = findings("--install")
        self.assertEqual(found, set(), report["repairs"])
        self.assertIn("2.0", self.run_in_root(".venv/bin/python", "-c", "import rates; print(rates.version)"))
        self.assertTrue((self.root / "frontend/node_modules/chart/package.json").is_file())
        # Two variables of the example are the user's to set.
        self.assertEqual(self.tool("validate-startup", "--check-only", env=environment).returncode, 2)
        self.assert_starts()

    def assert_starts(self):
        server = subprocess.Popen(
            [".venv/bin/python", "examples/dynamic-pricing/server.py"], cwd=self.root, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env=dict(ENVIRONMENT, PORT="9873"))
        try:
            for _ in range(100):
                try:
                    with urllib.request.urlopen("http://127.0.0.1:9873/", timeout=5) as answer:
                        self.assertEqual(answer.status, 200)
                        return
                except OSError:
                    self.assertIsNone(server.poll(), server.stderr and server.stderr.read() if server.poll() is not None else "")
                    time.sleep(0.1)
            self.fail("the example did not answer")
        finally:
            server.terminate()
            server.communicate(timeout=30)


if __name__ == "__main__":
    unittest.main()
