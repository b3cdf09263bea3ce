#!/usr/bin/python3
"""Cuts documents into chunks of so many words; each begins with the last words of the one before."""

from lines import answer

WORDS = 200
OVERLAP = 40


def chunks(document):
    words = document["content"].split()
    for index, start in enumerate(range(0, max(1, len(words) - OVERLAP), WORDS - OVERLAP)):
        part = words[start:start + WORDS]
        if not part:
            return
        yield {
            "chunk_id": f"{document['doc_id']}#{index}", "doc_id": document["doc_id"], "chunk_index": index,
            "text": " ".join(part), "word_count": len(part),
        }


if __name__ == "__main__":
    answer(chunks)
