"""python-packages, in real virtual environments, with wheels made here."""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "Tests/plugins"))
from harness import ENVIRONMENT, BadInput, PluginTest  # noqa: E402

PYTHON = "/usr/bin/python3"


def digest(text):
    """As a wheel's RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


class Case(PluginTest):
    plugin = "python-packages"

    def setUp(self):
        super().setUp()
        (self.root / "wheels").mkdir()

    def wheel(self, name, version, requires=(), extras=()):
        """A wheel by hand: one module, and what it needs."""
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += "".join(f"Provides-Extra: {extra}\n" for extra in extras)
        metadata += "".join(f"Requires-Dist: {text}\n" for text in requires)
        files = {
            f"{module}.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": metadata,
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items())
        files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
        path = self.root / "wheels" / f"{module}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for entry, text in files.items():
                archive.writestr(entry, text)
        return path

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="selfheal venv ")
        cls.addClassCleanup(folder.cleanup)
        cls.template = Path(folder.name) / "venv"
        subprocess.run([PYTHON, "-m", "venv", cls.template], check=True)

    def venv(self, name=".venv"):
        """A copy: to make one takes seconds, and only the scripts in its bin hold its place."""
        shutil.copytree(self.template, self.root / name, symlinks=True)

    def pip_install(self, *what, venv=".venv"):
        self.run_in_root(
            f"{venv}/bin/python", "-m", "pip", "install", "-q", "--no-index", "--find-links", "wheels", *what
        )

    def version(self, module, venv=".venv"):
        return self.run_in_root(f"{venv}/bin/python", "-c", f"import {module}; print({module}.VERSION)").strip()

    def requirements(self, text, name="requirements.txt"):
        self.write(name, "--no-index\n--find-links wheels\n" + text)


class Finding(Case):
    """One virtual environment for many questions: nothing is installed by asking."""

    packed = None

    def setUp(self):
        super().setUp()
        self.wheel("tiny", "1.5", ["helper>=1; extra == 'more'", "common<3"], ["more"])
        self.wheel("helper", "0.9")
        self.wheel("common", "2.0")
        self.wheel("Odd.Name", "1.0")
        if not Finding.packed:
            self.venv()
            self.pip_install("tiny", "Odd.Name")
            Finding.packed = self.template.parent / "packed"
            shutil.copytree(self.root / ".venv", Finding.packed, symlinks=True)
        else:
            shutil.copytree(Finding.packed, self.root / ".venv", symlinks=True)

    def test_all_is_well(self):
        self.write("base.txt", "common == 2.0\n")
        self.write("limits.txt", "tiny<2\nnumpy<1\n")
        self.write(
            "requirements.txt",
            """\
# a comment
-i https://user:pw@index.example/simple
--extra-index-url=https://other.example
--trusted-host other.example --pre
-r base.txt
-climits.txt
tiny>=1.0, \\
    <2  # as long as it is 1
odd_name
numpy ; python_version < "3"
tiny == 1.5 --hash=sha256:abc \\
    --hash=sha256:def
