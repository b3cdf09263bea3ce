"""The page at /: page.html, or frontend/index.html when there is one, filled with what the store knows."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template
from typing import Any, Iterable, List

from store import Row, Store

BUILT_IN = Path(__file__).with_name("page.html")


def money(value: Any, currency: str) -> str:
    return "–" if value is None else f"{value:,.2f} {currency}"


def cell(value: Any, kind: str = "") -> str:
    text = "–" if value in (None, "") else html.escape(str(value))
    return f'<td class="{kind}">{text}</td>' if kind else f"<td>{text}</td>"


def table(headings: Iterable[str], rows: List[str], empty: str) -> str:
    if not rows:
        return f'<p class="empty">{html.escape(empty)}</p>'
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def product_row(row: Row) -> str:
    title = html.escape(row["title"])
    if (row["source_url"] or "").startswith(("https://", "http://")):
        title = f'<a href="{html.escape(row["source_url"])}" rel="noreferrer">{title}</a>'
    change = row["suggested"] - row["price"]
    kind = "number up" if change > 0.005 else "number down" if change < -0.005 else "number"
    return (
        f"<td>{title}<br><small>{html.escape(row['sku'])} · {html.escape(row['category'])}</small></td>"
        + cell(money(row["price"], row["currency"]), "number")
        + cell(money(row["lowest"], row["currency"]), "number")
        + cell(money(row["suggested"], row["currency"]), kind)
        + cell(row["stock"], "number")
        + cell(row["updated_at"], "time")
    )


def proposal_row(row: Row) -> str:
    prices = f"{money(row['old_price'], row['currency'])} → {money(row['new_price'], row['currency'])}"
    return cell(row["title"]) + cell(prices, "number") + cell(row["reason"]) + cell(row["status"])


def job_row(row: Row) -> str:
    rows = row["rows_read"]
    return cell(row["source"]) + cell(row["status"]) + cell(rows, "number") + cell(row["finished_at"], "time")


def thread_row(row: Row) -> str:
    return (
        cell(row["title"])
        + cell(row["messages"], "number")
        + cell(row["summary"])
        + cell(row["updated_at"] or row["created_at"], "time")
    )


def template(root: Path) -> Template:
    own = root / "frontend" / "index.html"
    return Template((own if own.is_file() else BUILT_IN).read_text(encoding="utf-8"))


def render(store: Store) -> str:
    accounts = store.accounts()
    missing = [name for name, configured in store.settings.integrations.items() if not configured]
    facts = [
        f"accounts: {accounts['users']}, with a second factor: {accounts['two_factor']}",
        f"open sessions: {accounts['sessions']}",
        f"no key for {', '.join(missing)}" if missing else "all services configured",
    ]
    return template(store.settings.root).safe_substitute(
        facts="".join(f"<li>{html.escape(fact)}</li>" for fact in facts),
        catalogue=table(
            ["Product", "Price", "Lowest seen", "Suggested", "Stock", "Updated"],
            [product_row(row) for row in store.products()],
            "No products yet. seed.py adds a few to look at.",
        ),
        proposals=table(
            ["Product", "Price", "Why", "Status"],
            [proposal_row(row) for row in store.proposals(limit=10)],
            "No proposals yet.",
        ),
        jobs=table(
            ["Source", "Status", "Rows", "Finished"], [job_row(row) for row in store.jobs()], "Nothing was read yet."
        ),
        threads=table(
            ["Conversation", "Messages", "Summary", "Last"],
            [thread_row(row) for row in store.threads()],
            "No conversations yet.",
        ),
    )


def render_fault(message: str) -> str:
    return (
        '<!doctype html><meta charset="utf-8"><title>Dynamic pricing</title><style>:root{color-scheme:light dark}'
        "body{font:1rem/1.5 system-ui,sans-serif;margin:20vh auto;max-width:36rem;padding:0 1rem}</style>"
        f"<h1>Not available</h1><p>A database could not answer: <code>{html.escape(message)}</code></p>"
    )
