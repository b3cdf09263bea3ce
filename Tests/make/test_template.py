"""templates/selfheal.mk in somebody's Makefile: what each target runs, in which order, how it ends, and what cannot get in."""

import unittest

from support import Project, TEMPLATE

STATUS = ["data", "status"]
HEAL = ["data", "heal"]
AUTO_HEAL = ["auto-heal", "--skip", "dataset"]
VALIDATE = ["validate-startup", "--skip", "dataset"]

#: What each target of the document runs, in order; words in capitals are the project's own commands.
TARGETS = {
    "check-readiness": [STATUS],
    "heal-data": [HEAL],
    "populate-missing": [HEAL + ["status:missing", "status:empty", "status:short", "status:incomplete"]],
    "heal-progressive": [HEAL + ["--progressive"]],
    "heal-emergency": [HEAL + ["--force"]],
    "validate-healing": [STATUS, ["VALIDATE"]],
    "auto-heal-all": [HEAL, STATUS, ["VALIDATE"]],
    "dev-setup": [["SETUP"], AUTO_HEAL, HEAL, STATUS],
    "prod-check": [VALIDATE, HEAL, STATUS, ["VALIDATE"]],
    "test-with-auto-setup": [AUTO_HEAL, HEAL, STATUS, ["TEST"]],
}
#: What make reads is refused before anything runs; everything else reaches the program as it is.
READ_BY_MAKE = "make's command line or in the environment, must not hold $"
HOOKS = "SELFHEAL_SETUP = selfheal SETUP\nSELFHEAL_VALIDATE = selfheal VALIDATE\nSELFHEAL_TEST = selfheal TEST\n"

#: What somebody of ill will, or a slip, may give as a target.
HOSTILE = [
    "$(id)", "$(shell touch pwned)", "${shell touch pwned}", "`touch pwned`", "; touch pwned", "0.8; touch pwned", "0.8 && touch pwned",
    "0.8\ntouch pwned", "'; touch pwned; '", '"; touch pwned; "', "0.8 -j1;touch pwned", "-1", "--force", "0.8 --force", "$$", "#", "\\",
    "$(eval heal-data: ; touch pwned)", "$TARGET", "${TARGET}", "*", "0.8\t|touch pwned", "$(file >pwned,x)", "-- -n", "n", "\u00e9\u202e",
]


class Targets(Project):
    def test_what_each_runs(self):
        self.makefile(HOOKS)
        for options in ([], ["-j8"], ["-j"], ["--warn-undefined-variables"], ["-s", "-k"], ["-R", "-r"]):
            for target, calls in TARGETS.items():
                with self.subTest(target, options=options):
                    answer = self.make(*options, target)
                    self.assertEqual((answer.returncode, answer.stderr), (0, ""), answer)
                    self.assertEqual(self.called(), calls)

    def test_without_commands_of_the_project(self):
        for target, calls in TARGETS.items():
            with self.subTest(target):
                self.assertEqual(self.make(target).returncode, 0)
                self.assertEqual(self.called(), [call for call in calls if not call[0].isupper()])

    def test_a_dry_run_runs_nothing_and_shows_all(self):
        self.makefile(HOOKS)
        for options in (["-n"], ["-nj4"], ["-n", "-k", "--no-print-directory"], ["-ns"]):
            for target, calls in TARGETS.items():
                with self.subTest(target, options=options):
                    answer = self.make(*options, target)
                    self.assertEqual((answer.returncode, answer.stderr, self.called()), (0, "", []), answer)
                    lines = answer.stdout.splitlines()
                    self.assertEqual(len(lines), len(calls), lines)
                    for line, call in zip(lines, calls):
                        # The flags that are not given leave a space of their own.
                        self.assertIn(" ".join(call), " ".join(line.split()))

    def test_question_and_touch_run_nothing(self):
        for option in ("-q", "-t", "-qj4", "-tk"):
            for target in TARGETS:
                self.make(option, target)
                self.assertEqual(self.called(), [], (option, target))

    def test_a_question_before_an_emergency_unless_it_is_answered(self):
        for words, yes in (([], False), (["YES=1"], True), (["YES=0"], False), (["YES="], False), (["YES=yes"], True)):
            self.assertEqual(self.make("heal-emergency", *words).returncode, 0)
            self.assertEqual(self.called(), [HEAL + ["--force"] + ["--yes"] * yes], words)

    def test_flags_and_program(self):
        other = self.program("another one", "#!/bin/sh\nexec selfheal other \"$@\"\n")
        self.makefile(f"SELFHEAL = '{other}'\nSELFHEAL_FLAGS = --manifest 'my schemas.yaml'\n" + HOOKS)
        self.assertEqual(self.make("prod-check").returncode, 0)
        flags = ["--manifest", "my schemas.yaml"]
        self.assertEqual(
            self.called(),
            [["other"] + VALIDATE + flags, ["other"] + HEAL + flags, ["other"] + STATUS + flags, ["VALIDATE"]])

    def test_from_another_folder(self):
        (self.folder / "deep er").mkdir()
        answer = self.make("-C", str(self.folder), "auto-heal-all", cwd=self.folder / "deep er")
        self.assertEqual((answer.returncode, self.called()), (0, [HEAL, STATUS]))

    def test_two_at_once_each_keep_their_order(self):
        self.makefile(HOOKS)
        self.assertEqual(self.make("-j8", "dev-setup", "prod-check").returncode, 0)
        calls = self.called()
        self.assertIn(VALIDATE, calls)
        self.assertLess(calls.index(["SETUP"]), calls.index(AUTO_HEAL))
        self.assertEqual(calls[-1] in (STATUS, ["VALIDATE"]), True)
        self.assertEqual(len(calls), 8)

    def test_no_target_holds_a_script(self):
        recipes = 0
        for line, next_line in zip(TEMPLATE.read_text().splitlines(), TEMPLATE.read_text().splitlines()[1:] + [""]):
            if line.startswith("\t"):
                recipes += 1
                self.assertFalse(next_line.startswith("\t"), line)
                self.assertNotIn(";", line)
        self.assertGreaterEqual(recipes, 12)


