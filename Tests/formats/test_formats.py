"""Every output format against somebody else's reader of it, on runs of the built programs over hostile applications.

The report as JSON is the measure: whatever a format says is compared with what that says of the same run.
Screenshots of the page are left in .build/formats."""

import collections
import json
import re
import subprocess
import tempfile
import unittest
import urllib.parse
from pathlib import Path

import html5lib
import jsonschema
import junitparser
import yaml
from lxml import etree
from markdown_it import MarkdownIt
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as metrics
from tap.parser import Parser

import browser
import cases
import hostile
import schemas

CASES = {}
FOLDER = tempfile.TemporaryDirectory(prefix="selfheal-formats-")


def setUpModule():
    unittest.addModuleCleanup(FOLDER.cleanup)
    schemas.fetch()
    CASES.update(cases.make(FOLDER.name))


def counted(values):
    return dict(collections.Counter(values))


class FormatTest(unittest.TestCase):
    format = None
    case = ""

    def each(self, refusals=None):
        """The cases that were written in this format; `refusals`: only these, or none of them."""
        chosen = [case for case in CASES.values() if self.format in case.texts
                  and (refusals is None or case.is_refusal == refusals)]
        self.assertTrue(chosen)
        for case in chosen:
            self.case = case.name
            yield case, case.texts[self.format]

    def _formatMessage(self, msg, standardMsg):
        return super()._formatMessage(msg, f"in the case '{self.case}': {standardMsg}")

    def statuses(self, case):
        return [check["status"] for check in case.report["checks"]]


class Cases(unittest.TestCase):
    def test_every_status_severity_and_kind_of_run_is_there(self):
        reports = [case.report for case in CASES.values() if not case.is_refusal]
        seen = {check["status"] for report in reports for check in report["checks"]}
        self.assertEqual(seen, {"ok", "healed", "warning", "critical", "blocked", "skipped", "unknown"})
        files = {finding["source"]["file"] for check in CASES["everything"].report["checks"] for finding in check["findings"]}
        self.assertEqual(files, {"schemas.yaml", hostile.INCLUDED})
        self.assertEqual({report["exitStatus"] for report in reports}, {0, 1, 2})
        self.assertEqual({report["mode"] for report in reports}, {"check", "dryRun", "heal"})
        self.assertTrue(any(report["faults"] for report in reports) and any(report["notes"] for report in reports))
        self.assertTrue(CASES["everything"].report["root"].endswith(cases.FOLDER))
        self.assertIn(f"made/{hostile.NAME}", [check["subject"] for check in CASES["everything"].report["checks"]])

    def test_no_output_holds_a_character_that_steers(self):
        for case in CASES.values():
            for name, text in case.texts.items():
                with self.subTest(f"{case} {name}"):
                    found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
                                       "\ufffe\uffff\U000e0000-\U000e007f]", text)
                    self.assertEqual(found, [])


class JUnit(FormatTest):
    format = "junit"

    def test_schema(self):
        schema = etree.XMLSchema(etree.parse(str(schemas.JUNIT)))
        for case, text in self.each():
            schema.assertValid(etree.fromstring(text.encode()))

    def test_the_schema_refuses(self):
        schema = etree.XMLSchema(etree.parse(str(schemas.JUNIT)))
        text = CASES["everything"].texts["junit"]
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


class TAP(FormatTest):
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
            file = Path(FOLDER.name) / "prove.tap"
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


