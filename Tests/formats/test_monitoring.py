"""Nagios' line and exit codes, and Prometheus' metrics by two readers of them."""

import collections
import re
import tempfile
import unittest
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as metrics

import hostile
import support


class Nagios(support.FormatTest):
    """The guidelines of the Monitoring Plugins."""

    format = "nagios"
    data = re.compile(r"([^\s='|]+)=(-?[0-9.]+)(s|%|B|c)?(?:;([0-9.:~@]*))?(?:;([0-9.:~@]*))?(?:;([0-9.]*))?(?:;([0-9.]*))?")

    def test_one_line_with_performance_data(self):
        for case, text in self.each(refusals=False):
            self.assertRegex(text, r"\ASELFHEAL( \S+)? (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| [^|\n]+\n\Z")
            self.assertLess(len(text.encode()), 1024)
            values = {}
            for item in text.strip().split(" | ")[1].split(" "):
                match = self.data.fullmatch(item)
                self.assertTrue(match, item)
                values[match[1]] = float(match[2])
            for status, count in support.counted(self.statuses(case)).items():
                self.assertEqual(values[status], count)

    def test_exit_codes_are_those_of_nagios(self):
        roots = {name: support.cases()[name].root for name in ("healthy", "nothing", "everything", "refused")}
        codes = {}
        for name, root in roots.items():
            answer = hostile.run(root, "validate-startup", "--check-only", "--format", "nagios")
            codes[name] = (answer.returncode, answer.stdout.decode().split(" - ")[0].split(" ")[-1])
        codes["usage"] = (hostile.run(roots["healthy"], "validate-startup", "--format", "nagios", "--no").returncode, "UNKNOWN")
        self.assertEqual(codes, {
            "healthy": (0, "OK"), "nothing": (1, "WARNING"), "everything": (2, "CRITICAL"), "refused": (3, "UNKNOWN"),
            "usage": (3, "UNKNOWN")})

    def test_what_could_not_be_looked_at_is_unknown(self):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "root"
            (root / "data").mkdir(parents=True)
            hostile.run_sql(root / "data/locked.db", "CREATE TABLE t (id INTEGER)")
            (root / "schemas.yaml").write_text("version: 1\ndatabases: {data/locked.db: {tables: {t: {columns: {id: INTEGER}}}}}\n")
            with hostile.locked(root):
                answer = hostile.run(root, "validate-startup", "--format", "nagios", "--timeout", "0.1", check=3)
            self.assertIn(b"UNKNOWN - could not look at data/locked.db: is locked by another process", answer.stdout)


class Prometheus(support.FormatTest):
    format = "prometheus"

    def samples(self, text):
        found = {}
        for family in metrics(text):
            self.assertTrue(family.documentation and family.type == "gauge", family)
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, found)
                self.assertIsNone(sample.timestamp)
                found[key] = sample.value
        return found

    def test_two_readers_agree(self):
        for _, text in self.each():
            first = self.samples(text)
            second = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
                      for family in open_metrics(text + "# EOF\n") for sample in family.samples}
            self.assertEqual(first, second)

    def test_numbers_are_the_reports(self):
        for case, text in self.each(refusals=False):
            samples = self.samples(text)

            def sums(name, label):
                result = collections.Counter()
                for (sample, labels), value in samples.items():
                    if sample == name:
                        result[dict(labels)[label]] += int(value)
                return +result

            report = case.report
            self.assertEqual(sums("selfheal_checks", "status"), collections.Counter(self.statuses(case)))
            self.assertEqual(sums("selfheal_findings", "severity"), collections.Counter(
                item["severity"] for check in report["checks"] for item in check["findings"]))
            self.assertEqual(sums("selfheal_repairs", "outcome"), collections.Counter(
                record["outcome"] for record in report["repairs"]))
            self.assertEqual(sums("selfheal_status", "status"), {report["verdict"]: 1})
            simple = {name: value for (name, _), value in samples.items()}
            self.assertEqual(simple["selfheal_exit_status"], report["exitStatus"])
            self.assertEqual(simple["selfheal_faults"], len(report["faults"]))
            self.assertAlmostEqual(simple["selfheal_run_timestamp_seconds"] * 1000, report["startedAtMilliseconds"], 1)
            self.assertAlmostEqual(simple["selfheal_run_duration_seconds"] * 1e6, report["durationMicroseconds"], 1)

    def test_names_follow_the_conventions(self):
        for _, text in self.each():
            for name in re.findall(r"^# TYPE (\S+) gauge$", text, re.M):
                self.assertRegex(name, r"^selfheal_[a-z_]+$")
                # Which promise a counter, or a part of a histogram.
                self.assertNotRegex(name, r"_(total|sum|count|bucket)$")


if __name__ == "__main__":
    unittest.main()
