#!/usr/bin/env python3
"""Adds a few demo rows to the example's databases. Running it again adds nothing."""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import sys
from pathlib import Path

import settings

ROWS = {
    "data": """
        INSERT INTO product_catalog (id, sku, title, category, cost, price, stock, source_url, updated_at) VALUES
          (1, 'KB-100', 'Mechanical keyboard', 'input', 52, 89.90, 40, 'https://shop.example/kb-100', datetime('now')),
          (2, 'MS-210', 'Wireless mouse', 'input', 14, 29.50, 120, 'https://shop.example/ms-210', datetime('now')),
          (3, 'MN-270', '27-inch monitor', 'display', 180, 249, 15, NULL, datetime('now', '-1 day'));
        INSERT INTO market_ticks (product_id, competitor, price, observed_at) VALUES
          (1, 'northwind', 84.99, datetime('now', '-2 hours')), (1, 'contoso', 91.00, datetime('now', '-3 hours')),
          (2, 'northwind', 31.00, datetime('now', '-2 hours')), (3, 'contoso', 239.00, datetime('now', '-5 hours'));
        INSERT INTO price_proposals (product_id, old_price, new_price, reason, status, decided_at) VALUES
          (1, 89.90, 84.14, 'northwind is lower', 'open', NULL),
          (2, 27.90, 29.50, 'demand is up', 'accepted', datetime('now', '-1 day'));
        INSERT INTO ingestion_jobs (source, status, rows_read, started_at, finished_at) VALUES
          ('northwind feed', 'done', 2, datetime('now', '-2 hours'), datetime('now', '-2 hours'));
        """,
    # No password opens these accounts: '!' is not a hash.
    "auth": """
        INSERT INTO users (id, email, name, password_hash, role, two_factor_enabled, totp_secret) VALUES
          (1, 'ada@example.org', 'Ada', '!', 'manager', 1, 'demo-only'),
          (2, 'joe@example.org', 'Joe', '!', 'analyst', 0, NULL);
        INSERT INTO session_tokens (user_id, token_hash, expires_at) VALUES (1, 'demo-only', datetime('now', '+1 day'));
        """,
    "chat": """
        INSERT INTO threads (id, user_id, title, updated_at) VALUES (1, 1, 'Keyboards in spring', datetime('now'));
        INSERT INTO messages (id, thread_id, role, content) VALUES
          (1, 1, 'user', 'Should we follow northwind down?'),
          (2, 1, 'assistant', 'Yes, by one percent: the margin holds.');
        INSERT INTO summaries (thread_id, last_message_id, content) VALUES (1, 2, 'Follow northwind by one percent.');
        """,
    "market": """
        INSERT INTO market_data (sku, demand, average_price, lowest_price, day) VALUES
          ('KB-100', 1.1, 88, 84.99, date('now')), ('MS-210', 1.3, 30.2, 28.9, date('now'));
        INSERT INTO pricing_list (sku, list_price, floor_price, ceiling_price, valid_from) VALUES
          ('KB-100', 99, 70, 109, date('now', 'start of year')), ('MS-210', 32, 20, 36, date('now', 'start of year'));
        """,
}
FIRST_TABLE = {"data": "product_catalog", "auth": "users", "chat": "threads", "market": "market_data"}


def seed(config: settings.Settings) -> int:
    """How many databases got rows; one that has any is left alone."""
    seeded = 0
    for name, script in ROWS.items():
        uri = config.databases[name].resolve().as_uri() + "?mode=rw"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            if connection.execute(f"SELECT EXISTS (SELECT 1 FROM {FIRST_TABLE[name]})").fetchone()[0]:
                continue
            connection.executescript(f"BEGIN IMMEDIATE; {script} COMMIT;")
            seeded += 1
    return seeded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="the application's root")
    try:
        count = seed(settings.load(parser.parse_args().root.resolve()))
    except (settings.SettingsError, sqlite3.Error) as error:
        print(f"seed: {error} (has the application been healed? see run_full_app.sh --no-start)", file=sys.stderr)
        return 1
    print(f"demo rows added to {count} of {len(ROWS)} databases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
