"""run_full_app.sh with stub commands: every way through it, signals, terminals and awkward paths."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

LAUNCHER = Path(__file__).resolve().parents[2] / "run_full_app.sh"

# Notes how it was called and ends with the next of the exit codes it was given (the last one again and again).
STUB = f"""#!{sys.executable}
import json, os, signal, sys, time
name, state = os.path.basename(sys.argv[0]), os.environ["STUB_STATE"]
with open(state, "a+") as file:
    file.seek(0)
    calls = [line.split()[0].strip('["') for line in file]
    print(json.dumps([name, *sys.argv[1:]]), file=file)
if name in os.environ.get("STUB_HANGS", "").split():
    def end(*_):
        time.sleep(0.3)
        os.rename(state, state + ".rolled back")
        sys.exit(1)
    signal.signal(signal.SIGTERM, end)
    print(name, "hangs", flush=True)
    time.sleep(30)
assert sys.stdin.read() == "", "the answer to a question, or the application's input, was taken"
codes = os.environ[name.replace("-", "_")].split()
print("ran", name)
sys.exit(int(codes[min(sum(call.startswith(name) for call in calls), len(codes) - 1)]))
"""

# An application that tells what it sees, then waits for SIGTERM when asked to.
APPLICATION = f"""#!{sys.executable}
import json, os, signal, sys, time
if "wait" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(json.dumps({{"pid": os.getpid(), "cwd": os.getcwd(), "arguments": sys.argv[1:]}}), flush=True)
if "wait" in sys.argv:
    time.sleep(30)
if "read" in sys.argv:
    print(sys.stdin.read(), end="")
