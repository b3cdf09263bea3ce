"""Annotations, read as GitHub's runner reads them."""

import unittest

import support


class GitHub(support.FormatTest):
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
        case = support.cases()["everything"]
        said = [data for _, _, data in self.commands(case.texts["github"])]
        for check in case.report["checks"]:
            for finding in check["findings"]:
                self.assertTrue(any(finding["id"] in data for data in said))
        self.assertTrue(any(data.startswith("</script><script>alert(1)</script>") for data in said))

    def test_a_refusal_is_an_annotation_for_each_fault(self):
        for case, text in self.each(refusals=True):
            self.assertEqual([(name, keys["file"], int(keys["line"])) for name, keys, _ in self.commands(text)],
                             [("error", error["file"], error["line"]) for error in case.report["errors"]])


if __name__ == "__main__":
    unittest.main()
