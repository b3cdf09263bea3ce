"""Markdown, read by a parser of GitHub's flavour."""

import unittest

from markdown_it import MarkdownIt

import support


class Markdown(support.FormatTest):
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
            self.assertEqual(sums, support.counted(self.statuses(case)))
            self.assertEqual(sum(int(row[1]) for row in rows[1:]), len(case.report["checks"]))

    def test_every_finding_is_in_it(self):
        for case, text in self.each(refusals=False):
            code = {token.content for token in self.tokens(text) if token.type == "code_inline"}
            for check in case.report["checks"]:
                for finding in check["findings"]:
                    self.assertIn(finding["id"], code)
                    self.assertIn("{file}:{line}:{column}".format(**finding["source"]), code)


if __name__ == "__main__":
    unittest.main()
