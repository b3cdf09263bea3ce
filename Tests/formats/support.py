"""What the tests of formats have in common: the cases, made once, and going through them."""

import atexit
import collections
import functools
import tempfile
import unittest
from pathlib import Path

import cases as runs


@functools.cache
def folder():
    """For as long as the tests run."""
    made = tempfile.TemporaryDirectory(prefix="selfheal-formats-")
    atexit.register(made.cleanup)
    return Path(made.name)


@functools.cache
def cases():
    """Every case by its name."""
    return runs.make(folder())


def counted(values):
    return dict(collections.Counter(values))


class FormatTest(unittest.TestCase):
    format = None
    case = ""

    def each(self, refusals=None):
        """The cases that were written in this format; `refusals`: only these, or none of them."""
        chosen = [case for case in cases().values() if self.format in case.texts
                  and (refusals is None or case.is_refusal == refusals)]
        self.assertTrue(chosen)
        for case in chosen:
            self.case = case.name
            yield case, case.texts[self.format]

    def _formatMessage(self, msg, standardMsg):
        return super()._formatMessage(msg, f"in the case '{self.case}': {standardMsg}")

    def statuses(self, case):
        return [check["status"] for check in case.report["checks"]]
