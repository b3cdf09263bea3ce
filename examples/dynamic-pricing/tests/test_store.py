import ast
import unittest

import support
import page
import pricing
import seed
import settings
import store


class StoreTestCase(support.RootTestCase):
    def setUp(self):
        super().setUp()
        self.config = settings.load(self.root, {})
        self.store = store.Store(self.config, pricing.DEFAULT_RULES)


class Empty(StoreTestCase):
    def test_every_question_has_an_answer(self):
        self.assertEqual(self.store.health()["status"], "ok")
        self.assertEqual(self.store.products(), [])
        self.assertIsNone(self.store.product("KB-100"))
        self.assertEqual(self.store.accounts(), {"users": 0, "two_factor": 0, "sessions": 0})

    def test_page_says_that_there_is_nothing(self):
        text = page.render(self.store)
        for words in ("No products yet", "No proposals yet", "Nothing was read yet", "No conversations yet"):
            self.assertIn(words, text)
        self.assertNotIn("$", text)

    def test_queries_cannot_write(self):
        for name in self.config.databases:
            with self.assertRaises(store.StoreError):
                self.store._rows(name, "CREATE TABLE intruder (x)")

    def test_missing_database_is_not_created(self):
        self.config.databases["chat"].unlink()
        with self.assertRaisesRegex(store.StoreError, "chat.db"):
            self.store.threads()
        self.assertFalse(self.config.databases["chat"].exists())


class Seeded(StoreTestCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(seed.seed(self.config), 4)

    def test_seeding_again_adds_nothing(self):
        self.assertEqual(seed.seed(self.config), 0)
        self.assertEqual(len(self.store.products()), 3)

    def test_products_with_suggestions(self):
        keyboard = self.store.product("KB-100")
        self.assertEqual(keyboard["lowest"], 84.99)
        self.assertEqual(keyboard["suggested"], 84.56)
        self.assertEqual(len(keyboard["ticks"]), 2)
        self.assertEqual([row["sku"] for row in self.store.products(category="display")], ["MN-270"])
        self.assertEqual(self.store.products(category="' OR 1 --"), [])

    def test_proposals_threads_and_accounts(self):
        self.assertEqual([row["sku"] for row in self.store.proposals("open")], ["KB-100"])
        self.assertEqual(self.store.threads()[0]["messages"], 2)
        self.assertEqual(self.store.accounts(), {"users": 2, "two_factor": 1, "sessions": 1})

    def test_page_escapes_what_it_shows(self):
        name, address = "<script>x</script>", "javascript:alert(1)"
        path = self.config.databases["data"]
        support.execute(path, f"UPDATE product_catalog SET title = '{name}', source_url = '{address}'")
        text = page.render(self.store)
        self.assertIn("&lt;script&gt;", text)
        self.assertNotIn(name, text)
        self.assertNotIn(address, text)

    def test_own_page(self):
        (self.root / "frontend" / "index.html").write_text("mine: $proposals", encoding="utf-8")
        self.assertTrue(page.render(self.store).startswith("mine: <div"))

    def test_a_lost_column_breaks_it_and_adding_it_back_mends_it(self):
        """The columns a heal adds back are really used, and can be added to a table with rows."""
        for database, table, column in (
            ("data", "product_catalog", "updated_at"),
            ("data", "product_catalog", "source_url"),
            ("chat", "threads", "updated_at"),
            ("auth", "users", "two_factor_enabled"),
            ("auth", "users", "totp_secret"),
        ):
            with self.subTest(table=table, column=column):
                path = self.config.databases[database]
                definition = support.MANIFEST["databases"][str(path.relative_to(self.root))]["tables"][table]["columns"]
                support.execute(path, f"ALTER TABLE {table} DROP COLUMN {column}")
                health = self.store.health()
                self.assertEqual(health["status"], "degraded")
                self.assertIn(column, health["faults"][0])
                support.execute(path, f"ALTER TABLE {table} ADD COLUMN {column} {definition[column]}")
                self.assertEqual(self.store.health()["status"], "ok")

    def test_every_lost_table_is_noticed(self):
        for path, database in support.MANIFEST["databases"].items():
            for table in database["tables"]:
                with self.subTest(table=table):
                    support.execute(self.root / path, f"ALTER TABLE {table} RENAME TO gone")
                    self.assertEqual(self.store.health()["status"], "degraded")
                    support.execute(self.root / path, f"ALTER TABLE gone RENAME TO {table}")


class Sources(unittest.TestCase):
    def test_oldest_python_can_read_them(self):
        for path in support.EXAMPLE.glob("*.py"):
            with self.subTest(path=path.name):
                ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


if __name__ == "__main__":
    unittest.main()
