"""SARIF against the schema that OASIS publishes, and its places against the manifest's lines."""

import collections
import json
import unittest
import urllib.parse

import jsonschema

import schemas
import support


class SARIF(support.FormatTest):
    format = "sarif"

    def validator(self):
        schema = json.loads(schemas.sarif().read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        return jsonschema.Draft7Validator(schema, format_checker=jsonschema.draft7_format_checker)

    def test_schema(self):
        validator = self.validator()
        for _, text in self.each():
            self.assertEqual([f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(text))], [])

    def test_the_schema_refuses(self):
        validator = self.validator()
        text = support.cases()["everything"].texts["sarif"]
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
        case = support.cases()["everything"]
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
        runs = [json.loads(support.cases()[name].texts["sarif"])["runs"][0] for name in ("everything", "healed")]
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


if __name__ == "__main__":
    unittest.main()