sys.exit(int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 0)
"""


class LauncherTestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="self heal 'ü ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.bin, self.root = self.folder / "the bin", self.folder / "the root"
        for path in (self.bin, self.root):
            path.mkdir()
        (self.root / "schemas.yaml").write_text("version: 1\n")
        for name in ("validate-startup", "auto-heal"):
            self.write(self.bin / name, STUB)
        self.application = self.write(self.root / "application", APPLICATION)
        self.state = self.folder / "calls"
        self.launcher = LAUNCHER

    def write(self, path, text):
        path.write_text(text)
        path.chmod(0o755)
        return path

    def environment(self, validate="0", heal="0", hangs=""):
        return {
            "PATH": os.environ["PATH"],
            "SELFHEAL_BIN": str(self.bin),
            "STUB_STATE": str(self.state),
            "STUB_HANGS": hangs,
            "validate_startup": validate,
            "auto_heal": heal,
        }

    def arguments(self, *options, command=("./application",), root=True):
        return [
            str(self.launcher),
            *(["--root", str(self.root)] if root else []),
            *options,
            *(["--", *command] if command else []),
        ]

    def run_it(self, *options, command=("./application",), root=True, cwd=None, input="", variables=None, **codes):
        self.state.unlink(missing_ok=True)
        return subprocess.run(
            self.arguments(*options, command=command, root=root),
            env={**self.environment(**codes), **(variables or {})},
            cwd=cwd or self.folder,
            input=input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    def calls(self):
        return [json.loads(line) for line in self.state.read_text().splitlines()] if self.state.exists() else []

    def names(self):
        return [call[0] for call in self.calls()]

    def told(self, result):
        """What the application said of itself, None when it was not started."""
        lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
        return json.loads(lines[0]) if lines else None


class Ways(LauncherTestCase):
    def test_healthy_starts_at_once(self):
        result = self.run_it(validate="0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIsNotNone(self.told(result))
        self.assertEqual(self.names(), ["validate-startup"])
        self.assertNotIn("WARNING", result.stderr)

    def test_critical_is_healed_and_validated_again(self):
        result = self.run_it(validate="1 0", heal="0")
        self.assertEqual(result.returncode, 0)
        self.assertIsNotNone(self.told(result))
        self.assertEqual(self.names(), ["validate-startup", "auto-heal", "validate-startup"])

    def test_validation_decides_not_what_the_heal_says(self):
        for heal in ("0", "1", "2"):
            for validate, starts in (("1 0", True), ("1 2", True), ("1 1", False)):
                with self.subTest(heal=heal, validate=validate):
                    result = self.run_it(validate=validate, heal=heal)
                    self.assertEqual(self.told(result) is not None, starts)
                    self.assertEqual(result.returncode, 0 if starts else 1)

    def test_warnings_are_passed_over_without_a_terminal(self):
        result = self.run_it(validate="2")
        self.assertEqual(result.returncode, 0)
        self.assertIsNotNone(self.told(result))
        self.assertIn("Warnings remain", result.stderr)
        self.assertNotIn("Continue anyway", result.stderr)
        self.assertEqual(self.names(), ["validate-startup"])

    def test_critical_stops_without_a_terminal(self):
        result = self.run_it(validate="1")
        self.assertEqual(result.returncode, 1)
        self.assertIsNone(self.told(result))
        self.assertIn("Critical findings remain", result.stderr)

    def test_yes_starts_whatever_remains(self):
        for validate in ("0", "1", "2", "1 2"):
            with self.subTest(validate=validate):
                result = self.run_it("--yes", validate=validate)
                self.assertEqual(result.returncode, 0)
                self.assertIsNotNone(self.told(result))

    def test_no_start_gives_the_verdict(self):
        for options in (["--no-start"], ["--no-start", "--yes"]):
            for validate, code in (("0", 0), ("2", 0), ("1", 1), ("1 0", 0), ("1 2", 0)):
                with self.subTest(options=options, validate=validate):
                    result = self.run_it(*options, validate=validate)
                    self.assertEqual(result.returncode, code)
                    self.assertIsNone(self.told(result))

    def test_wrong_command_line_or_manifest_stops_with_its_code(self):
        for code in (64, 78):
            for codes in ({"validate": str(code)}, {"validate": "1", "heal": str(code)}, {"validate": f"1 {code}"}):
                with self.subTest(codes=codes):
                    result = self.run_it("--yes", **codes)
                    self.assertEqual(result.returncode, code)
                    self.assertIsNone(self.told(result))

    def test_a_crash_is_no_verdict(self):
        for code in ("3", "127", "134"):
            with self.subTest(code=code):
                result = self.run_it("--yes", validate=code)
                self.assertEqual(result.returncode, 70)
                self.assertIsNone(self.told(result))
                self.assertIn("validate-startup ended unexpectedly", result.stderr)


class Application(LauncherTestCase):
    def test_its_exit_code_passes_through(self):
        for code in (0, 1, 42, 78):
            self.assertEqual(self.run_it(command=["./application", str(code)]).returncode, code)

    def test_its_arguments_arrive_unchanged(self):
        given = ["", "two words", "*", "$HOME", "--yes", "--", "a'b\"c", "ü"]
        result = self.run_it(command=["./application", *given])
        self.assertEqual(self.told(result)["arguments"], given)

    def test_its_input_is_left_to_it(self):
        result = self.run_it(command=["./application", "read"], input="hello", validate="1 2")
        self.assertTrue(result.stdout.endswith("hello"))

    def test_it_runs_in_the_root(self):
        for cwd in ("/", self.folder, self.root):
            self.assertEqual(self.told(self.run_it(cwd=cwd))["cwd"], str(self.root))

    def test_it_takes_the_place_of_the_launcher_and_gets_its_signals(self):
        process = subprocess.Popen(
            self.arguments(command=["./application", "wait"]),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process.stdout:
            line = next(line for line in process.stdout if line.startswith("{"))
            self.assertEqual(json.loads(line)["pid"], process.pid)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 7)

    def test_a_command_that_is_not_there(self):
        self.assertEqual(self.run_it(command=["./nothing here"]).returncode, 127)

    def test_the_example_is_the_default(self):
        fake = self.write(self.folder / "python3", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        path = f"{fake.parent}:{os.environ['PATH']}"
        result = self.run_it(command=None, variables={"PATH": path})
        server = LAUNCHER.parent / "examples/dynamic-pricing/server.py"
        self.assertTrue(server.is_file())
        self.assertEqual(result.stdout.splitlines()[-3:], [str(server), "--root", str(self.root)])

    def test_without_the_example_a_command_is_asked_for(self):
        self.launcher = self.write(self.folder / "run.sh", LAUNCHER.read_text())
        self.assertEqual(self.run_it(command=None).returncode, 64)
        self.assertEqual(self.names(), [])
        self.assertEqual(self.run_it("--no-start", command=None).returncode, 0)


class CommandLine(LauncherTestCase):
    def test_manifest_and_root_are_passed_on(self):
        manifest = self.folder / "other manifest.yaml"
        manifest.write_text("version: 1\n")
        for options, wanted in (
            (["--root", self.root], (self.root / "schemas.yaml", self.root)),
            ([f"--root={self.root}"], (self.root / "schemas.yaml", self.root)),
            (["--manifest", manifest], (manifest, self.folder)),
            ([f"--manifest={manifest}", "--root", self.root], (manifest, self.root)),
            (["--root", "the root"], (Path("the root/schemas.yaml"), self.root)),
        ):
            with self.subTest(options=options):
                self.run_it(*map(str, options), "--no-start", root=False, validate="1 0")
                for call in self.calls():
                    self.assertEqual(call[1:], ["--manifest", str(wanted[0]), "--root", str(wanted[1])])
                self.assertEqual(len(self.calls()), 3)

    def test_relative_manifest_alone(self):
        self.assertEqual(self.run_it("--manifest", "schemas.yaml", root=False, cwd=self.root).returncode, 0)
        self.assertEqual(self.calls()[0][1:], ["--manifest", "schemas.yaml", "--root", str(self.root)])

    def test_default_is_the_folder_of_the_launcher(self):
        self.launcher = self.write(self.root / "run_full_app.sh", LAUNCHER.read_text())
        link = self.folder / "a link"
        link.symlink_to(self.launcher)
        for self.launcher in (self.launcher, link, Path("../the root/run_full_app.sh")):
            with self.subTest(launcher=self.launcher):
                result = self.run_it(root=False, cwd=self.bin)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.calls()[0][-1], str(self.root))

    def test_cdpath_does_not_lead_elsewhere(self):
        (self.bin / "the root").mkdir()
        result = self.run_it("--root", "the root", root=False, variables={"CDPATH": str(self.bin)})
        self.assertEqual(self.told(result)["cwd"], str(self.root))

    def test_wrong_usage(self):
        wrong = (["--nothing"], ["-x"], ["word"], ["--root"], ["--manifest"], ["--root", ""], ["--yes=1"], ["--"])
        for options in wrong:
            with self.subTest(options=options):
                result = self.run_it(*options, command=None, root=False)
                self.assertEqual(result.returncode, 64)
                self.assertIn("usage:", result.stderr)
                self.assertEqual(self.names(), [])

    def test_root_that_is_not_there(self):
        self.assertEqual(self.run_it("--root", "nowhere", root=False).returncode, 64)
        self.assertEqual(self.names(), [])

    def test_help(self):
        for option in ("--help", "-h"):
            result = self.run_it(option, command=None, root=False)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            for word in ("--manifest", "--root", "--yes", "--no-start", "SELFHEAL_BIN"):
                self.assertIn(word, result.stdout)

    def test_commands_that_are_not_there(self):
        (self.bin / "auto-heal").unlink()
        result = self.run_it()
        self.assertEqual(result.returncode, 69)
        self.assertIn("auto-heal", result.stderr)
        self.assertEqual(self.names(), [])

    def test_env_file_is_never_run(self):
        (self.root / ".env").write_text("echo sourced\nexit 3\n")
        result = self.run_it()
        self.assertEqual(result.returncode, 0)
        self.assertNotIn("sourced", result.stdout)


class Signals(LauncherTestCase):
    def test_a_tool_is_told_and_waited_for(self):
        for hangs, validate in (("validate-startup", "0"), ("auto-heal", "1")):
            for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
                with self.subTest(hangs=hangs, signal=number):
                    process = subprocess.Popen(
                        self.arguments(),
                        env=self.environment(validate=validate, hangs=hangs),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        text=True,
                    )
                    with process.stdout:
                        next(line for line in process.stdout if "hangs" in line)
                        began = time.monotonic()
                        process.send_signal(number)
                        self.assertEqual(process.wait(10), code)
                        self.assertLess(time.monotonic() - began, 10)
                        Path(f"{self.state}.rolled back").unlink()


# Builds nothing: puts down the stub as the binary, or fails as it is told.
SWIFT = """#!/bin/sh
echo "swift $*" >>"$STUB_LOG"
case "$*" in
  *--show-bin-path*) echo "$PWD/.build/out"; exit ;;