class Including(Project):
    def test_the_default_goal_stays(self):
        for before, after in (("first: ; @echo first", ""), ("", "first: ; @echo first"), (".DEFAULT_GOAL := first", "first: ; @echo first")):
            self.makefile(before, after)
            self.assertEqual((self.make().stdout, self.called()), ("first\n", []))

    def test_names_of_its_own(self):
        self.makefile("SELFHEAL_PREFIX = data-\n" + HOOKS, "dev-setup: ; @echo mine")
        self.assertEqual(self.make("dev-setup").stdout, "mine\n")
        for target, calls in TARGETS.items():
            answer = self.make(f"data-{target}")
            self.assertEqual((answer.returncode, answer.stderr, self.called()), (0, "", calls), target)

    def test_beside_a_file_of_that_name(self):
        for target in TARGETS:
            (self.folder / target).write_text("")
        for target, calls in TARGETS.items():
            self.assertEqual(self.make(target).returncode, 0)
            self.assertEqual(len(self.called()), len([call for call in calls if not call[0].isupper()]), target)

    def test_bash_in_its_strict_mode_and_one_shell_for_a_recipe(self):
        self.makefile(f"SHELL := /bin/bash\n.SHELLFLAGS := -euo pipefail -c\n.ONESHELL:\n.SUFFIXES:\nMAKEFLAGS += -rR\n{HOOKS}")
        for target, calls in TARGETS.items():
            answer = self.make(target)
            self.assertEqual((answer.returncode, answer.stderr, self.called()), (0, "", calls), target)
        answer = self.make("heal-data", HEAL_EXIT="1")
        self.assertIn("Error 1", answer.stderr)
        answer = self.make("heal-to-target")
        self.assertIn("TARGET=0.8", answer.stderr)
        self.assertNotEqual(answer.returncode, 0)

    def test_a_variable_of_the_project_that_is_called_target_too(self):
        self.makefile("NAME = part\nTARGET = $(NAME).bin\nbuild: ; @echo $(TARGET)")
        self.assertEqual(self.make("build").stdout, "part.bin\n")

    def test_a_hook_that_is_make_shares_the_job_server(self):
        self.makefile("SELFHEAL_VALIDATE = +$(MAKE) --no-print-directory pipelines", "pipelines: ; +@selfheal PIPELINES")
        answer = self.make("-j3", "validate-healing")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(self.called(), [STATUS, ["PIPELINES"]])
        self.assertIn("--jobserver-auth", self.flags())

    def test_a_healing_gets_the_job_server(self):
        self.program("selfheal", "#!/bin/sh\nfor word in $MAKEFLAGS; do case $word in --jobserver-auth=*) f=${word#*=} ;; esac; done\n"
                     'f=${f%,*}; case $f in fifo:*) test -p "${f#fifo:}" ;; *) test -p "/dev/fd/$f" ;; esac\n')
        self.assertEqual(self.make("-j3", "heal-data").returncode, 0)
        self.assertNotEqual(self.make("heal-data").returncode, 0)


