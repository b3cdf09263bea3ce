"""The example as its reader uses it, with fewer documents: Make, the manifest, the programs and the databases."""

import contextlib
import http.server
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1]
TOP = EXAMPLE.parents[1]
PROGRAMS = Path(os.environ.get("SELFHEAL_BIN", TOP / ".build/debug"))
DOCUMENTS = 1006
TABLES = ("source_documents", "chunked_documents", "token_embeddings", "entities", "relationships", "knowledge_graph_nodes",
          "document_entities")


class Example(unittest.TestCase):
    def setUp(self):
        folder = Path(tempfile.mkdtemp(prefix="an example "))
        self.addCleanup(shutil.rmtree, folder)
        self.root = folder / "examples/rag"
        shutil.copytree(
            EXAMPLE, self.root, ignore=shutil.ignore_patterns("tests", "rag.db*", ".selfheal", "documents", "__pycache__"))
        shutil.copytree(TOP / "templates", folder / "templates")
        (folder / "bin").mkdir()
        (folder / "bin/selfheal").symlink_to(PROGRAMS / "selfheal")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "RAG_"))
        } | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        # Documents of its own, so that it is the same everywhere, as many as the manifest asks for.
        for number in range(DOCUMENTS):
            path = folder / f"library/doc/p{number}/copyright"
            path.parent.mkdir(parents=True)
            path.write_text(f"Number {number} speaks of prog{number % 50}(1), of /etc/file{number} of how files are listed in a directory, and of GPL-2. " * 4)
        self.environment["RAG_FOLDERS"] = str(folder / "library/doc")

    def make(self, *words, **environment):
        return subprocess.run(
            ["make", *words], cwd=self.root, capture_output=True, text=True, timeout=300, check=False,
            env=self.environment | environment)

    def sql(self, *statements):
        with contextlib.closing(sqlite3.connect(self.root / "rag.db")) as database:
            rows = [database.execute(statement).fetchall() for statement in statements]
            database.commit()
        return rows[-1]

    def counts(self):
        return [self.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]

    def test_from_14_to_100_per_cent(self):
        answer = self.make("documents")
        self.assertEqual(answer.returncode, 0, answer)
        answer = self.make("check-readiness")
        self.assertEqual(answer.returncode, 2)
        self.assertRegex(answer.stdout, r"Readiness: 14(\.\d)? % \(1/7")
        answer = self.make("-j4", "heal-data")
        self.assertEqual(answer.returncode, 0, answer)
        answer = self.make("check-readiness")
        self.assertEqual(answer.returncode, 0)
        self.assertIn("100 % (7/7", answer.stdout)
        self.assertEqual(
            self.counts(),
            [DOCUMENTS, DOCUMENTS, self.counts()[2], 3 * DOCUMENTS, 3 * DOCUMENTS, 50 + DOCUMENTS + 1, 3 * DOCUMENTS])
        self.assertGreaterEqual(self.counts()[2], 5 * DOCUMENTS)
        self.assertEqual(self.sql("PRAGMA foreign_key_check"), [])
        # Nothing is left to do, and nothing is done.
        answer = self.make("heal-data")
        self.assertIn("nothing to do", answer.stdout)
        answer = self.make("validate-healing")
        self.assertEqual(answer.returncode, 0)

        # Losing one table makes it again, and nothing else.
        before = self.counts()
        self.sql("DELETE FROM knowledge_graph_nodes")
        answer = self.make("heal-data")
        self.assertEqual(answer.returncode, 0)
        self.assertEqual([line for line in answer.stdout.splitlines() if line.startswith("[HEALING]")], ["[HEALING] knowledge_graph_nodes"])
        self.assertEqual(self.counts(), before)

    def test_a_document_that_changes_is_read_again_and_no_other(self):
        self.make("dev-setup")
        self.sql("UPDATE source_documents SET digest = 'other', content = 'It is about https://example.org, and of nothing else. ' "
                 "WHERE doc_id = 'doc:p7/copyright'")
        answer = self.make("heal-data")
        self.assertEqual(answer.returncode, 0, answer)
        self.assertIn("[OK] entities: 1 row of 1 unit", answer.stdout)
        self.assertEqual(
            self.sql("SELECT entity_name FROM entities WHERE source_doc_id = 'doc:p7/copyright'"), [("https://example.org",)])
        self.assertEqual(self.sql("SELECT count(*) FROM entities"), [(3 * DOCUMENTS - 2,)])

    def test_too_few_documents_are_said_to_be_too_few(self):
        answer = self.make("tables")
        answer = self.make("heal-data", RAG_DOCUMENTS="100")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("more-documents.sh", answer.stdout + answer.stderr)
        self.assertEqual(self.counts(), [0] * 7)

    def test_entities_from_a_language_model(self):
        asked = []

        class Model(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append((self.path, self.headers["Authorization"], question["model"]))
                # Every tenth time it wants to be left alone.
                busy = len(asked) % 10 == 3
                text = "Here:\n```json\n" + json.dumps([{"name": "GNU make", "type": "PROGRAM", "description": "d"}]) + "\n```"
                body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
                self.send_response(429 if busy else 200)
                if busy:
                    self.send_header("Retry-After", "0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.make("documents")
        self.sql("UPDATE source_documents SET content = '', title = '' WHERE rowid > 30")
        command = ("entities", "MANIFEST=with-llm.yaml")
        settings = {
            "RAG_MODEL_URL": f"http://127.0.0.1:{server.server_port}/v1", "RAG_MODEL": "small", "RAG_MODEL_KEY": "s3cret-key"}
        answer = self.make(*command, **settings)
        self.assertEqual(answer.returncode, 0, answer)
        self.assertNotIn("s3cret", answer.stdout + answer.stderr)
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT source_doc_id) FROM entities"), [(30, 30)])
        self.assertEqual(
            self.sql("SELECT entity_id, entity_name, entity_type FROM entities ORDER BY 1 LIMIT 1")[0][1:], ("GNU make", "PROGRAM"))
        self.assertEqual(set(asked), {("/v1/chat/completions", "Bearer s3cret-key", "small")})
        # Documents without a text were not asked about, and are done.
        self.assertLess(len(asked), 45)
        count = len(asked)
        self.assertEqual(self.make(*command, **settings).returncode, 0)
        self.assertEqual(len(asked), count)


if __name__ == "__main__":
    unittest.main()
