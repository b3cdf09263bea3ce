"""JUnit XML against Jenkins' schema and a reader of it."""

import collections
import re
import unittest

import junitparser
from lxml import etree

import schemas
import support


class JUnit(support.FormatTest):
    format = "junit"

    def test_schema(self):
        schema = etree.XMLSchema(etree.parse(str(schemas.junit())))
        for case, text in self.each():
            schema.assertValid(etree.fromstring(text.encode()))

    def test_the_schema_refuses(self):
        schema = etree.XMLSchema(etree.parse(str(schemas.junit())))
        text = support.cases()["everything"].texts["junit"]
        for old, new in [("<testsuites ", "<testsuites wrong='1' "), ("<failure ", "<failed "), (' tests="', ' test="')]:
            changed = re.sub(old, new, text).replace("</failure>", "</failed>" if "failed" in new else "</failure>")
            self.assertFalse(schema.validate(etree.fromstring(changed.encode())), new)

    def test_a_reader_counts_what_the_report_counts(self):
        for case, text in self.each(refusals=False):
            suites = list(junitparser.JUnitXml.fromstring(text.encode()))
            found = collections.Counter()
            for suite in suites:
                own = collections.Counter()
                for item in suite:
                    kind = type(item.result[0]).__name__ if item.result else "passed"
                    own[kind] += 1
                self.assertEqual((suite.tests, suite.failures, suite.errors, suite.skipped),
                                 (own.total(), own["Failure"], own["Error"], own["Skipped"]))
                found += own
            checks = case.report["checks"]
            expected = collections.Counter()
            for check in checks:
                serious = check["severity"] == "critical"
                expected[{"critical": "Failure", "blocked": "Skipped", "skipped": "Skipped",
                          "unknown": "Error" if serious else "Skipped"}.get(check["status"], "passed")] += 1
            expected["Error"] += len(case.report["faults"])
            self.assertEqual(+found, +expected)

    def test_every_finding_is_in_it(self):
        for case, text in self.each(refusals=False):
            told = " ".join(etree.fromstring(text.encode()).itertext())
            for check in case.report["checks"]:
                for finding in check["findings"]:
                    self.assertIn(finding["id"], told)
                    if finding["source"]:
                        self.assertIn("{file}:{line}:{column}".format(**finding["source"]), told)

    def test_a_refusal_is_an_error_for_each_fault(self):
        for case, text in self.each(refusals=True):
            items = [item for suite in junitparser.JUnitXml.fromstring(text.encode()) for item in suite]
            self.assertEqual(len(items), len(case.report["errors"]))
            self.assertTrue(all(isinstance(item.result[0], junitparser.Error) for item in items))


if __name__ == "__main__":
    unittest.main()