tiny @ https://files.example/tiny-1.5.tar.gz
""",
        )
        answer = self.ask()
        self.assertEqual(answer["findings"], [])
        self.assertEqual(answer["confirmations"], ["3 Python packages are in .venv as requirements.txt asks"])
        reads = answer["reads"]["files"]
        for name in (
            "requirements.txt",
            "base.txt",
            "limits.txt",
            ".venv/bin/python",
            ".venv/lib/python3.11/site-packages",
        ):
            self.assertIn(str(self.root / name), reads)

    def test_what_is_found(self):
        cases = {
            "absent": [("missing", "absent")],
            "tiny>=2": [("version", "tiny")],
            "tiny!=1.5": [("version", "tiny")],
            "tiny[more]": [("missing", "helper")],
            "tiny[more]; python_version < '3'": [],
            "Absent.Thing\nabsent_thing": [("missing", "absent-thing")],
            "foo bar": [("invalid", "requirements.txt:1")],
            "tiny\n\nfoo = 1": [("invalid", "requirements.txt:3")],
            "tiny; python_version <": [("invalid", "requirements.txt:1")],
            "--unheard-of": [("invalid", "requirements.txt:1")],
            "-r": [("invalid", "requirements.txt:1")],
            "-r nowhere.txt": [("invalid", "requirements.txt:1")],
            "-r https://example.org/r.txt": [("invalid", "requirements.txt:1")],
            "--find-links 'wheels": [("invalid", "requirements.txt:1")],
            "-r requirements.txt\ntiny": [],
            "git+https://host.example/x.git#egg=tiny": [],
            "git+https://host.example/x.git#egg=absent": [("missing", "absent")],
            "git+https://me:secret@host.example/x.git": [("unverified", "git+https://host.example/x.git")],
            "-e git+https://host.example/x.git#egg=absent": [("missing", "absent")],
            "./wheels/tiny-1.5-py3-none-any.whl": [],
            "./wheels/tiny-1.6-py3-none-any.whl": [("version", "tiny")],
            "https://files.example/absent-2.0.tar.gz": [("missing", "absent")],
            "tiny@https://files.example/tiny-1.5.tar.gz": [],
            "tiny[more] @ https://files.example/tiny-1.5.tar.gz ; python_version > '3'": [("missing", "helper")],
            "-e git+ssh://git@host.example/x.git@v1#egg=absent&subdirectory=sub": [("missing", "absent")],
            "tiny==1.5 --config-settings=a=b --hash=sha256:abc": [],
            "-e ./project": [("missing", "our-project")],
            "./project[x] ; python_version > '3'": [("missing", "our-project")],
            "./empty": [("unverified", "./empty")],
            "": [],
            "tiny\nhttp://[::1": [("invalid", "requirements.txt:2")],
            "tiny\n\0": [("invalid", "requirements.txt:2")],
        }
        self.write("project/pyproject.toml", "[project]\nname = 'our-project'\n")
        (self.root / "empty").mkdir()
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.write("requirements.txt", text + "\n")
                answer = self.ask()
                self.assertEqual([(finding["id"], finding["subject"]) for finding in answer["findings"]], expected)
                self.assertNotIn("secret", str(answer) + self.log)

    def test_messages(self):
        self.write("requirements.txt", "absent>1\ntiny[more] >= 2\n")
        missing, version = self.ask()["findings"]
        self.assertEqual(
            missing["message"],
            "The Python package absent is not installed in .venv; requirements.txt:1 asks for absent>1",
        )
        self.assertEqual(
            version["message"],
            "The Python package tiny 1.5 in .venv is not what is wanted: requirements.txt:2 asks for tiny>=2",
        )
        self.assertEqual(missing["repair"], version["repair"])
        self.assertEqual(version["repair"]["title"], "Installing absent, tiny in .venv")
        self.assertTrue(version["repair"]["install"])

    def test_what_a_package_itself_needs(self):
        self.write("requirements.txt", "tiny\n")
        self.wheel("common", "3.1")
        self.pip_install("--no-deps", "common>3")
        [finding] = self.ask()["findings"]
        self.assertEqual((finding["id"], finding["subject"]), ("conflict", "common"))
        self.assertIn("tiny asks for common<3", finding["message"])
        self.assertNotIn("repair", finding)
        self.run_in_root(".venv/bin/python", "-m", "pip", "uninstall", "-qy", "common")
        self.assertEqual(self.found(), [("missing", "common")])
        self.assertEqual(self.found({"transitive": False}), [])

    def test_constraints(self):
        self.write("requirements.txt", "-c limits.txt\ntiny\n")
        self.write("limits.txt", "tiny<1\n")
        [finding] = self.ask()["findings"]
        self.assertEqual((finding["id"], finding["subject"]), ("version", "tiny"))
        self.assertIn("limits.txt:1 asks for tiny<1", finding["message"])

    def test_unreadable_files(self):
        (self.root / "requirements.txt").write_bytes(b"tiny\nabsent # \xff\xfe\n")
        self.assertEqual(self.found(), [("invalid", "requirements.txt:2")])
        (self.root / "requirements.txt").write_bytes(b"\xef\xbb\xbftiny\r\nabsent\r\n")
        self.assertEqual(self.found(), [("missing", "absent")])
        (self.root / "requirements.txt").write_bytes("absent\n".encode("utf-16"))
        self.assertEqual(self.found(), [("missing", "absent")])
        (self.root / "requirements.txt").unlink()
        self.assertEqual(self.found(), [("invalid", "requirements.txt or pyproject.toml")])
        (self.root / "requirements.txt").mkdir()
        self.assertEqual(self.found(), [("invalid", "requirements.txt")])

    def test_settings_that_no_path_can_be(self):
        for settings in ({"requirements": ["a\0b"]}, {"venv": "\0"}, {"python": "\0"}, {"pyproject": "\0"}):
            with self.subTest(settings=settings):
                self.assertEqual(self.found(settings), [("invalid", "settings")])
        self.write("requirements.txt", "tiny\n")
        for name in ("x" * 5000, "\ud800", "requirements.txt/below", "/dev/null/x"):
            with self.subTest(name=name):
                self.assertEqual(self.found({"requirements": [name]})[0][0], "invalid")

    def test_pyproject(self):
        self.write(
            "pyproject.toml",
            """\