esac
test -z "$SWIFT_EDITS" || { sleep 0.02; echo >>Sources/main.swift; }
test -z "$SWIFT_FAILS" || { echo "main.swift:1:1: error: $SWIFT_FAILS"; exit 1; }
mkdir -p .build/out && cp stub .build/out/selfheal
"""


class Building(LauncherTestCase):
    """Without SELFHEAL_BIN: a tree of its own, a stub for swift, and nothing installed."""

    def setUp(self):
        super().setUp()
        self.log = self.folder / "log"
        (self.root / "scripts").mkdir()
        for name in ("run_full_app.sh", "scripts/build-release.sh", "scripts/find-swift.sh"):
            self.launcher = self.write(self.root / name, (LAUNCHER.parent / name).read_text())
        self.launcher = self.root / "run_full_app.sh"
        self.write(self.root / "scripts/install-dependencies.sh", '#!/bin/sh\necho install >>"$STUB_LOG"\n')
        self.write(self.root / "stub", STUB)
        self.write(self.bin / "swift", SWIFT)
        self.source = self.root / "Sources" / "main.swift"
        self.source.parent.mkdir()
        self.source.write_text("")
        (self.root / "Package.swift").write_text("")

    def build(self, fails="", edits="", **codes):
        """What was installed and built, one line each."""
        self.log.unlink(missing_ok=True)
        variables = {
            "SELFHEAL_BIN": "",
            "STUB_LOG": str(self.log),
            "SWIFT_FAILS": fails,
            "SWIFT_EDITS": edits,
            "PATH": f"{self.bin}:{os.environ['PATH']}",
        }
        self.result = self.run_it("--no-start", root=False, variables=variables, **codes)
        return self.log.read_text().splitlines() if self.log.exists() else []

    def test_builds_once_and_again_when_a_source_changed(self):
        first = self.build(validate="1 0")
        self.assertEqual(self.result.returncode, 0, self.result.stderr)
        self.assertEqual(self.names(), ["validate-startup", "auto-heal", "validate-startup"])
        self.assertEqual(first[0], "install")
        self.assertEqual(
            first[1],
            "swift build -c release --static-swift-stdlib -Xswiftc -static-executable -Xswiftc -cross-module-optimization "
            "--product selfheal")
        self.assertEqual(self.build(), [])
        for change in (
            lambda: self.source.write_text("new"),
            lambda: (self.source.parent / "more.swift").write_text(""),
            lambda: (self.source.parent / "more.swift").unlink(),
            lambda: (self.root / "Package.swift").write_text("new"),
            lambda: (self.root / "Package.resolved").write_text("new"),
            lambda: (self.root / ".build/selfheal-bin/selfheal").unlink(),
        ):
            time.sleep(0.02)
            change()
            self.assertEqual(self.build(), first)
            self.assertEqual(self.build(), [])

    def test_an_edit_during_the_build_is_not_missed(self):
        self.build(edits="yes")
        self.assertTrue(self.build())
        self.assertEqual(self.build(), [])

    def test_a_failed_build_shows_why_and_is_tried_again(self):
        self.build()
        self.source.write_text("new")
        for _ in range(2):
            self.assertTrue(self.build(fails="no such module"))
            self.assertEqual(self.result.returncode, 70)
            self.assertIn("error: no such module", self.result.stderr)
            self.assertEqual(self.names(), [])
        self.build()
        self.assertEqual(self.result.returncode, 0)
        self.assertEqual(
            {path.name for path in (self.root / ".build/selfheal-bin").iterdir()},
            {"selfheal", "validate-startup", "auto-heal", ".built", "build.log"},
        )


class Terminal(LauncherTestCase):
    def ask(self, answer, *options, redirect=None, **codes):
        """Runs it on a terminal of its own; `answer` is typed when it asks. Gives its exit code and what was shown."""
        self.state.unlink(missing_ok=True)
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                if redirect is not None:
                    os.dup2(os.open(os.devnull, os.O_RDWR), redirect)
                os.execve(str(self.launcher), self.arguments(*options), self.environment(**codes))
            finally:
                os._exit(99)
        shown, deadline, typed = b"", time.monotonic() + 20, False
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the other end is closed: it has ended
                break
            if not part:
                break
            shown += part
            if not typed and b"[y/N] " in shown:
                os.write(terminal, answer)
                typed = True
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        return os.WEXITSTATUS(os.waitpid(pid, 0)[1]), shown.decode()

    def test_asks_when_something_remains(self):
        for validate, declined in (("2", 2), ("1", 1), ("1 2", 2)):
            for answer, starts in ((b"y\n", True), (b"Yes\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)):
                with self.subTest(validate=validate, answer=answer):
                    code, shown = self.ask(answer, validate=validate)
                    self.assertIn("Continue anyway? [y/N]", shown)
                    self.assertEqual('"pid"' in shown, starts)
                    self.assertEqual(code, 0 if starts else declined)

    def test_does_not_ask_when_nothing_remains_or_it_was_told(self):
        for options, validate in (([], "1 0"), (["--yes"], "1"), (["--no-start"], "2")):
            with self.subTest(options=options):
                code, shown = self.ask(b"", *options, validate=validate)
                self.assertEqual(code, 0)
                self.assertNotIn("Continue anyway", shown)

    def test_half_a_terminal_is_none(self):
        """Nobody could answer, or see the question."""
        for redirect in (0, 2):
            with self.subTest(redirect=redirect):
                code, shown = self.ask(b"", redirect=redirect, validate="2")
                self.assertEqual((code, "Continue" in shown, '"pid"' in shown), (0, False, True))


if __name__ == "__main__":
    unittest.main()
