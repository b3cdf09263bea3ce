"""The programs of the example: what they make of what they are given."""

import gzip
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(EXAMPLE / "bin"))

TEXT = "Something to read about printf(3) and others. " * 10


def run(program, *words, rows=(), **environment):
    """- Returns: the exit status, the rows, and standard error."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    answer = subprocess.run(
        [sys.executable, "-B", "-W", "error", str(EXAMPLE / "bin" / program), *words], input=lines, capture_output=True,
        text=True, timeout=120, check=False, env=dict(os.environ, **environment))
    return answer.returncode, [json.loads(line) for line in answer.stdout.splitlines()], answer.stderr


class Documents(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="a library "))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text)

    def documents(self, *words, **environment):
        folders = f"{self.folder}/man:{self.folder}/doc:{self.folder}/nowhere"
        return run("documents.py", *words, RAG_FOLDERS=folders, **environment)

    def test_what_is_read(self):
        self.write("man/man1/a.1.gz", f'.TH A 1\n.\\" no\n.SH "A name"\n\\fBbold\\fR\\-face \\(aqx\\(aq\n.nf\n{TEXT}')
        self.write("man/de/man1/a.1.gz", TEXT + "auf Deutsch")
        self.write("doc/one/copyright", TEXT + "copyright")
        self.write("doc/one/changelog.Debian.gz", TEXT + "changelog")
        self.write("doc/two/copyright", TEXT + "copyright")  # the same text again
        self.write("doc/two/README", "short")
        self.write("doc/two/README.md", TEXT + "\0é")
        self.write("doc/two/other.txt", TEXT + "other")
        (self.folder / "doc/two/changelog").symlink_to("../one/copyright")
        (self.folder / "doc/two/NEWS.gz").write_bytes(b"\x1f\x8bbroken")
        status, rows, errors = self.documents()
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(
            [(row["doc_id"], row["kind"]) for row in rows],
            [("doc:one/changelog.Debian", "changelog"), ("doc:one/copyright", "copyright"), ("man:man1/a.1", "manual"),
             ("doc:two/README.md", "readme")])
        manual = rows[2]
        self.assertTrue(manual["content"].startswith("A name\nbold-face 'x'\nSomething"), manual["content"][:60])
        self.assertNotIn("\0", rows[3]["content"])
        self.assertEqual(self.documents()[1], rows)

    def test_not_enough(self):
        self.write("doc/one/copyright", TEXT)
        self.assertEqual(self.documents("--at-least", "1")[0], 0)
        status, _, errors = self.documents("--at-least", "2")
        self.assertEqual(status, 66)
        self.assertIn("more-documents.sh", errors)

    def test_no_more_than_asked_for(self):
        for number in range(9):
            self.write(f"doc/p{number}/copyright", f"{TEXT}{number}")
        self.assertEqual(len(self.documents(RAG_DOCUMENTS="4")[1]), 4)

    def test_long_ones_are_cut(self):
        self.write("doc/one/changelog.gz", "word " * 100_000)
        self.assertEqual(len(self.documents()[1][0]["content"]), 20_000)


class Parts(unittest.TestCase):
    def rows(self, program, content):
        status, rows, errors = run(program, rows=[{"doc_id": "d", "content": content}])
        self.assertEqual((status, errors), (0, ""))
        return rows

    def test_chunks_hold_every_word_and_overlap(self):
        for count in (1, 39, 40, 199, 200, 201, 360, 361, 1000):
            words = [f"w{number}" for number in range(count)]
            rows = self.rows("chunk.py", " ".join(words))
            self.assertEqual([row["chunk_index"] for row in rows], list(range(len(rows))))
            again = rows[0]["text"].split()
            for before, row in zip(rows, rows[1:]):
                part = row["text"].split()
                self.assertEqual(part[:40], before["text"].split()[-40:])
                again += part[40:]
            self.assertEqual(again, words)
            self.assertTrue(all(0 < row["word_count"] <= 200 for row in rows))

    def test_embeddings(self):
        rows = self.rows("embed.py", "The cat, the CAT and the dog " + " ".join(f"word{n}" for n in range(50)))
        self.assertEqual([row["token"] for row in rows[:4]], ["the", "cat", "and", "dog"])
        self.assertEqual(len(rows), 32)
        for row in rows:
            self.assertAlmostEqual(math.hypot(*row["vector"]), 1, places=4)
        self.assertEqual(self.rows("embed.py", "cat")[0]["vector"], rows[1]["vector"])

    def test_entities(self):
        rows = self.rows(
            "entities.py", "By Ada B. Lovelace <ada@example.org>, under GPL-2+; see printf(3), /etc/passwd and https://gnu.org/x.")
        self.assertEqual(
            {(row["entity_type"], row["entity_name"]) for row in rows},
            {("PERSON", "Ada B. Lovelace"), ("LICENCE", "GPL-2+"), ("PROGRAM", "printf"), ("FILE", "/etc/passwd"),
             ("ADDRESS", "https://gnu.org")})
        self.assertIn("d_Ada_B._Lovelace", {row["entity_id"] for row in rows})

    def test_at_most_ten_and_none_twice(self):
        rows = self.rows("entities.py", " ".join(f"see program{n}(1)" for n in range(30)) * 2)
        self.assertEqual(len({row["entity_id"] for row in rows}), 10)
        self.assertEqual(len(rows), 10)

    def test_nothing_of_nothing(self):
        for program in ("chunk.py", "embed.py", "entities.py"):
            self.assertEqual(run(program), (0, [], ""))
            self.assertEqual(self.rows(program, " \n"), [])
        self.assertEqual(self.rows("entities.py", "nothing of note"), [])


if __name__ == "__main__":
    unittest.main()
