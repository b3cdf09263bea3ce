"""Completions as the three shells give them, once installed."""

import shlex
import subprocess
import unittest

import support

# The words before the cursor, and what must and must not be offered.
CASES = (
    ("validate-startup --che", {"--check-only"}, {"--dry-run"}),
    ("validate-startup --format ", {"text", "json"}, {"--quiet"}),
    ("auto-heal --max-risk ", {"low", "medium", "high"}, set()),
    ("validate-startup h", set(), {"help"}),
    ("auto-heal h", set(), {"help"}),
    ("selfheal he", {"help"}, set()),
    ("auto-heal --d", {"--db-only", "--dry-run"}, {"--check-only"}),
    ("selfheal hist", {"history"}, {"plan"}),
    ("selfheal plugins ", {"list", "new", "test"}, set()),
    ("selfheal explain sqlite.column.mis", {"sqlite.column.missing"}, {"env.file.missing"}),
    ("validate-startup --only env.variable.mis", {"env.variable.missing"}, set()),
)

# Calls the function that `complete` names, as readline does.
BASH = r"""
. /usr/share/bash-completion/bash_completion
words=("$@")
_completion_loader "${words[0]}"
[[ $(complete -p "${words[0]}") =~ -F\ ([^ ]+) ]] || exit 3
COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1))
COMP_LINE=$LINE; COMP_POINT=${#LINE}
"${BASH_REMATCH[1]}" "${words[0]}" "${words[COMP_CWORD]}" "${words[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


class Bash(unittest.TestCase):
    def test_syntax(self):
        for name in support.NAMES:
            file = support.installed() / "share/bash-completion/completions" / name
            self.assertEqual(support.run("bash", "-n", file).stderr, "")

    def test_offers(self):
        for line, offered, others in CASES:
            words = shlex.split(line) + ([""] if line.endswith(" ") else [])
            answer = support.run("bash", "-c", BASH, "bash", *words, env=support.environment(LINE=line))
            with self.subTest(line=line, errors=answer.stderr):
                self.assertEqual(answer.returncode, 0)
                found = set(answer.stdout.split())
                self.assertLessEqual(offered, found)
                self.assertFalse(others & found)

    def test_files(self):
        folder = support.installed() / "some where"
        folder.mkdir(exist_ok=True)
        for name in ("app.yaml", "app.txt"):
            (folder / name).touch()
        line = "validate-startup --manifest app"
        answer = support.run(
            "bash", "-c", BASH, "bash", *line.split(), env=support.environment(LINE=line), cwd=folder)
        self.assertEqual(answer.stdout.split(), ["app.yaml"], answer.stderr)

    def test_terminal(self):
        """A person presses the tabulator key."""
        terminal = support.Terminal("bash", "--norc", "-i")
        self.addCleanup(terminal.close)
        terminal.type(". /usr/share/bash-completion/bash_completion; PS1='re''ady '\r")
        self.assertTrue(terminal.wait("ready "), terminal.shown)
        terminal.type("validate-startup --che\t")
        self.assertTrue(terminal.wait("--check-only "), terminal.shown)


class Fish(unittest.TestCase):
    def test_syntax(self):
        for name in support.NAMES:
            file = support.installed() / f"share/fish/vendor_completions.d/{name}.fish"
            self.assertEqual(support.run("fish", "--no-execute", file).stderr, "")

    def test_offers(self):
        for line, offered, others in CASES:
            if any("." in word for word in offered):
                continue  # fish asks the program for these on a terminal only
            answer = support.run("fish", "--command", f"complete --do-complete {shlex.quote(line)}")
            with self.subTest(line=line, errors=answer.stderr):
                found = {text.split("\t")[0] for text in answer.stdout.splitlines()}
                self.assertLessEqual(offered, found)
                self.assertFalse(others & found)


    def test_terminal(self):
        terminal = support.Terminal("fish", "--private", "--no-config")
        self.addCleanup(terminal.close)
        scripts = support.installed() / "share/fish/vendor_completions.d"
        terminal.type(f"source {shlex.quote(str(scripts / 'selfheal.fish'))}; echo re''ady\r")
        self.assertTrue(terminal.wait("ready"), terminal.shown)
        terminal.shown = ""
        terminal.type("selfheal explain sqlite.column.mis\t")
        self.assertTrue(terminal.wait("sing"), terminal.shown)


class Zsh(unittest.TestCase):
    def test_syntax(self):
        for name in support.NAMES:
            file = support.installed() / f"share/zsh/site-functions/_{name}"
            self.assertEqual(support.run("zsh", "-n", file).stderr, "")

    def test_terminal(self):
        functions = support.installed() / "share/zsh/site-functions"
        dump = support.installed() / "zcompdump"
        terminal = support.Terminal("zsh", "-f", "-i", FUNCTIONS=str(functions), DUMP=str(dump), PS1="% ")
        self.addCleanup(terminal.close)
        terminal.type('fpath=($FUNCTIONS $fpath); autoload -U compinit; compinit -u -d "$DUMP"; print re""ady\r')
        self.assertTrue(terminal.wait("ready"), terminal.shown)
        for typed, completed in (
            ("validate-startup --che\t", "--check-only"),
            ("selfheal hist\t", "selfheal history"),
            ("selfheal explain sqlite.column.mis\t", "sqlite.column.missing"),
            ("auto-heal --format js\t", "--format json"),
        ):
            terminal.shown = ""
            terminal.type(typed)
            self.assertTrue(terminal.wait(completed), terminal.shown)
            # Away with the line.
            terminal.type("\x15")
        # They have no commands, so nothing is to be offered where one would stand.
        for tool in ("validate-startup", "auto-heal"):
            terminal.shown = ""
            terminal.type(f"{tool} hel\t\x01print -r -- '<\x05>'\r")
            self.assertTrue(terminal.wait(f"<{tool} hel"), terminal.shown)
            self.assertTrue(terminal.wait(f"\n<{tool} hel>"), terminal.shown)


class Listing(unittest.TestCase):
    def test_only_commands_that_are_there(self):
        """The library adds a command 'help' to all programs, also to those without commands, and there it is an error."""
        prefix = support.installed() / "share"
        for name in support.NAMES:
            for file in (f"bash-completion/completions/{name}", f"zsh/site-functions/_{name}",
                         f"fish/vendor_completions.d/{name}.fish"):
                text = (prefix / file).read_text()
                has_help = any(word in text for word in (f"_{name}_help", "'help:", "-fa 'help'", "case 'help'"))
                with self.subTest(file=file):
                    self.assertEqual(has_help, name == "selfheal")

    def test_every_shell_has_every_command(self):
        """A command that is added is completed too: the scripts are made from the commands themselves."""
        answer = support.run("selfheal", "--help")
        commands = [line.split()[0] for line in answer.stdout.partition("SUBCOMMANDS:")[2].splitlines()
                    if line.startswith("  ") and line[2:3].strip() and not line.startswith("  See")]
        self.assertGreater(len(commands), 8)
        prefix = support.installed() / "share"
        for file in ("bash-completion/completions/selfheal", "zsh/site-functions/_selfheal",
                     "fish/vendor_completions.d/selfheal.fish"):
            text = (prefix / file).read_text()
            for command in commands:
                self.assertIn(command, text)


if __name__ == "__main__":
    unittest.main()
