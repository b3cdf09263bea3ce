"""The page, read by a strict parser and shown by a real browser. Screenshots are left in .build/formats."""

import collections
import json
import unittest

import html5lib

import browser
import schemas
import support


class HTML(support.FormatTest):
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
            self.assertEqual(support.counted(row.get("data-status") for row in rows), support.counted(self.statuses(case)))
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
        path = support.folder() / f"{name}.html"
        path.write_text(support.cases()[name].texts["html"])
        self.browser.open(path, **options)

    def shown(self):
        return self.browser.evaluate("Array.from(document.querySelectorAll('#checks tbody tr')).filter(r => r.offsetHeight)"
                                     ".map(r => r.dataset.status)")

    def told(self):
        return self.browser.evaluate("document.getElementById('shown').textContent")

    def test_it_asks_for_nothing_and_runs_nothing_else(self):
        for name in support.cases():
            for scripts in (True, False):
                with self.subTest(f"{name}, scripts {scripts}"):
                    self.open(name, scripts=scripts)
                    self.assertEqual(self.browser.troubles(), [])
                    # The style is applied: the policy knows it.
                    self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).margin"), "0px")

    def test_a_script_that_came_in_would_not_run(self):
        path = support.folder() / "attacked.html"
        text = support.cases()["everything"].texts["html"]
        path.write_text(text.replace("<main>", "<main><script>alert(1)</script><img src=x onerror='alert(2)'>"))
        self.browser.open(path)
        troubles = json.dumps(self.browser.troubles())
        self.assertIn("Content Security Policy", troubles)
        self.assertEqual(self.browser.saw("Page.javascriptDialogOpening"), [])

    def test_without_scripts_everything_is_readable(self):
        case = support.cases()["everything"]
        self.open("everything", scripts=False)
        self.assertEqual(support.counted(self.shown()), support.counted(check["status"] for check in case.report["checks"]))
        self.assertEqual(self.browser.evaluate("document.getElementById('controls').offsetHeight"), 0)
        self.assertEqual(self.told(), f"{len(case.report['checks'])} checks")
        text = self.browser.evaluate("document.body.innerText")
        for check in case.report["checks"]:
            for finding in check["findings"]:
                self.assertIn(finding["id"], text)

    def test_filter_and_search(self):
        self.open("everything")
        total = len(support.cases()["everything"].report["checks"])
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

    def test_where_nothing_was_checked_it_says_so(self):
        for scripts in (True, False):
            self.open("nothing", scripts=scripts)
            self.assertIn("Nothing was checked", self.browser.evaluate("document.getElementById('checks').innerText"))
        self.open("nothing")
        self.assertEqual(self.told(), "0 of 0 checks shown")

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
        self.assertEqual(len(names["rowheader"]), len(support.cases()["everything"].report["checks"]))
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
        schemas.CACHE.mkdir(parents=True, exist_ok=True)
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


if __name__ == "__main__":
    unittest.main()