class SARIF(FormatTest):
    format = "sarif"

    def validator(self):
        schema = json.loads(schemas.SARIF.read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        return jsonschema.Draft7Validator(schema, format_checker=jsonschema.draft7_format_checker)

    def test_schema(self):
        validator = self.validator()
        for _, text in self.each():
            self.assertEqual([f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(text))], [])

    def test_the_schema_refuses(self):
        validator = self.validator()
        text = CASES["everything"].texts["sarif"]
        for old, new in [('"level": "error"', '"level": "bad"'), ('"startLine": ', '"startLine": -'),
                         ('"executionSuccessful"', '"successful"'), ('"ruleIndex"', '"ruleNumber"')]:
            self.assertIn(old, text)
            self.assertFalse(validator.is_valid(json.loads(text.replace(old, new))), new)

    def test_results_are_the_findings(self):
        levels = {"critical": "error", "warning": "warning", "information": "note", None: "note"}
        for case, text in self.each(refusals=False):
            run, = json.loads(text)["runs"]
            rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
            self.assertEqual(len(rules), len(set(rules)))
            expected = []
            for check in case.report["checks"]:
                if check["status"] == "unknown":
                    expected.append((check["check"] + ".unknown", levels[check["severity"]], check["source"]))
                for finding in check["findings"]:
                    expected.append((finding["id"], levels[finding["severity"]], finding["source"] or check["source"]))
            found = []
            for result in run["results"]:
                self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
                place = result["locations"][0]["physicalLocation"]
                found.append((result["ruleId"], result["level"], {
                    "file": urllib.parse.unquote(place["artifactLocation"]["uri"]), "line": place["region"]["startLine"],
                    "column": place["region"]["startColumn"]}))
            self.assertEqual(found, expected)
            prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
            self.assertEqual(len(prints), len(set(prints)))
            self.assertEqual(run["invocations"][0]["executionSuccessful"], not case.report["faults"])
            self.assertEqual(run["invocations"][0]["exitCode"], case.report["exitStatus"])

    def test_places_are_where_the_manifest_states_it(self):
        case = CASES["everything"]
        lines = (case.root / "schemas.yaml").read_text().splitlines()
        by_rule = collections.defaultdict(list)
        for result in json.loads(case.texts["sarif"])["runs"][0]["results"]:
            region = result["locations"][0]["physicalLocation"]["region"]
            by_rule[result["ruleId"]].append(lines[region["startLine"] - 1][region["startColumn"] - 1:])
        self.assertTrue(by_rule["env.variable.missing"][0].startswith('"GONE"'))
        self.assertTrue(by_rule["directory.kind"][0].startswith('"file-in-the-way"'))
        self.assertTrue(by_rule["dependency.missing"][0].startswith('"no-such-command"'))
        self.assertTrue(by_rule["sqlite.unknown"][0].startswith('"data/locked.db"'))
        self.assertTrue(by_rule["sqlite.column.differs"][0].startswith('"n"'))

    def test_rules_have_help_and_the_same_thing_has_the_same_fingerprint(self):
        runs = [json.loads(CASES[name].texts["sarif"])["runs"][0] for name in ("everything", "healed")]
        for rule in runs[0]["tool"]["driver"]["rules"]:
            self.assertTrue(len(rule["help"]["text"]) > 40 and rule["help"]["markdown"], rule)
        first, second = ({result["partialFingerprints"]["finding/v1"]: result["partialFingerprints"]["primaryLocationLineHash"]
                          for result in run["results"]} for run in runs)
        common = set(first) & set(second)
        self.assertGreater(len(common), 3)
        self.assertEqual({key: first[key] for key in common}, {key: second[key] for key in common})

    def test_a_refusal_names_its_places(self):
        for case, text in self.each(refusals=True):
            invocation = json.loads(text)["runs"][0]["invocations"][0]
            self.assertEqual((invocation["executionSuccessful"], invocation["exitCode"]), (False, 78))
            places = [note["locations"][0]["physicalLocation"] for note in invocation["toolConfigurationNotifications"]]
            self.assertEqual([place["region"]["startLine"] for place in places],
                             [error["line"] for error in case.report["errors"]])


