"""The templates: each is what its reader takes, and the commands in them do what is said of them."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema
import yaml

import published
import support

TEMPLATES = support.TOP / "templates"

# What the application's root is like, and whether it may start.
HEALTHY = "version: 1\ndirectories: [data]\n"
#: A directory of another mode that may not be changed, as a warning.
WARNING = "version: 1\nenv: {template: .env.example, variables: {A: {type: port}}}\npolicy: {severity: {env.variable.type: warning}}\n"
CRITICAL = "version: 1\ndependencies: {commands: {no-such-command-here: '>=1'}}\n"
WRONG = "version: 1\nno-such-section: {}\n"
STATES = ((HEALTHY, True), (WARNING, True), (CRITICAL, False), (WRONG, False))


class Case(unittest.TestCase):
    def application(self, manifest):
        folder = Path(tempfile.mkdtemp(prefix="app "))
        self.addCleanup(shutil.rmtree, folder)
        (folder / "schemas.yaml").write_text(manifest)
        (folder / ".env.example").write_text("A=none\n")
        (folder / "data").mkdir()
        return folder

    def expect(self, command, manifest, may_start):
        folder = self.application(manifest)
        answer = support.run(*command, cwd=folder)
        self.assertEqual(answer.returncode == 0, may_start, (manifest, answer))
        return answer

    def test_the_states_are_what_they_are_called(self):
        for manifest, status in ((HEALTHY, 0), (WARNING, 2), (CRITICAL, 1), (WRONG, 78)):
            answer = support.run("auto-heal", cwd=self.application(manifest))
            self.assertEqual(answer.returncode, status, answer)


class Systemd(Case):
    UNIT = TEMPLATES / "systemd/app.service"

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_verify(self):
        for unit in (self.UNIT, self.UNIT.with_name("selfheal-serve.service")):
            answer = support.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            # What it is exposed to, in tenths from 0 (nothing) to 100.
            answer = support.run("systemd-analyze", "security", "--offline=yes", "--threshold=30", unit)
            self.assertEqual(answer.returncode, 0, answer.stdout[-400:])

    def test_starts_only_when_it_may(self):
        (line,) = re.findall(r"^ExecStartPre=(.*)$", self.UNIT.read_text(), re.MULTILINE)
        # As systemd reads it: words in quotes, and $$ for one dollar sign.
        command = [word.replace("$$", "$") for word in shlex.split(line)]
        for manifest, may_start in STATES:
            self.expect(command, manifest, may_start)


class Readme(Case):
    #: Critical for validate-startup, a warning after auto-heal.
    MENDED = WARNING.replace("{severity: {", "{severity: {directory.mode: critical, ") + "directories: [{path: data, mode: '0700'}]\n"

    def test_the_line_before_an_application(self):
        line, = (line for line in (support.TOP / "README.md").read_text().splitlines() if line.endswith("exec ./my-application"))
        command = ("sh", "-c", line.replace("exec ./my-application", "exec echo started"))
        for manifest, may_start in (*STATES, (self.MENDED, True)):
            folder = self.application(manifest)
            (folder / "data").chmod(0o755)
            answer = support.run(*command, cwd=folder)
            self.assertEqual("started" in answer.stdout, may_start, (manifest, answer))


class Kubernetes(Case):
    def setUp(self):
        documents = yaml.safe_load_all((TEMPLATES / "kubernetes/init-container.yaml").read_text())
        self.deployment, self.claim = documents
        self.pod = self.deployment["spec"]["template"]["spec"]

    def test_schema(self):
        for document in (self.deployment, self.claim):
            schema = published.kubernetes(document)
            jsonschema.validate(document, schema)
            # It is the schema that says so.
            for wrong in ({**document, "specification": {}}, {**document, "spec": {**document["spec"], "replicas": "one", "resources": 1}}):
                self.assertRaises(jsonschema.ValidationError, jsonschema.validate, wrong, schema)

    def test_names_fit_together(self):
        self.assertEqual(
            self.deployment["spec"]["selector"]["matchLabels"],
            self.deployment["spec"]["template"]["metadata"]["labels"])
        volumes = {volume["name"] for volume in self.pod["volumes"]}
        containers = self.pod["initContainers"] + self.pod["containers"]
        for container in containers:
            self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)
        self.assertEqual(
            self.pod["volumes"][0]["persistentVolumeClaim"]["claimName"], self.claim["metadata"]["name"])
        self.assertEqual(len({container["image"] for container in containers}), 1)

    def test_commands(self):
        (container,) = self.pod["initContainers"]
        probe = self.pod["containers"][0]["readinessProbe"]["exec"]["command"]
        for manifest, may_start in STATES:
            # The root is the volume, and the template lies in it.
            folder = self.application(manifest)
            shutil.copy(folder / ".env.example", folder / "data")
            for command in (container["command"], probe):
                answer = support.run(*command, cwd=folder)
                self.assertEqual(answer.returncode == 0, may_start, (manifest, answer))


class Docker(Case):
    def test_instructions(self):
        text = (TEMPLATES / "docker/Dockerfile").read_text().replace("\\\n", " ")
        lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
        stages = [rest.split()[-1] for word, rest in lines if word == "FROM"]
        self.assertEqual(len(stages), 2)
        for word, rest in lines:
            self.assertIn(word, {"FROM", "COPY", "RUN", "WORKDIR", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"})
            source = re.search(r"--from=(\S+)", rest)
            self.assertTrue(source is None or source[1] in (stages[0], "selfheal"), rest)
        commands = {word: json.loads(rest[rest.index("["):]) for word, rest in lines
                    if word in ("HEALTHCHECK", "ENTRYPOINT", "CMD")}
        self.assertEqual(commands["ENTRYPOINT"], ["entrypoint.sh"])
        for manifest, may_start in STATES:
            folder = self.application(manifest)
            support.run("auto-heal", cwd=folder)
            answer = support.run(*commands["HEALTHCHECK"], cwd=folder)
            self.assertEqual(answer.returncode == 0, may_start, answer)
        # What is copied from this repository is there.
        for path in re.findall(r"--from=selfheal (\S+) ", text):
            self.assertTrue((support.TOP / path.lstrip("/")).exists(), path)

    def test_hadolint(self):
        hadolint = published.hadolint()
        if hadolint is None:
            self.skipTest("hadolint has no program for this processor")
        text = (TEMPLATES / "docker/Dockerfile").read_text()
        answer = support.run(hadolint, "-", input=text)
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))
        answer = support.run(hadolint, "-", input=text.replace("FROM python:3.12-slim-bookworm", "FROM python"))
        self.assertIn("DL3006", answer.stdout)

    def test_entry_point(self):
        entry = TEMPLATES / "docker/entrypoint.sh"
        for manifest, may_start in STATES:
            answer = self.expect((entry, "printf", "%s|", "started", "with a", ""), manifest, may_start)
            self.assertEqual(answer.stdout.endswith("started|with a||"), may_start, answer)


class GitHub(Case):
    def setUp(self):
        self.action = yaml.safe_load((TEMPLATES / "github-action/action.yml").read_text())
        self.steps = {step["name"]: step for step in self.action["runs"]["steps"]}

    def test_schemas(self):
        workflow = yaml.load((TEMPLATES / "github-action/workflow.yml").read_text(), yaml.BaseLoader)
        for name, document in (("github-actions", self.action), ("github-workflows", workflow)):
            schema = published.github(name)
            validator = jsonschema.validators.validator_for(schema)(schema)
            self.assertEqual([error.message for error in validator.iter_errors(document)], [])
            # It is the schema that says so.
            self.assertFalse(validator.is_valid({**document, "run": {}, "jobs": []}), name)

    def test_scripts(self):
        """What shellcheck says of scripts in files, it says of these too."""
        for name, step in self.steps.items():
            if "run" in step:
                variables = "".join(f"{name}=given\n" for name in step.get("env", {}))
                answer = support.run("shellcheck", "--shell=bash", "-", input=variables + step["run"])
                self.assertEqual((answer.returncode, answer.stdout), (0, ""), name)

    def run_action(self, folder, **inputs):
        values = {name: value["default"] for name, value in self.action["inputs"].items()} | inputs
        step = self.steps["Run"]
        variables = {name: values[re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", text)[1]]
                     for name, text in step["env"].items()}
        outputs = folder / "outputs"
        outputs.write_text("")
        (folder / "summary.md").write_text("")
        # As the runner starts a step with shell: bash.
        answer = support.run(
            "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], cwd=folder,
            env=support.environment(
                GITHUB_OUTPUT=str(outputs), GITHUB_STEP_SUMMARY=str(folder / "summary.md"), **variables))
        return answer, outputs.read_text()

    def test_statuses(self):
        for manifest, status in ((HEALTHY, 0), (WARNING, 2), (CRITICAL, 1), (WRONG, 78)):
            answer, outputs = self.run_action(self.application(manifest), mode="heal")
            self.assertEqual(outputs, f"status={status}\n", answer)
            self.assertEqual(answer.returncode, 0 if status == 2 else status)
            self.assertEqual("::error" in answer.stdout, status in (1, 78), answer)
        answer, _ = self.run_action(self.application(WARNING), mode="heal", warnings="true")
        self.assertEqual(answer.returncode, 2)

    def test_modes(self):
        folder = self.application("version: 1\ndirectories: [made]\n")
        answer, _ = self.run_action(folder)
        self.assertEqual((answer.returncode, (folder / "made").exists()), (1, False), answer)
        answer, _ = self.run_action(folder, arguments="--skip directory --quiet")
        self.assertFalse((folder / "made").exists())
        answer, _ = self.run_action(folder, mode="validate")
        self.assertEqual((answer.returncode, (folder / "made").exists()), (0, True), answer)
        answer, _ = self.run_action(folder, mode="destroy")
        self.assertEqual(answer.returncode, 64)

    def test_inputs_are_no_code(self):
        folder = self.application(HEALTHY)
        self.run_action(folder, root="$(touch stolen)", arguments="; touch stolen", manifest="`touch stolen`")
        self.assertFalse((folder / "stolen").exists())
        for step in self.steps.values():
            self.assertNotIn("${{", step.get("run", ""), "expressions go through the environment")

    def test_workflow_names_the_action(self):
        workflow = yaml.safe_load((TEMPLATES / "github-action/workflow.yml").read_text())
        uses = [step for step in workflow["jobs"]["start"]["steps"] if "templates/github-action" in step["uses"]]
        self.assertEqual(len(uses), 2)
        for step in uses:
            self.assertLessEqual(set(step["with"]), set(self.action["inputs"]))


class PreCommit(Case):
    HOOKS = yaml.safe_load((support.TOP / ".pre-commit-hooks.yaml").read_text())

    def test_hooks(self):
        self.assertEqual(len(self.HOOKS), 4)
        for hook in self.HOOKS:
            for manifest, may_start in STATES:
                folder = self.application(manifest)
                support.run("auto-heal", cwd=folder)
                answer = support.run(*shlex.split(hook["entry"]), cwd=folder)
                passes = manifest != WRONG if "manifest" in hook["id"] else may_start
                self.assertEqual(answer.returncode == 0, passes, (hook["id"], manifest, answer))
                # Arguments of the user's configuration reach the command.
                answer = support.run(*shlex.split(hook["entry"]), "--no-such-option", cwd=folder)
                self.assertNotEqual(answer.returncode, 0)

    def test_files(self):
        pattern = self.HOOKS[0]["files"]
        for name, matches in (("schemas.yaml", True), ("a/schemas.yml", True), ("db/x.sql", True), ("x.py", False)):
            self.assertEqual(bool(re.search(pattern, name)), matches, name)


if __name__ == "__main__":
    unittest.main()
