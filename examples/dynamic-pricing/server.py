#!/usr/bin/env python3
"""Dynamic pricing: a small back end over four SQLite databases. Standard library only, Python 3.8 or newer."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Optional, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

import page
import pricing
import settings
from store import Store, StoreError


class Stop(Exception):
    """Somebody asked the server to stop."""


class BadRequest(Exception):
    pass


def limit(query: Dict[str, str], default: int) -> int:
    text = query.get("limit", str(default))
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= 1000:
        raise BadRequest("limit is a number from 1 to 1000")
    return int(text)


def api(store: Store, path: str, query: Dict[str, str]) -> Tuple[HTTPStatus, Any]:
    """The JSON side: what is at `path` under /api/."""
    if path == "health":
        health = store.health()
        return (HTTPStatus.OK if health["status"] == "ok" else HTTPStatus.SERVICE_UNAVAILABLE), health
    if path == "prices":
        rows = store.products(category=query.get("category"), limit=limit(query, 100))
        return HTTPStatus.OK, {"currency": store.settings.currency, "prices": rows}
    if path.startswith("prices/"):
        found = store.product(path[len("prices/") :])
        if found:
            return HTTPStatus.OK, found
    if path == "proposals":
        return HTTPStatus.OK, {"proposals": store.proposals(query.get("status"), limit(query, 50))}
    if path == "jobs":
        return HTTPStatus.OK, {"jobs": store.jobs(limit(query, 10))}
    if path == "market":
        return HTTPStatus.OK, store.market(query.get("region", "EU"))
    if path == "threads":
        return HTTPStatus.OK, {"threads": store.threads(limit(query, 20))}
    if path == "accounts":
        return HTTPStatus.OK, store.accounts()
    return HTTPStatus.NOT_FOUND, {"error": "nothing here"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "dynamic-pricing"
    sys_version = ""
    timeout = 15
    server: "Server"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        wants_page = url.path == "/"
        try:
            if wants_page:
                self._send(HTTPStatus.OK, page.render(self.server.store), "text/html; charset=utf-8")
            elif url.path.startswith("/api/"):
                self._json(*api(self.server.store, unquote(url.path[len("/api/") :]), query))
            else:
                self._json(HTTPStatus.NOT_FOUND, {"error": "nothing here"})
        except BadRequest as error:
            self._json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except StoreError as error:
            self.log_error("%s", error)
            if wants_page:
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, page.render_fault(str(error)), "text/html; charset=utf-8")
            else:
                self._json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)})

    do_HEAD = do_GET

    def _json(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False) + "\n", "application/json; charset=utf-8")

    def _send(self, status: HTTPStatus, text: str, kind: str) -> None:
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True  # a client that keeps its connection open does not hold up the end
    block_on_close = False

    def __init__(self, address: Tuple[str, int], store: Store):
        self.store = store
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}/"


def serve(root: Path) -> None:
    config = settings.load(root)
    store = Store(config, pricing.load_rules(root))
    with Server((config.host, config.port), store) as server:
        # Scripts find the running server, and its port when PORT=0, in this file.
        note = root / "backend" / "server.json"
        note.write_text(json.dumps({"url": server.url, "pid": os.getpid()}) + "\n", encoding="utf-8")
        try:
            print(f"dynamic-pricing listens on {server.url}", flush=True)
            server.serve_forever(poll_interval=0.1)
        finally:
            note.unlink()


def main(arguments: Optional[list] = None) -> int:
    def stop(*_: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # asked once is enough: the clean-up is not interrupted
        raise Stop

    parser = argparse.ArgumentParser(description="Serves the dynamic pricing example.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="the application's root")
    options = parser.parse_args(arguments)
    try:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        serve(options.root.resolve())
    except Stop:
        print("dynamic-pricing stopped", flush=True)
    except (settings.SettingsError, pricing.RulesError) as error:
        print(f"dynamic-pricing: {error}", file=sys.stderr)
        return os.EX_CONFIG
    except OSError as error:
        print(f"dynamic-pricing: cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