class Endings(Project):
    def test_what_a_command_says_is_what_make_says(self):
        for target, which in (
            ("check-readiness", "STATUS_EXIT"), ("heal-data", "HEAL_EXIT"), ("populate-missing", "HEAL_EXIT"),
            ("heal-progressive", "HEAL_EXIT"), ("heal-emergency", "HEAL_EXIT"), ("validate-healing", "STATUS_EXIT"),
            ("auto-heal-all", "HEAL_EXIT"), ("auto-heal-all", "STATUS_EXIT"), ("dev-setup", "START_EXIT"), ("dev-setup", "HEAL_EXIT"),
            ("prod-check", "START_EXIT"), ("prod-check", "STATUS_EXIT"), ("test-with-auto-setup", "HEAL_EXIT")):
            for status in (1, 64, 78, 130):
                with self.subTest(target, which=which, status=status):
                    answer = self.make(target, **{which: str(status)})
                    self.assertEqual(answer.returncode, 2)
                    self.assertIn(f"Error {status}\n", answer.stderr)

    def test_nothing_goes_on_after_a_failure(self):
        self.makefile(HOOKS)
        for target, which, count in (
            ("prod-check", "START_EXIT", 1), ("prod-check", "HEAL_EXIT", 2), ("prod-check", "STATUS_EXIT", 3),
            ("auto-heal-all", "HEAL_EXIT", 1), ("validate-healing", "STATUS_EXIT", 1), ("test-with-auto-setup", "STATUS_EXIT", 3)):
            for options in ([], ["-j4"], ["-k"]):
                self.make(*options, target, **{which: "1"})
                self.assertEqual(self.called(), TARGETS[target][:count], (target, which, options))

    def test_warnings_pass_unless_they_may_not(self):
        for words, status in (([], 0), (["SELFHEAL_STRICT=0"], 0), (["SELFHEAL_STRICT=1"], 2)):
            answer = self.make("auto-heal-all", *words, STATUS_EXIT="2")
            self.assertEqual(answer.returncode, status, words)

    def test_a_command_of_the_project_that_fails(self):
        self.makefile("SELFHEAL_VALIDATE = exit 7")
        for target in ("validate-healing", "auto-heal-all", "prod-check"):
            answer = self.make(target)
            self.assertEqual(answer.returncode, 2)
            self.assertIn("Error 7", answer.stderr)

    def test_a_program_that_is_not_there(self):
        answer = self.make("heal-data", "SELFHEAL=no-such-selfheal")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("Error 127", answer.stderr)


class Goals(Project):
    def test_a_goal(self):
        for words in ([], ["-j4"], ["-e"]):
            answer = self.make("heal-to-target", "TARGET=0.8", *words)
            self.assertEqual((answer.returncode, answer.stderr, self.called()), (0, "", [HEAL + ["--target=0.8"]]))

    def test_none(self):
        for words in ([], ["TARGET="], ["TARGET= "]):
            answer = self.make("heal-to-target", *words)
            self.assertEqual((answer.returncode, self.called()), (2, []))
            self.assertIn("make heal-to-target TARGET=0.8", answer.stderr)

    def test_nothing_gets_in(self):
        for target in HOSTILE:
            for words, environment in (
                (["heal-to-target", f"TARGET={target}"], {}), (["-j4", "heal-to-target", f"TARGET={target}"], {}),
                (["heal-to-target"], {"TARGET": target}), (["-e", "heal-to-target"], {"TARGET": target})):
                with self.subTest(target, words=words):
                    answer = self.make(*words, **environment)
                    self.assertEqual(list(self.folder.rglob("*pwned*")), [])
                    if "$" in target and not environment:
                        self.assertEqual((answer.returncode, self.called()), (2, []))
                        self.assertIn(READ_BY_MAKE, answer.stderr)
                        continue
                    self.assertEqual((answer.returncode, answer.stderr), (0, ""), answer)
                    self.assertEqual(self.called(), [HEAL + [f"--target={target}"]])

    def test_nothing_gets_in_of_a_dry_run(self):
        for target in HOSTILE:
            self.assertEqual(self.make("-n", "heal-to-target", f"TARGET={target}").returncode, 2 if "$" in target else 0)
            self.assertEqual((self.called(), list(self.folder.rglob("*pwned*"))), ([], []), target)

    def test_nothing_gets_in_by_an_answer(self):
        for target in HOSTILE:
            for words, environment in ((["heal-emergency", f"YES={target}"], {}), (["-e", "heal-emergency"], {"YES": target})):
                answer = self.make(*words, **environment)
                is_refused = "$" in target and not environment
                self.assertEqual(answer.returncode, 2 if is_refused else 0, (target, answer))
                self.assertEqual(self.called(), [] if is_refused else [HEAL + ["--force"]], target)
                self.assertEqual(list(self.folder.rglob("*pwned*")), [], target)


