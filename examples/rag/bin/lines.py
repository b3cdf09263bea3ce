"""Rows in, rows out: what the programs here have in common."""

import json
import sys


def answer(rows):
    """For each line of standard input, a row, writes the rows that the function makes of it."""
    for line in sys.stdin:
        for row in rows(json.loads(line)):
            print(json.dumps(row))
