"""What the tests of the plugins that ship have in common: an application's root of their own, the plugin asked
directly, and the built programs that ask it."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PLUGINS = REPOSITORY / "plugins"
PROGRAMS = Path(os.environ.get("SELFHEAL_BIN", REPOSITORY / ".build/debug"))
SEVERITIES = {"information", "warning", "critical"}
# Without pyenv's stand-ins, each of which takes a tenth of a second to find out what it stands for.
PATH = os.pathsep.join(path for path in os.environ["PATH"].split(os.pathsep) if Path(path).name != "shims")
ENVIRONMENT = dict(os.environ, PATH=PATH, LC_ALL="C.UTF-8")
for name in [name for name in ENVIRONMENT if name.startswith(("PYTHON", "PIP_", "npm_config_", "NPM_CONFIG_", "GIT_"))]:
    del ENVIRONMENT[name]


class PluginTest(unittest.TestCase):
    plugin = ""

    def setUp(self):
        self.maxDiff = None
        folder = tempfile.TemporaryDirectory(prefix=f"selfheal {self.plugin} ")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve() / "root"
        self.root.mkdir()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_in_root(self, *command, **more):
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **more,
        )
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}")
        return done.stdout

    # Directly

    def raw(self, text, action="check", env=None):
        return subprocess.run(
            [PLUGINS / self.plugin / "bin" / self.plugin, action],
            input=text,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            env=env or ENVIRONMENT,
        )

    def ask(self, settings=None, action="check", env=None, **more):
        """The answer to one call: one JSON object, whatever the verdict, that keeps to what plugin.yaml says."""
        request = {"protocol": 1, "action": action, "root": str(self.root), "settings": settings or {}, **more}
        done = self.raw(json.dumps(request), action, env)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["protocol"], 1)
        description = yaml.safe_load((PLUGINS / self.plugin / "plugin.yaml").read_text())
        for finding in answer.get("findings", []):
            self.assertIn(finding["id"], description["findings"])
            self.assertIn(finding.get("severity", "critical"), SEVERITIES)
            self.assertRegex(finding["message"], r"^([^a-z]|\w+://)", "a message begins with a capital letter")
            self.assertNotIn("\n", finding["message"])
        self.log = done.stderr
        return answer

    def found(self, settings=None, env=None):
        """What is found, as (identifier, subject)."""
        return [(finding["id"], finding.get("subject")) for finding in self.ask(settings, env=env)["findings"]]

    # Through the programs

    def manifest(self, settings, **more):
        self.write("schemas.yaml", json.dumps({"version": 1, "plugins": {self.plugin: settings}, **more}))

    def tool(self, name, *arguments, env=None):
        return subprocess.run(
            [PROGRAMS / name, "--plugin-path", PLUGINS, *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            env=env or ENVIRONMENT,
        )

    def report(self, name, *arguments, env=None):
        done = self.tool(name, "--format", "json", *arguments, env=env)
        try:
            return json.loads(done.stdout)
        except ValueError:
            self.fail(f"{name} ended with {done.returncode}: {done.stdout}")

    def check(self, settings=None, env=None):
        """The one check of a look, by validate-startup."""
        if settings is not None:
            self.manifest(settings)
        checks = self.report("validate-startup", "--check-only", env=env)["checks"]
        self.assertEqual(len(checks), 1)
        return checks[0]

    def assert_fine(self, settings=None):
        check = self.check(settings)
        self.assertEqual(check["status"], "ok", check)
        self.assertTrue(check["confirmations"])
        return check


class BadInput:
    """What every plugin must bear; mixed into a PluginTest."""

    def test_bad_requests_end_with_a_reason_and_without_an_answer(self):
        for text in (
            "",
            "no json",
            "[]",
            "null",
            "{}",
            '{"root": 7}',
            '{"protocol":1}',
            '{"protocol":999,"root":"/","settings":{}}',
            '{"root":"/","settings":{}}',
            "\0" * 100,
        ):
            with self.subTest(text=text):
                done = self.raw(text)
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(done.stdout, "")
                self.assertIn("request", done.stderr)
                self.assertNotIn("Traceback", done.stderr)
        done = self.raw("{}", "dance")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("usage", done.stderr)

    def test_is_nobody_elses_to_write(self):
        folder = PLUGINS / self.plugin
        for path in (PLUGINS, folder, folder / "plugin.yaml", folder / "bin", folder / "bin" / self.plugin):
            self.assertEqual(path.stat().st_mode & 0o022, 0, f"{path} may be written by others")
        self.assertTrue(os.access(folder / "bin" / self.plugin, os.X_OK))

    def test_settings_that_do_not_exist_are_refused(self):
        self.manifest({"no_such_setting": 1})
        done = self.tool("validate-startup")
        self.assertEqual(done.returncode, 78, done.stdout)
        self.assertIn("no_such_setting", done.stdout)