class Outside(Project):
    """What make's command line and the environment give to each variable that the file uses, its own included."""

    NAMES = (
        "SELFHEAL", "SELFHEAL_FLAGS", "SELFHEAL_PREFIX", "SELFHEAL_STRICT", "SELFHEAL_SETUP", "SELFHEAL_VALIDATE", "SELFHEAL_TEST",
        "TARGET", "YES", ".DEFAULT_GOAL")
    PAYLOADS = (
        "$(shell touch pwned)", "${shell touch pwned}", "$$(touch pwned)", "`touch pwned`", "; touch pwned", "x & touch pwned",
        "' ; touch pwned; '", '" ; touch pwned; "', "x\ntouch pwned", "x\n\ttouch pwned", "x: ; touch pwned\n", "(touch pwned)",
        "$(eval heal-data: ; touch pwned)", "|| touch pwned")
    GOALS = (
        ["check-readiness"], ["check-readiness", "heal-to-target"], ["heal-to-target", "heal-emergency"], ["-k", "dev-setup", "prod-check"],
        ["validate-healing", "test-with-auto-setup"])

    def attack(self, name, payload, *words):
        for arguments, environment in (([f"{name}={payload}"], {}), ([], {name: payload}), (["-e"], {name: payload})):
            with self.subTest(name, payload=payload, words=words, environment=environment):
                answer = self.make(*arguments, *words, **environment)
                self.assertEqual(list(self.folder.rglob("*pwned*")), [], answer)

    def test_nothing_of_it_is_run(self):
        for name in self.NAMES:
            for number, payload in enumerate(self.PAYLOADS):
                self.attack(name, payload, *self.GOALS[number % len(self.GOALS)])

    def test_in_every_goal(self):
        for name in ("TARGET", "YES", "SELFHEAL_FLAGS"):
            for goals in [[target] for target in TARGETS] + list(self.GOALS):
                self.attack(name, "$(shell touch pwned)", *goals)

    def test_what_the_file_has_of_its_own_cannot_be_given(self):
        names = [
            line.split()[1] if not line.startswith("override define") else line.split()[2]
            for line in TEMPLATE.read_text().splitlines() if line.startswith("override ")]
        self.assertGreater(len(names), 20)
        for line in TEMPLATE.read_text().splitlines():
            self.assertFalse(line.startswith("selfheal."), line)
        for name in [*names, "selfheal.name", "selfheal.sign", "1", "2", "3"]:
            for payload in ("touch pwned", "$(shell touch pwned)", "; touch pwned"):
                self.attack(name, payload, "-k", "heal-data", "dev-setup")

    def test_what_is_good_still_works(self):
        self.program("other", "#!/bin/sh\nexec selfheal other\n")
        for words, calls in (
            (["check-readiness", "SELFHEAL_FLAGS=--manifest a/b-c.yaml --jobs 1"], [STATUS + ["--manifest", "a/b-c.yaml", "--jobs", "1"]]),
            (["check-readiness", "SELFHEAL=other"], [["other"]]),
            (["SELFHEAL_PREFIX=data-", "data-heal-data"], [HEAL]),
            (["heal-to-target", "check-readiness", "TARGET=0.8", "SELFHEAL_STRICT=1"], [HEAL + ["--target=0.8"], STATUS]),
            (["heal-emergency", "YES=true", "SELFHEAL_TEST="], [HEAL + ["--force", "--yes"]])):
            answer = self.make(*words)
            self.assertEqual((answer.returncode, answer.stderr, self.called()), (0, "", calls), words)
            # The same from the environment.
            variables = dict(word.split("=", 1) for word in words if "=" in word)
            answer = self.make(*[word for word in words if "=" not in word], **variables)
            self.assertEqual((answer.returncode, answer.stderr, self.called()), (0, "", calls), words)

    def test_a_makefile_may_write_what_it_likes(self):
        self.makefile("PLACE = a folder\nSELFHEAL_FLAGS = --root '$(PLACE)' $(if x,--jobs 1)\nSELFHEAL_VALIDATE = selfheal V; selfheal W")
        self.assertEqual(self.make("validate-healing").returncode, 0)
        self.assertEqual(self.called(), [STATUS + ["--root", "a folder", "--jobs", "1"], ["V"], ["W"]])

    def test_what_is_refused_says_which_and_why(self):
        for word, reason in (
            ("TARGET=$(id)", "TARGET, given on make's command line or in the environment, must not hold $."),
            ("SELFHEAL_FLAGS=--root 'x'", "must not hold '."), ("SELFHEAL_TEST=./test", "must not hold a command."),
            ("SELFHEAL=sh -c", "must not hold more than one word"), ("SELFHEAL=-false", "a + - @ before it."),
            ("SELFHEAL_PREFIX=a:b", "must not hold :."), ("SELFHEAL_STRICT=a\nb", "must not hold a line break.")):
            answer = self.make("check-readiness", word)
            self.assertEqual((answer.returncode, self.called()), (2, []), word)
            self.assertIn(reason, answer.stderr)


if __name__ == "__main__":
    unittest.main()
