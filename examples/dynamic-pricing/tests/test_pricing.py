import unittest

import support
import pricing

RULES = pricing.DEFAULT_RULES


class Suggest(unittest.TestCase):
    def test_nothing_known_keeps_the_price(self):
        self.assertEqual(pricing.suggest(10, rules=RULES), 10)

    def test_undercuts_the_lowest(self):
        self.assertEqual(pricing.suggest(100, rules=RULES, lowest=95), 94.05)

    def test_demand(self):
        self.assertEqual(pricing.suggest(100, rules=RULES, demand=2), 105)
        self.assertEqual(pricing.suggest(100, rules=RULES, demand=0), 95)

    def test_never_jumps(self):
        self.assertEqual(pricing.suggest(100, rules=RULES, lowest=10), 80)
        self.assertEqual(pricing.suggest(100, rules=RULES, lowest=1000), 120)

    def test_limits_of_the_price_list(self):
        self.assertEqual(pricing.suggest(100, rules=RULES, lowest=90, floor=95), 95)
        self.assertEqual(pricing.suggest(100, rules=RULES, lowest=110, ceiling=105), 105)

    def test_never_at_a_loss(self):
        self.assertEqual(pricing.suggest(100, rules=RULES, lowest=80, cost=95, ceiling=100), 104.5)


class Rules(support.RootTestCase):
    def write(self, text):
        (self.root / "core" / "pricing.json").write_text(text, encoding="utf-8")

    def test_own_rules_replace_defaults(self):
        self.write('{"undercut": 0.5}')
        self.assertEqual(pricing.load_rules(self.root), {**RULES, "undercut": 0.5})

    def test_bad_rules_are_refused(self):
        for text in ("", "[]", '{"undercutt": 0}', '{"undercut": 2}', '{"undercut": true}', '{"undercut": "0"}'):
            with self.subTest(text=text), self.assertRaises(pricing.RulesError):
                self.write(text)
                pricing.load_rules(self.root)


if __name__ == "__main__":
    unittest.main()