class GitHub(FormatTest):
    """The runner's own rules: a command is `::name key=value,…::data` at the beginning of a line, and `##[name]` anywhere."""

    format = "github"

    def commands(self, text):
        found = []
        for line in text.split("\n"):
            if line.strip().startswith("::"):
                head, _, data = line.strip()[2:].partition("::")
                name, _, rest = head.partition(" ")
                properties = dict(part.split("=", 1) for part in rest.split(",") if part)
                found.append((name, {key: self.decoded(value, True) for key, value in properties.items()},
                              self.decoded(data, False)))
            else:
                self.assertNotIn("##[", line)
        return found

    def decoded(self, text, is_property):
        pairs = [("%0D", "\r"), ("%0A", "\n")] + ([("%3A", ":"), ("%2C", ",")] if is_property else []) + [("%25", "%")]
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    def test_annotations_are_the_findings(self):
        names = {"critical": "error", "warning": "warning", "information": "notice", None: "notice"}
        for case, text in self.each(refusals=False):
            expected = [("error", case.report["tool"]["name"], None, None) for _ in case.report["faults"]]
            for check in case.report["checks"]:
                if check["status"] == "unknown":
                    source = check["source"]
                    expected.append((names[check["severity"]], check["check"] + ".unknown", source["file"], source["line"]))
                for item in check["findings"]:
                    source = item["source"] or check["source"]
                    expected.append((names[item["severity"]], item["id"], source["file"], source["line"]))
            found = [(name, keys["title"], keys.get("file"), int(keys["line"]) if "line" in keys else None)
                     for name, keys, _ in self.commands(text)]
            self.assertEqual(found, expected)

    def test_every_message_is_there(self):
        case = CASES["everything"]
        said = [data for _, _, data in self.commands(case.texts["github"])]
        for check in case.report["checks"]:
            for finding in check["findings"]:
                self.assertTrue(any(finding["id"] in data for data in said))
        self.assertTrue(any(data.startswith("</script><script>alert(1)</script>") for data in said))

    def test_a_refusal_is_an_annotation_for_each_fault(self):
        for case, text in self.each(refusals=True):
            self.assertEqual([(name, keys["file"], int(keys["line"])) for name, keys, _ in self.commands(text)],
                             [("error", error["file"], error["line"]) for error in case.report["errors"]])


class Nagios(FormatTest):
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
            for status, count in counted(self.statuses(case)).items():
                self.assertEqual(values[status], count)

    def test_exit_codes_are_those_of_nagios(self):
        roots = {name: CASES[name].root for name in ("healthy", "nothing", "everything", "refused")}
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


class Prometheus(FormatTest):
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


class Markdown(FormatTest):
    format = "markdown"
    ours = {"ERROR", "OK", "WARNING", "critical", "warning", "information", "Fault of the run itself:"}

    def tokens(self, text):
        reader = MarkdownIt("gfm-like", {"html": True, "linkify": True})
        for token in reader.parse(text):
            yield token
            yield from token.children or []

    def test_nothing_becomes_markup(self):
        known = {"heading_open", "heading_close", "inline", "text", "code_inline", "paragraph_open", "paragraph_close",
                 "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "table_open", "table_close",
                 "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close",
                 "td_open", "td_close", "strong_open", "strong_close", "hr"}
        for _, text in self.each():
            tokens = list(self.tokens(text))
            self.assertEqual({token.type for token in tokens} - known, set())
            strong = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "strong_open"]
            self.assertEqual(set(strong) - self.ours, set())
            self.assertLessEqual(sum(token.type == "hr" for token in tokens), 1)

    def test_mentions_and_references_are_code(self):
        for _, text in self.each():
            plain = " ".join(token.content for token in self.tokens(text) if token.type == "text")
            self.assertNotRegex(plain, r"@\w|#\d|https?:|www\.|:[a-z_]+:")

    def test_the_reader_finds_it(self):
        with_html = MarkdownIt("gfm-like", {"html": True, "linkify": True})
        self.assertIn("html_inline", [child.type for token in with_html.parse("a <b> c") for child in token.children or []])
        self.assertIn("link_open", [child.type for token in with_html.parse("www.example.org") for child in token.children or []])

    def test_the_table_counts(self):
        for case, text in self.each(refusals=False):
            if not case.report["checks"]:
                continue
            rows, row = [], []
            tokens = list(self.tokens(text))
            for place, token in enumerate(tokens):
                if token.type in ("th_open", "td_open"):
                    row.append(tokens[place + 1].content)
                elif token.type == "tr_close":
                    rows.append(row)
                    row = []
            self.assertEqual({len(row) for row in rows}, {len(rows[0])})
            sums = {name: sum(int(row[place]) for row in rows[1:]) for place, name in enumerate(rows[0]) if place > 1}
            self.assertEqual(sums, counted(self.statuses(case)))
            self.assertEqual(sum(int(row[1]) for row in rows[1:]), len(case.report["checks"]))

    def test_every_finding_is_in_it(self):
        for case, text in self.each(refusals=False):
            code = {token.content for token in self.tokens(text) if token.type == "code_inline"}
            for check in case.report["checks"]:
                for finding in check["findings"]:
                    self.assertIn(finding["id"], code)
                    self.assertIn("{file}:{line}:{column}".format(**finding["source"]), code)


