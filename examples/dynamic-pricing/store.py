"""Everything the application reads: parameterised queries on databases opened read-only, one connection a request."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pricing
from settings import Settings

Row = Dict[str, Any]

PRODUCTS = """
SELECT p.id, p.sku, p.title, p.category, p.currency, p.cost, p.price, p.stock, p.source_url, p.updated_at,
       (SELECT min(t.price) FROM market_ticks AS t
         WHERE t.product_id = p.id AND t.in_stock = 1 AND t.observed_at >= datetime('now', '-30 days')) AS lowest
  FROM product_catalog AS p
 WHERE p.active = 1 AND (:category IS NULL OR p.category = :category) AND (:sku IS NULL OR p.sku = :sku)
 ORDER BY p.sku LIMIT :limit
"""
TICKS = """
SELECT competitor, price, in_stock, observed_at FROM market_ticks
 WHERE product_id = :product ORDER BY observed_at DESC LIMIT :limit
"""
PROPOSALS = """
SELECT p.sku, p.title, p.currency, r.old_price, r.new_price, r.reason, r.status, r.created_at, r.decided_at
  FROM price_proposals AS r JOIN product_catalog AS p ON p.id = r.product_id
 WHERE (:status IS NULL OR r.status = :status) ORDER BY r.created_at DESC, r.id DESC LIMIT :limit
"""
JOBS = """
SELECT source, status, rows_read, rows_rejected, error, started_at, finished_at
  FROM ingestion_jobs ORDER BY created_at DESC, id DESC LIMIT :limit
"""
DEMAND = """
SELECT sku, region, demand, average_price, lowest_price, max(day) AS day
  FROM market_data WHERE region = :region GROUP BY sku ORDER BY sku
"""
LIMITS = """
SELECT sku, region, currency, list_price, floor_price, ceiling_price, valid_from
  FROM pricing_list WHERE region = :region AND valid_to IS NULL ORDER BY sku
"""
THREADS = """
SELECT t.id, t.title, t.created_at, t.updated_at,
       (SELECT count(*) FROM messages AS m WHERE m.thread_id = t.id) AS messages,
       (SELECT s.content FROM summaries AS s WHERE s.thread_id = t.id ORDER BY s.created_at DESC, s.id DESC LIMIT 1)
         AS summary
  FROM threads AS t WHERE t.archived = 0 ORDER BY coalesce(t.updated_at, t.created_at) DESC LIMIT :limit
"""
# Whether a secret is there, never the secret.
ACCOUNTS = """
SELECT count(*) AS users,
       coalesce(sum(two_factor_enabled = 1 AND totp_secret IS NOT NULL), 0) AS two_factor,
       (SELECT count(*) FROM session_tokens WHERE revoked_at IS NULL AND expires_at > datetime('now')) AS sessions
  FROM users WHERE active = 1
"""


class StoreError(Exception):
    """A database could not answer; says which."""


class Store:
    def __init__(self, settings: Settings, rules: Dict[str, float]):
        self.settings = settings
        self.rules = rules

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[sqlite3.Connection]:
        path: Path = self.settings.databases[name]
        try:
            with contextlib.closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{name}.db: {error}") from error

    def _rows(self, name: str, query: str, **values: Any) -> List[Row]:
        with self._open(name) as connection:
            return [dict(row) for row in connection.execute(query, values)]

    def products(self, category: Optional[str] = None, sku: Optional[str] = None, limit: int = 100) -> List[Row]:
        """The catalogue, each product with the price the rules suggest."""
        rows = self._rows("data", PRODUCTS, category=category, sku=sku, limit=limit)
        demand = {row["sku"]: row for row in self._rows("market", DEMAND, region="EU")}
        limits = {row["sku"]: row for row in self._rows("market", LIMITS, region="EU")}
        for row in rows:
            bounds = limits.get(row["sku"], {})
            row["suggested"] = pricing.suggest(
                row["price"],
                rules=self.rules,
                cost=row["cost"],
                lowest=row["lowest"],
                demand=demand.get(row["sku"], {}).get("demand"),
                floor=bounds.get("floor_price"),
                ceiling=bounds.get("ceiling_price"),
            )
        return rows

    def product(self, sku: str) -> Optional[Row]:
        found = self.products(sku=sku, limit=1)
        if not found:
            return None
        return {**found[0], "ticks": self._rows("data", TICKS, product=found[0]["id"], limit=50)}

    def proposals(self, status: Optional[str] = None, limit: int = 50) -> List[Row]:
        return self._rows("data", PROPOSALS, status=status, limit=limit)

    def jobs(self, limit: int = 10) -> List[Row]:
        return self._rows("data", JOBS, limit=limit)

    def market(self, region: str = "EU") -> Row:
        return {
            "region": region,
            "demand": self._rows("market", DEMAND, region=region),
            "limits": self._rows("market", LIMITS, region=region),
        }

    def threads(self, limit: int = 20) -> List[Row]:
        return self._rows("chat", THREADS, limit=limit)

    def accounts(self) -> Row:
        return self._rows("auth", ACCOUNTS)[0]

    def health(self) -> Row:
        """Asks every question the application ever asks, so that a lost table or column shows here first."""
        faults = []
        for question in (self.products, self.proposals, self.jobs, self.threads, self.accounts):
            try:
                question()
            except StoreError as error:
                faults.append(str(error))
        return {
            "status": "degraded" if faults else "ok",
            "faults": sorted(set(faults)),
            "integrations": self.settings.integrations,
        }
