"""What a product should cost: below the competition, above the cost, never a jump."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Optional

DEFAULT_RULES = {
    "undercut": 0.01,  # below the lowest competitor
    "minimum_margin": 0.10,  # above the cost
    "maximum_change": 0.20,  # of today's price, in one step
    "demand_weight": 0.05,  # of what demand is above or below 1
}


class RulesError(Exception):
    """core/pricing.json cannot be used."""


def load_rules(root: Path) -> Dict[str, float]:
    """The defaults, with what core/pricing.json says instead."""
    try:
        own = json.loads((root / "core" / "pricing.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return dict(DEFAULT_RULES)
    except (OSError, ValueError) as error:
        raise RulesError(f"core/pricing.json: {error}") from None
    if not isinstance(own, dict):
        raise RulesError("core/pricing.json: not an object")
    for name, value in own.items():
        if name not in DEFAULT_RULES:
            raise RulesError(f"core/pricing.json: no rule is called {name!r}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise RulesError(f"core/pricing.json: {name} is not a number from 0 to 1")
    return {**DEFAULT_RULES, **own}


def suggest(
    price: float,
    *,
    rules: Dict[str, float],
    cost: Optional[float] = None,
    lowest: Optional[float] = None,
    demand: Optional[float] = None,
    floor: Optional[float] = None,
    ceiling: Optional[float] = None,
) -> float:
    target = price if lowest is None else lowest * (1 - rules["undercut"])
    if demand is not None:
        target *= 1 + rules["demand_weight"] * (demand - 1)
    change = rules["maximum_change"]
    target = min(max(target, price * (1 - change)), price * (1 + change))
    if ceiling is not None:
        target = min(target, ceiling)
    if floor is not None:
        target = max(target, floor)
    if cost is not None:  # last, so that no other rule sells at a loss
        target = max(target, cost * (1 + rules["minimum_margin"]))
    return round(target, 2)