class HTML(FormatTest):
    format = "html"
    elements = set("html head meta title style body header a h1 p span dl div dt dd main h2 form label input fieldset legend "
                   "table caption thead tbody tr th td ul li code small section details summary footer script".split())
    attributes = set("lang charset http-equiv content name class href id role hidden type value checked autocomplete "
                     "aria-controls aria-labelledby aria-live tabindex scope data-status colspan".split())

    def tree(self, text):
        return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)

    def test_a_strict_parser_finds_only_what_we_write(self):
        for _, text in self.each():
            tree = self.tree(text)
            self.assertEqual({element.tag for element in tree.iter()} - self.elements, set())
            self.assertEqual({name for element in tree.iter() for name in element.attrib} - self.attributes, set())
            self.assertLessEqual(len(tree.findall(".//script")), 1)
            links = [element.get("href") for element in tree.iter("a")]
            self.assertEqual(set(links), {"#main"})
            ids = [element.get("id") for element in tree.iter() if element.get("id")]
            self.assertEqual(len(ids), len(set(ids)))
            self.assertIn("main", ids)

    def test_the_table_is_accessible_and_complete(self):
        for case, text in self.each(refusals=False):
            table, = self.tree(text).iter("table")
            self.assertTrue("".join(table.find("caption").itertext()))
            self.assertEqual({cell.get("scope") for cell in table.find("thead").iter("th")}, {"col"})
            rows = table.find("tbody").findall("tr")
            if not case.report["checks"]:
                self.assertEqual("".join(rows[0].itertext()).strip(), "Nothing was checked")
                continue
            self.assertEqual([row.find("th").get("scope") for row in rows], ["row"] * len(rows))
            self.assertEqual(counted(row.get("data-status") for row in rows), counted(self.statuses(case)))
            told = " ".join(table.itertext())
            for check in case.report["checks"]:
                for finding in check["findings"]:
                    self.assertIn(finding["id"], told)

    def test_a_refusal_says_what_is_wrong(self):
        for case, text in self.each(refusals=True):
            told = " ".join(self.tree(text).itertext())
            for error in case.report["errors"]:
                self.assertIn("{file}:{line}:{column}: {message}".format(**error), told)