[project]
name = "shop"
requires-python = ">=3.8"
dependencies = ["tiny>=1", "absent; python_version < '3'"]
[project.optional-dependencies]
Web_UI = ["odd-name", "webby>1"]
all = ["shop[web-ui]"]
[dependency-groups]
test = ["tester", {include-group = "lint"}]
lint = ["linter", {include-group = "test"}]
""",
        )
        cases = [
            ({}, []),
            ({"pyproject": "pyproject.toml", "extras": ["web-ui"]}, [("missing", "webby")]),
            ({"extras": ["all"]}, [("missing", "webby")]),
            ({"groups": ["test"]}, [("missing", "tester"), ("missing", "linter")]),
            ({"extras": ["none"]}, [("invalid", "pyproject.toml")]),
            ({"pyproject": "absent.toml"}, [("invalid", "absent.toml")]),
        ]
        for settings, expected in cases:
            with self.subTest(settings=settings):
                self.assertEqual(self.found(settings), expected)
        faulty = {
            "[project]\nrequires-python = '>=4'": [("requires-python", ".venv")],
            "[project]\nrequires-python = 'new'": [("invalid", "pyproject.toml")],
            "[project]\nx = ": [("invalid", "pyproject.toml:2")],
            "[project]\ndependencies = 'tiny'": [("invalid", "pyproject.toml: project.dependencies")],
            "[project]\ndependencies = ['foo bar', 7]": [("invalid", "pyproject.toml: project.dependencies")],
            "project = 1": [("invalid", "pyproject.toml")],
            "": [],
            "[project]\ndynamic = ['dependencies']\n[tool.setuptools.dynamic]\ndependencies = {file = 'deps.in'}": [
                ("missing", "absent")
            ],
        }
        self.write("deps.in", "absent\n")
        for text, expected in faulty.items():
            with self.subTest(text=text):
                self.write("pyproject.toml", text + "\n")
                self.assertEqual(self.found(), expected)

    def test_a_good_answer_is_kept_until_something_changes(self):
        self.write("requirements.txt", "tiny\n")
        self.manifest({})
        # An interpreter that says on standard error, which is the plugin's log, that it was asked.
        python = self.root / ".venv/bin/python"
        python.unlink()
        self.write(".venv/bin/python", f'#!/bin/bash\necho asked >&2\nexec -a "$0" {PYTHON} "$@"\n').chmod(0o755)

        def look():
            report = self.report("validate-startup")
            self.assertEqual(len(report["checks"]), 1)
            return report["checks"][0]

        def is_asked():
            began = time.monotonic()
            while True:
                # What has changed within the same step of the clock is looked at once more.
                time.sleep(0.05)
                check = look()
                self.assertEqual(check["status"], "ok", check)
                if "asked" not in check["log"]:
                    return False
                if time.monotonic() - began > 5:
                    return True

        self.assertIn("asked", look()["log"])
        self.assertFalse(is_asked(), "the answer is not kept")
        self.run_in_root(python, "-m", "pip", "uninstall", "-qy", "tiny")
        self.assertEqual([finding["id"] for finding in look()["findings"]], ["python-packages.missing"])
        self.pip_install("tiny")
        self.assertIn("asked", look()["log"])
        self.assertFalse(is_asked())
        self.write("requirements.txt", "tiny>7\n")
        self.assertEqual([finding["id"] for finding in look()["findings"]], ["python-packages.version"])


class Interpreters(Case):
    def test_which_one_is_asked(self):
        self.write("requirements.txt", "tiny\n")
        self.wheel("tiny", "1.0")
        self.assertEqual(self.found({"python": "no-such-python"}), [("interpreter", ".venv")])
        self.assertEqual(self.found({"venv": "env"}), [("interpreter", "env")])
        self.assertEqual(self.found({"python": "./tools/python"}), [("interpreter", ".venv")])
        self.venv("venv")
        self.venv("env")
        self.pip_install("tiny", venv="env")
        self.assertIn("not installed in venv", self.ask()["findings"][0]["message"])
        self.assertEqual(self.found({"venv": "env"}), [])
        self.assertEqual(self.found({"python": "env/bin/python"}), [])
        self.assertEqual(self.found({"python": str(self.root / "env/bin/python3")}), [])
        # By name, on PATH.
        path = {"PATH": f"{self.root}/env/bin:/usr/bin:/bin"}
        self.assertEqual(self.found({"python": "python3"}, env=path), [])
        # What is in an activated environment counts, and what is in another does not.
        (self.root / "venv").rename(self.root / "aside")
        self.assertEqual(self.found(env=path), [])

    def test_one_that_is_broken(self):
        self.write("requirements.txt", "tiny\n")
        self.venv()
        python = self.root / ".venv/bin/python"
        python.unlink()
        python.symlink_to("/nowhere/python3")
        finding = self.ask()["findings"][0]
        self.assertEqual(finding["id"], "interpreter")
        self.assertIn("is gone", finding["message"])
        python.unlink()
        self.write(".venv/bin/python", "#!/bin/sh\necho broken >&2; exit 3\n").chmod(0o755)
        self.assertIn("exit code 3: broken", self.ask()["findings"][0]["message"])
        self.write(".venv/bin/python", "no program").chmod(0o755)
        self.assertEqual(self.ask()["findings"][0]["id"], "interpreter")

    def test_without_pip_versions_are_judged_by_that_of_another(self):
        self.wheel("tiny", "1.0")
        self.run_in_root(PYTHON, "-m", "venv", "--without-pip", ".venv")
        self.run_in_root(
            PYTHON,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-index",
            "--find-links",
            "wheels",
            "--target",
            ".venv/lib/python3.11/site-packages",
            "tiny",
        )
        path = {"PATH": "/usr/bin:/bin"}
        self.write("requirements.txt", "tiny\n")
        self.assertEqual(self.found(env=path), [])
        # What that other one has is not taken for what this one has.
        self.write("requirements.txt", "tiny>1\npip\nsetuptools\n")
        answer = self.ask(env=path)
        self.assertEqual(
            [(finding["id"], finding["subject"]) for finding in answer["findings"]],
            [("version", "tiny"), ("missing", "pip"), ("missing", "setuptools")],
        )
        for finding in answer["findings"]:
            self.assertNotIn("repair", finding)
            self.assertIn("ensurepip", finding["hint"])

    def test_a_module_of_the_application_is_not_mistaken(self):
        self.venv()
        for name in ("json.py", "packaging.py", "pip.py", "importlib.py"):
            self.write(name, "raise SystemExit('mistaken')\n")
        self.write("requirements.txt", "pip\n")
        self.assertEqual(self.found(), [])

    def test_one_that_the_system_manages(self):
        if not Path("/usr/lib/python3.11/EXTERNALLY-MANAGED").exists():
            self.fail("Debian's python3 is expected to be marked as externally managed")
        self.requirements("tiny\n")
        self.wheel("tiny", "1.0")
        [finding] = self.ask({"python": PYTHON})["findings"]
        self.assertNotIn("repair", finding)
        self.assertIn("PEP 668", finding["hint"])
        self.manifest({"python": PYTHON})
        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "critical")
        self.assertEqual(report["repairs"], [])


class Healing(Case):
    def setUp(self):
        super().setUp()
        self.wheel("tiny", "1.0")
        self.wheel("tiny", "2.0")
        self.wheel("helper", "1.0")
        self.wheel("helper", "1.1")
        self.wheel("absent", "3.0", ["helper"])

    def test_missing_and_outdated(self):
        self.venv()
        self.pip_install("tiny==1.0", "helper==1.0")
        self.requirements("tiny>=2\nabsent\nhelper\n")
        self.manifest({})
        self.assertEqual(
            sorted(finding["id"] for finding in self.check()["findings"]),
            ["python-packages.missing", "python-packages.version"],
        )
        # Not without being told to.
        report = self.report("auto-heal")
        self.assertEqual(
            {entry["withheld"] for entry in report["plan"]["repairs"]},
            {"it installs software, which is only done with --install"},
        )
        self.assertEqual(self.version("tiny"), "1.0")
        rehearsal = self.report("auto-heal", "--install", "--dry-run")
        self.assertEqual(rehearsal["plan"]["repairs"][0]["withheld"], None)
        self.assertIn("would install", str(rehearsal["notes"]))
        self.assertEqual(self.version("tiny"), "1.0")

        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "ok", report)
        self.assertEqual(report["checks"][0]["status"], "healed")
        self.assertEqual((self.version("tiny"), self.version("absent")), ("2.0", "3.0"))
        self.assertEqual(self.version("helper"), "1.0", "what was good is not touched")
        self.assert_fine()

    def test_makes_the_environment_when_it_may(self):
        self.requirements("tiny>=2\n")
        self.manifest({"create_venv": True, "python": PYTHON})
        self.assertEqual(self.report("auto-heal")["verdict"], "critical")
        self.assertFalse((self.root / ".venv").exists())
        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "ok", report)
        self.assertEqual(self.version("tiny"), "2.0")
        self.assert_fine()

    def test_what_pyproject_asks_for(self):
        self.venv()
        self.pip_install("tiny==1.0")
        self.write(
            "pyproject.toml",
            (
                "[project]\nname = 'shop'\ndependencies = ['tiny >= 2']\n"
                "[project.optional-dependencies]\n"
                "web = ['helper; python_version > \"3\"', 'unknown; python_version < \"3\"']\n"
            ),
        )
        pip = self.write(
            "pip.conf", f"[global]\nno-index = true\nfind-links = file://{quote(str(self.root / 'wheels'))}\n"
        )
        environment = dict(ENVIRONMENT, PIP_CONFIG_FILE=str(pip))
        self.manifest({"extras": ["web"]})
        report = self.report("auto-heal", "--install", env=environment)
        self.assertEqual(report["verdict"], "ok", report)
        self.assertEqual((self.version("tiny"), self.version("helper")), ("2.0", "1.1"))

    def test_what_pip_cannot_do_is_said(self):
        self.venv()
        self.requirements("tiny>=7\n")
        self.manifest({})
        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "critical")
        self.assertEqual(report["repairs"][0]["outcome"], "failed")
        self.assertIn(
            "pip ended with exit code 1: No matching distribution found for tiny>=7", str(report["repairs"][0])
        )
        self.assertIn("run auto-heal --install", self.tool("validate-startup").stdout)

    def test_a_constraint_is_kept_to(self):
        self.venv()
        self.pip_install("tiny")
        self.requirements("-c limits.txt\ntiny\n")
        self.write("limits.txt", "tiny<2\n")
        self.assertEqual(self.found(), [("version", "tiny")])
        self.manifest({})
        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "ok", report)
        self.assertEqual(self.version("tiny"), "1.0")

    def test_hashes(self):
        def line(name, version, wheel):
            return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"

        self.venv()
        self.pip_install("helper==1.0")
        tiny, helper = self.wheel("tiny", "2.0"), self.wheel("helper", "1.1")
        absent = self.wheel("absent", "3.0", ["helper"])
        self.requirements(line("tiny", "2.0", tiny) + line("helper", "1.1", helper) + line("absent", "3.0", absent))
        self.manifest({})
        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "ok", report)
        self.assertEqual(self.version("helper"), "1.1")
        # A wheel that was tampered with is not installed.
        text = (self.root / "requirements.txt").read_text()
        self.run_in_root(".venv/bin/python", "-m", "pip", "uninstall", "-qy", "tiny")
        self.write("requirements.txt", re.sub(r"(tiny.*sha256:)\w{4}", r"\g<1>0000", text))
        self.assertEqual(self.report("auto-heal", "--install")["repairs"][0]["outcome"], "failed")

    BACKEND = """\
