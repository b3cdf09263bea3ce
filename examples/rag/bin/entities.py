#!/usr/bin/python3
"""What a document speaks of, by rules: licences, people, programs, files and addresses; at most ten. Some speak of nothing."""

import re

from lines import answer

LIMIT = 10
RULES = (
    ("LICENCE", r"\b((?:A|L)?GPL-[\d.]+\+?|Apache-2\.0|MIT|BSD-\d-[Cc]lause|MPL-[\d.]+|Artistic|Expat|Zlib|ISC)(?!\w)", "a licence"),
    ("PERSON", r"\b([A-Z][a-z]+(?: [A-Z]\.)?(?: [A-Z][a-z]+)+) <[^>\s]+@[^>\s]+>", "somebody who wrote it"),
    ("PROGRAM", r"\b([a-z][\w.+-]*)\([1-8]\)", "another manual page"),
    ("FILE", r"(?<![\w/])(/(?:etc|usr|var|dev|proc)/[\w./+-]*\w)", "a file or folder"),
    ("ADDRESS", r"(https?://[\w.-]+)", "a place on the Web"),
)


def entities(document):
    found = {}
    for entity_type, rule, description in RULES:
        for match in re.finditer(rule, document["content"]):
            entity_id = f"{document['doc_id']}_{match[1].replace(' ', '_')}"
            found.setdefault(entity_id, (match[1], entity_type, description))
    for entity_id, (name, entity_type, description) in list(found.items())[:LIMIT]:
        yield {
            "entity_id": entity_id, "entity_name": name, "entity_type": entity_type, "description": description,
            "source_doc_id": document["doc_id"],
        }


if __name__ == "__main__":
    answer(entities)
