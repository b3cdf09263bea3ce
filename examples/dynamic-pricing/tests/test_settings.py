import unittest

import support
import settings


class ParseEnv(unittest.TestCase):
    def test_values(self):
        for text, value in {
            "A=b": "b",
            " export A = b ": "b",
            "A=b # comment": "b",
            "A=b#c": "b#c",
            "A=": "",
            "A='b # c' # d": "b # c",
            'A="x\\ny"': "x\ny",
            "A='x\\ny'": "x\\ny",
            'A="say \\"hi\\""': 'say "hi"',
            "A=${HOME}": "${HOME}",
            "# A=c\r\n\r\nA=b\r\n": "b",
        }.items():
            with self.subTest(text=text):
                self.assertEqual(settings.parse_env(text), {"A": value})

    def test_a_name_alone_sets_nothing(self):
        self.assertEqual(settings.parse_env("A\nB=1"), {"B": "1"})

    def test_faults_name_the_line_and_hide_the_value(self):
        for text in ("A=1\nB='hunter2", 'A=1\nB="hunter2" x', "A=1\nhunter2 x = b", "A=1\n-hunter2=3"):
            with self.subTest(text=text), self.assertRaises(settings.SettingsError) as caught:
                settings.parse_env(text)
            self.assertIn("line 2", str(caught.exception))
            self.assertNotIn("hunter2", str(caught.exception))


class Load(support.RootTestCase):
    def test_template_works_as_it_is(self):
        config = settings.load(self.root, {})
        self.assertEqual((config.host, config.port, config.currency), ("127.0.0.1", 8000, "EUR"))
        self.assertEqual(config.integrations, {"openai": False, "market": False})
        wanted = {self.root / path for path in support.MANIFEST["databases"]}
        self.assertEqual(set(config.databases.values()), wanted)

    def test_manifest_and_template_name_the_same_variables(self):
        values = settings.parse_env((support.TOP / ".env.example").read_text(encoding="utf-8"))
        self.assertEqual(list(values), list(support.MANIFEST["env"]["variables"]))
        for name, variable in support.MANIFEST["env"]["variables"].items():
            self.assertEqual(values[name], str(variable.get("default", "")))

    def test_environment_wins(self):
        self.assertEqual(settings.load(self.root, {"PORT": "81"}).port, 81)

    def test_missing_file_means_defaults(self):
        (self.root / ".env").unlink()
        self.assertEqual(settings.load(self.root, {}).port, 8000)

    def test_port_that_is_none(self):
        for port in ("x", "-1", "65536", "8000 ", "٨"):
            with self.subTest(port=port), self.assertRaises(settings.SettingsError):
                settings.load(self.root, {"PORT": port})

    def test_file_that_is_not_text(self):
        (self.root / ".env").write_bytes(b"A=\xff")
        with self.assertRaises(settings.SettingsError):
            settings.load(self.root, {})


if __name__ == "__main__":
    unittest.main()
