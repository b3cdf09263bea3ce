#!/usr/bin/python3
"""Finds the chunks that a question is about, by the tokens they share with it: what the tables are there for.

usage: ask.py QUESTION
Exit status 1 when nothing is found.
"""

import contextlib
import re
import sqlite3
import sys

SHOWN = 3


def main():
    words = sorted(set(re.findall(r"\w{3,}", " ".join(sys.argv[1:]).lower())))
    if not words:
        print(__doc__, file=sys.stderr)
        return 64
    score = " + ".join(["(instr(lower(text), ?) > 0)"] * len(words))
    with contextlib.closing(sqlite3.connect("file:rag.db?mode=ro", uri=True)) as database:
        rows = database.execute(
            f"SELECT {score} AS score, title, substr(text, 1, 160) FROM chunked_documents JOIN source_documents USING (doc_id)"
            " WHERE score > 0 ORDER BY score DESC, chunk_id LIMIT ?", [*words, SHOWN]).fetchall()
    for score, title, text in rows:
        print(f"{score}/{len(words)}  {title}: {text}…")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
