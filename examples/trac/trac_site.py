"""Uses a Trac site as its people do: files tickets, comments on them, opens pages.

usage: trac_site.py ENVIRONMENT fill NUMBER
       trac_site.py ENVIRONMENT open PATH[=>TEXT THE PAGE MUST SHOW]...
"""

from __future__ import annotations

import re
import sys
from typing import Dict, List, Tuple
from wsgiref.util import setup_testing_defaults

from trac.env import open_environment
from trac.ticket.model import Ticket
from trac.web.main import dispatch_request

PEOPLE = ("ann", "ben", "chris")


def fill(environment: str, number: int) -> None:
    """Files tickets; every second gets a comment, every third is closed."""
    site = open_environment(environment)
    with site.db_transaction:
        for index in range(1, number + 1):
            ticket = Ticket(site)
            ticket["summary"] = f"Price list {index} is out of date"
            ticket["description"] = f"Row {index}: the price differs from the shop's; \"quoted\", 'quoted', größer, 価格."
            ticket["reporter"] = PEOPLE[index % len(PEOPLE)]
            ticket["owner"] = "ann"
            ticket["status"] = "new"
            ticket["component"] = "pricing"
            ticket["milestone"] = "Spring"
            ticket["keywords"] = "price, list"
            ticket.insert()
            if index % 3 == 0:
                ticket["status"], ticket["resolution"] = "closed", "fixed"
            if index % 2 == 0 or index % 3 == 0:
                ticket.save_changes(PEOPLE[(index + 1) % len(PEOPLE)], f"Seen, comment on {index}.")


def page(environment: str, path: str) -> Tuple[str, str]:
    """One request to the site's own WSGI application: the status and the page."""
    request: Dict[str, object] = {"trac.env_path": environment}
    setup_testing_defaults(request)
    request["PATH_INFO"], _, request["QUERY_STRING"] = path.partition("?")
    status: List[str] = []
    body = bytearray()

    def start(line: str, headers: object, exception: object = None) -> object:
        status.append(line)
        return body.extend

    for part in dispatch_request(request, start):
        body.extend(part)
    return status[-1], body.decode()


def visit(environment: str, wanted: List[str]) -> bool:
    good = True
    for entry in wanted:
        path, _, text = entry.partition("=>")
        status, html = page(environment, path)
        error = re.search(r"\w*Error: [^<\n]*", html)
        if status.startswith("200") and text in html:
            print(f"{status}  {path}")
            continue
        good = False
        reason = error.group() if error else f"the page does not show {text!r}" if text else "no reason given"
        print(f"{status}  {path}  {reason}")
    return good


def main(arguments: List[str]) -> int:
    if len(arguments) < 3 or arguments[1] not in ("fill", "open"):
        print(__doc__, file=sys.stderr)
        return 64
    environment, action, *rest = arguments
    if action == "fill":
        fill(environment, int(rest[0]))
        return 0
    return 0 if visit(environment, rest) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
