"""TAP against two consumers, one of Python and one of Perl."""

import re
import subprocess
import unittest

import yaml
from tap.parser import Parser

import support


class TAP(support.FormatTest):
    format = "tap"

    def test_a_reader_counts_what_the_report_counts(self):
        for case, text in self.each(refusals=False):
            lines = list(Parser().parse_text(text))
            self.assertEqual([line for line in lines if line.category == "unknown"], [])
            plan, = (line for line in lines if line.category == "plan")
            tests = [line for line in lines if line.category == "test"]
            self.assertEqual(plan.expected_tests, len(tests))
            self.assertEqual([test.number for test in tests], list(range(1, len(tests) + 1)))
            expected = [("ok" if check["status"] in ("ok", "healed") else "skip" if check["status"] in ("blocked", "skipped")
                         else "not ok" if check["severity"] == "critical" else "todo") for check in case.report["checks"]]
            found = ["skip" if test.skip else "todo" if test.todo else "ok" if test.ok else "not ok" for test in tests]
            self.assertEqual(found, expected + ["not ok"] * len(case.report["faults"]))

    def test_prove_agrees_with_the_exit_status(self):
        for case, text in self.each():
            file = support.folder() / "prove.tap"
            # Debian's does not know of version 14 yet, of which nothing is used here that 13 has not.
            file.write_text(text.replace("TAP version 14", "TAP version 13", 1))
            answer = subprocess.run(["/usr/bin/prove", "--exec", "cat", file], capture_output=True, text=True)
            fails = case.is_refusal or case.report["exitStatus"] == 1
            self.assertEqual(answer.returncode != 0, fails, answer.stdout + answer.stderr)
            self.assertNotIn("Parse errors", answer.stdout + answer.stderr)

    def test_diagnostics_are_yaml_with_the_findings(self):
        for case, text in self.each(refusals=False):
            blocks = [yaml.safe_load(block) for block in re.findall(r"^  ---\n(.*?)^  \.\.\.\n", text, re.M | re.S)]
            found = [(item["id"], item.get("at")) for block in blocks for item in block.get("findings", [])]
            expected = [(item["id"], item["source"]) for check in case.report["checks"] for item in check["findings"]]
            self.assertEqual(found, expected)

    def test_a_refusal_bails_out(self):
        for _, text in self.each(refusals=True):
            self.assertEqual([line.category for line in Parser().parse_text(text)][-1], "bail")


if __name__ == "__main__":
    unittest.main()
