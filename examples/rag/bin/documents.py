#!/usr/bin/python3
"""What this computer has to read: manual pages, and what packages say of themselves. Answers a document a line, as JSON.

usage: documents.py [--at-least NUMBER]

RAG_DOCUMENTS: how many documents at most (1006). RAG_FOLDERS: where to look, divided by colons.
Exit status 66 when there are fewer than --at-least: more-documents.sh gets some.
"""

import gzip
import hashlib
import itertools
import json
import os
import re
import sys
from pathlib import Path

FOLDERS = "/usr/share/man:/usr/share/doc:documents/usr/share/man:documents/usr/share/doc"
#: A text is cut here, in characters: a changelog has no end.
LONGEST = 20_000
#: Shorter ones are references to others.
SHORTEST = 200
NAMES = {"readme": "readme", "copyright": "copyright", "changelog": "changelog", "news": "changelog"}


def kind(path):
    """What a file is; None for what is not read."""
    if re.fullmatch(r"man[1-8]\w*", path.parent.name):
        return "manual"
    return next((kind for name, kind in NAMES.items() if path.name.lower().startswith(name)), None)


def found(folder):
    """Files that are their own, in one order on every computer."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        # Manual pages in other languages say the same.
        if place == folder and folder.rstrip("/").endswith("man"):
            folders[:] = [name for name in folders if name.startswith("man")]
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink() and kind(path):
                yield path


def contents(path):
    opened = gzip.open(path) if path.suffix == ".gz" else open(path, "rb")
    with opened as file:
        data = file.read(8 * LONGEST)
    return data.decode("utf-8", "replace").replace("\0", "")


#: Requests of the formatter whose arguments are text.
TEXT_REQUESTS = set("B I R BR RB BI IB IR RI SB SM SH SS Sh Ss TP IP Nm Fl Ar Cm Op Pa Xr Dq Sq Ev Em Sy Nd Li Ic It UR MT".split())


def plain(text):
    """A manual page without the formatter's requests."""
    lines = []
    for line in text.splitlines():
        request = re.match(r"[.']\s*(\S*)\s*(.*)", line)
        if request:
            if request[1] not in TEXT_REQUESTS:
                continue
            line = request[2].replace('"', "")
        line = re.sub(r"\\f(\[[^]]*\]|\(..|.)|\\s[-+]?\d+|\\[&|^/,%:)]|\\\".*", "", line)
        line = re.sub(r"\\\(aq|\\\[aq\]", "'", line)
        line = re.sub(r"\\\(..|\\\[[^]]*\]|\\\*(\(..|\[[^]]*\]|.)", " ", line)
        lines.append(line.replace("\\-", "-").replace("\\e", "\\").replace("\\ ", " "))
    return "\n".join(lines)


def document(path):
    """The row of a file; None when there is nothing in it to read."""
    try:
        text = contents(path)
    except (OSError, EOFError, gzip.BadGzipFile):
        return None
    which = kind(path)
    name = path.name.removesuffix(".gz")
    if which == "manual":
        text, title = plain(text), name
        doc_id = f"man:{path.parent.name}/{name}"
    else:
        title = f"{path.parent.name}: {name}"
        doc_id = f"doc:{path.parent.name}/{name}"
    text = text.strip()[:LONGEST]
    if len(text) < SHORTEST:
        return None
    return {
        "doc_id": doc_id, "title": title, "content": text, "kind": which, "path": str(path),
        "digest": hashlib.sha256(text.encode()).hexdigest(),
    }


def chosen(folders, limit):
    """Some of each kind, without two of the same text or the same name."""
    kinds = {}
    for path in itertools.chain.from_iterable(found(folder) for folder in folders):
        kinds.setdefault(kind(path), []).append(path)
    rounds = itertools.zip_longest(*(kinds[name] for name in sorted(kinds)))
    seen = set()
    for path in filter(None, itertools.chain.from_iterable(rounds)):
        if limit <= 0:
            return
        row = document(path)
        if row and not {row["doc_id"], row["digest"]} & seen:
            seen |= {row["doc_id"], row["digest"]}
            limit -= 1
            yield row


def main():
    folders = os.environ.get("RAG_FOLDERS", FOLDERS).split(":")
    wanted = int(sys.argv[sys.argv.index("--at-least") + 1]) if "--at-least" in sys.argv else 0
    count = 0
    for row in chosen(folders, int(os.environ.get("RAG_DOCUMENTS", "1006"))):
        print(json.dumps(row))
        count += 1
    if count < wanted:
        print(f"there are {count} documents here, and {wanted} are needed: bin/more-documents.sh gets some", file=sys.stderr)
        return 66
    return 0


if __name__ == "__main__":
    sys.exit(main())
