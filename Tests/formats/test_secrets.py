"""Canaries in secret variables."""

import tempfile
import unittest
from pathlib import Path

import hostile


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