class Page(unittest.TestCase):
    """The page in a real browser."""

    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, name, **options):
        path = Path(FOLDER.name) / f"{name}.html"
        path.write_text(CASES[name].texts["html"])
        self.browser.open(path, **options)

    def shown(self):
        return self.browser.evaluate("Array.from(document.querySelectorAll('#checks tbody tr')).filter(r => r.offsetHeight)"
                                     ".map(r => r.dataset.status)")

    def told(self):
        return self.browser.evaluate("document.getElementById('shown').textContent")

    def test_it_asks_for_nothing_and_runs_nothing_else(self):
        for name in CASES:
            for scripts in (True, False):
                with self.subTest(f"{name}, scripts {scripts}"):
                    self.open(name, scripts=scripts)
                    self.assertEqual(self.browser.troubles(), [])
                    # The style is applied: the policy knows it.
                    self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).margin"), "0px")

    def test_a_script_that_came_in_would_not_run(self):
        path = Path(FOLDER.name) / "attacked.html"
        text = CASES["everything"].texts["html"]
        path.write_text(text.replace("<main>", "<main><script>alert(1)</script><img src=x onerror='alert(2)'>"))
        self.browser.open(path)
        troubles = json.dumps(self.browser.troubles())
        self.assertIn("Content Security Policy", troubles)
        self.assertEqual(self.browser.saw("Page.javascriptDialogOpening"), [])

    def test_without_scripts_everything_is_readable(self):
        case = CASES["everything"]
        self.open("everything", scripts=False)
        self.assertEqual(counted(self.shown()), counted(check["status"] for check in case.report["checks"]))
        self.assertEqual(self.browser.evaluate("document.getElementById('controls').offsetHeight"), 0)
        self.assertEqual(self.told(), f"{len(case.report['checks'])} checks")
        text = self.browser.evaluate("document.body.innerText")
        for check in case.report["checks"]:
            for finding in check["findings"]:
                self.assertIn(finding["id"], text)

    def test_filter_and_search(self):
        self.open("everything")
        total = len(CASES["everything"].report["checks"])
        self.assertEqual(self.told(), f"{total} of {total} checks shown")
        self.browser.click("#controls input[value=critical]")
        self.assertTrue(self.shown() and "critical" not in self.shown())
        self.assertEqual(self.told(), f"{len(self.shown())} of {total} checks shown")
        self.browser.click("#controls input[value=critical]")
        self.browser.click("#search")
        self.browser.type("LOCKED process")
        self.assertEqual(self.shown(), ["unknown"])
        self.assertEqual(self.told(), f"1 of {total} checks shown")
        self.browser.type(" nowhere")
        self.assertEqual((self.shown(), self.told()), ([], f"0 of {total} checks shown"))
        self.browser.key("Enter", 13)
        self.assertEqual(self.browser.evaluate("location.search"), "")
        self.assertEqual(self.browser.troubles(), [])

    def test_the_keyboard_reaches_the_skip_link_first(self):
        self.open("everything")
        self.browser.key("Tab", 9)
        self.assertEqual(self.browser.evaluate("document.activeElement.className"), "skip")
        self.assertGreaterEqual(self.browser.evaluate("document.activeElement.getBoundingClientRect().x"), 0)
        self.browser.key("Enter", 13)
        self.assertEqual(self.browser.evaluate("location.hash"), "#main")

    def test_assistive_technology_sees_the_table(self):
        for width in (1280, 390):
            with self.subTest(width):
                self.open("everything", width=width)
                self.check_roles(self.browser.roles())

    def check_roles(self, roles):
        names = collections.defaultdict(list)
        for role, name in roles:
            names[role].append(name)
        self.assertIn("What was looked at, in groups, and what was found", names["table"])
        self.assertEqual(names["columnheader"], ["Status", "Resource", "What was found", "Took"])
        self.assertEqual(len(names["rowheader"]), len(CASES["everything"].report["checks"]))
        self.assertEqual(names["searchbox"], ["Search"])
        self.assertEqual(len(names["status"]), 1)
        for role in ("main", "search", "heading", "link", "checkbox"):
            self.assertTrue(names[role], role)

    def test_it_fits_narrow_screens(self):
        for name in ("everything", "refused"):
            self.open(name, width=320)
            self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 320)
            self.assertLessEqual(self.browser.evaluate("document.getElementById('main').scrollWidth"), 320)
        self.open("everything", width=320)
        self.browser.click("#controls input[value=critical]")
        self.assertNotIn("critical", self.shown())

    contrast = """(() => {
      const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
      const rgb = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data; };
      const light = color => { const c = Array.from(rgb(color).slice(0, 3), v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]; };
      const back = element => { for (; element; element = element.parentElement) {
        const color = getComputedStyle(element).backgroundColor; if (rgb(color)[3] === 255) { return color; } } return '#fff'; };
      const worst = {};
      for (const element of document.querySelectorAll('body *')) {
        if (!element.offsetHeight || !Array.from(element.childNodes).some(n => n.nodeType === 3 && n.data.trim())) { continue; }
        const [a, b] = [light(getComputedStyle(element).color), light(back(element))].sort((x, y) => y - x);
        const name = element.tagName + '.' + element.className;
        worst[name] = Math.min(worst[name] ?? 99, (a + 0.05) / (b + 0.05));
      }
      return worst;
    })()"""

    def test_text_has_contrast_in_light_and_dark(self):
        for scheme in ("light", "dark"):
            for name in ("everything", "healed", "refused"):
                self.open(name, scheme=scheme)
                found = self.browser.evaluate(self.contrast)
                self.assertGreater(len(found), 5)
                self.assertEqual({key: value for key, value in found.items() if value < 4.5}, {}, f"{name} {scheme}")

    def test_screenshots(self):
        backgrounds = set()
        for name in ("everything", "healed", "refused"):
            for scheme in ("light", "dark"):
                self.open(name, scheme=scheme)
                backgrounds.add((scheme, self.browser.evaluate("getComputedStyle(document.body).backgroundColor")))
                picture = schemas.CACHE / f"{name}-{scheme}.png"
                self.browser.screenshot(picture)
                self.assertGreater(picture.stat().st_size, 10_000)
        self.open("everything", width=390)
        self.browser.screenshot(schemas.CACHE / "everything-narrow.png")
        self.assertEqual(len(backgrounds), 2)
        self.assertEqual(len({color for _, color in backgrounds}), 2)