import base64, os, zipfile

def build(folder, files):
    name, info = "our_project-0.1-py3-none-any.whl", "our_project-0.1.dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\\nName: our-project\\nVersion: 0.1\\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(info + "RECORD", "".join(path + ",,\\n" for path in files) + info + "RECORD,,\\n")
    return name

def build_wheel(folder, settings=None, metadata=None):
    return build(folder, {"ours.py": open("ours.py").read()})

def build_editable(folder, settings=None, metadata=None):
    return build(folder, {"ours.pth": os.getcwd()})
"""
    BUILD = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'

    def project(self, folder):
        """With a build backend of its own: there is no index from which one could come."""
        self.write(f"{folder}/pyproject.toml", self.BUILD + "[project]\nname = 'our-project'\nversion = '0.1'\n")
        self.write(f"{folder}/backend.py", self.BACKEND)
        self.write(f"{folder}/ours.py", "VERSION = '0.1'\n")

    def test_an_archive_of_sources(self):
        self.project("our_project-0.1")
        for archive in ("wheels/our_project-0.1.tar.gz", "here/our_project-0.1.tar.gz"):
            (self.root / archive).parent.mkdir(exist_ok=True)
            with tarfile.open(self.root / archive, "w:gz") as file:
                file.add(self.root / "our_project-0.1", "our_project-0.1")
        for text in ("our.project>=0.1\n", "./here/our_project-0.1.tar.gz\n"):
            with self.subTest(text=text):
                self.venv()
                self.requirements(text)
                self.manifest({})
                self.assertEqual(self.check()["findings"][0]["subject"], "our-project")
                report = self.report("auto-heal", "--install")
                self.assertEqual(report["verdict"], "ok", report)
                self.assertEqual(self.version("ours"), "0.1")
                shutil.rmtree(self.root / ".venv")

    def test_an_editable_project(self):
        self.project("our project")
        self.venv()
        self.write("requirements.txt", "--no-index\n-e './our project'\n")
        self.assertEqual(self.found(), [("missing", "our-project")])
        self.manifest({})
        report = self.report("auto-heal", "--install")
        self.assertEqual(report["verdict"], "ok", report)
        self.assertEqual(self.version("ours"), "0.1")
        # Without a name anywhere: by what pip noted.
        self.write("our project/pyproject.toml", self.BUILD)
        self.assertEqual(self.found(), [])

    def test_secrets_of_an_index_are_not_told(self):
        self.venv()
        self.write("requirements.txt", "-i http://me:topsecret@127.0.0.1:9/simple\ntiny\n")
        self.manifest({})
        hasty = self.write("pip.conf", "[global]\nretries = 0\n")
        done = self.tool("auto-heal", "--install", "--verbose", env=dict(ENVIRONMENT, PIP_CONFIG_FILE=str(hasty)))
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("topsecret", done.stdout)


class Bad(BadInput, Case):
    pass


if __name__ == "__main__":
    unittest.main()
