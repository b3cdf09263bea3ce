"""What the formats are tested on is all that a report can hold, and nothing in them steers a terminal."""

import re
import unittest

import cases
import hostile
import support


class Cases(unittest.TestCase):
    def test_every_status_severity_and_kind_of_run_is_there(self):
        reports = [case.report for case in support.cases().values() if not case.is_refusal]
        seen = {check["status"] for report in reports for check in report["checks"]}
        self.assertEqual(seen, {"ok", "healed", "warning", "critical", "blocked", "skipped", "unknown"})
        files = {finding["source"]["file"] for check in support.cases()["everything"].report["checks"] for finding in check["findings"]}
        self.assertEqual(files, {"schemas.yaml", hostile.INCLUDED})
        self.assertEqual({report["exitStatus"] for report in reports}, {0, 1, 2})
        self.assertEqual({report["mode"] for report in reports}, {"check", "dryRun", "heal"})
        self.assertTrue(any(report["faults"] for report in reports) and any(report["notes"] for report in reports))
        self.assertTrue(support.cases()["everything"].report["root"].endswith(cases.FOLDER))
        self.assertIn(f"made/{hostile.NAME}", [check["subject"] for check in support.cases()["everything"].report["checks"]])

    def test_no_output_holds_a_character_that_steers(self):
        for case in support.cases().values():
            for name, text in case.texts.items():
                with self.subTest(f"{case} {name}"):
                    found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
                                       "\ufffe\uffff\U000e0000-\U000e007f]", text)
                    self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