class Secrets(unittest.TestCase):
    """Values of secret variables reach no output, no file and no journal, whatever is asked for."""

    def test_no_byte_of_them_appears_anywhere(self):
        with tempfile.TemporaryDirectory(prefix="selfheal-secrets-") as name:
            root, out = Path(name) / "root", Path(name) / "out"
            root.mkdir()
            out.mkdir()
            hostile.make(root)
            said = {}
            for format in hostile.FORMATS:
                for tool, options in [("validate-startup", ["--check-only"]), ("validate-startup", []), ("auto-heal", []),
                                      ("auto-heal", ["--dry-run"]), ("selfheal", ["plan"]), ("selfheal", ["undo"])]:
                    for more in ([], ["--verbose"]):
                        file = out / f"{len(said)}.{format}"
                        answer = hostile.run(root, tool, *options, "--format", format, *more, "--output", f"{format}={file}",
                                             "--output", f"json={file}.json")
                        said[f"{tool} {options} {format} {more}"] = answer.stdout + answer.stderr
            for words in (["history"], ["history", "1"], ["history", "1", "--format", "json"], ["history", "--format", "json"]):
                said[str(words)] = hostile.run(root, "selfheal", *words, check=0).stdout
            places = {place: place.read_bytes() for place in Path(name).rglob("*") if place.is_file() and place.name != ".env"}
            self.assertTrue(any(".selfheal/journal.db" in str(place) for place in places))
            self.assertTrue(any(b"TOKEN in .env does not match its pattern" in text for text in said.values()))
            self.assertGreater(sum(place.parent == out for place in places), 100)
            for place, text in [*said.items(), *places.items()]:
                for secret in hostile.SECRETS:
                    self.assertNotIn(secret.encode(), text, place)


if __name__ == "__main__":
    unittest.main()
