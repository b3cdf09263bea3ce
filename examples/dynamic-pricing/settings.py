"""The application's settings: `.env` in its root, overridden by the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping

_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)(?:\s*=\s*(.*))?")
_QUOTED = re.compile(r"""(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPES = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\""))


class SettingsError(Exception):
    """A setting nobody can work with. The text never quotes a value: it may be a secret."""


@dataclass(frozen=True)
class Settings:
    root: Path
    host: str
    port: int
    currency: str
    databases: Dict[str, Path]
    integrations: Dict[str, bool]


def parse_env(text: str) -> Dict[str, str]:
    """One assignment a line; quotes, comments and `export` as python-dotenv reads them, nothing is expanded."""
    values = {}
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(line)
        if not assignment:
            raise SettingsError(f"line {number} is not NAME=value")
        name, value = assignment.groups()
        if value is None:  # a name alone sets nothing
            continue
        if value[:1] in ("'", '"'):
            quoted = _QUOTED.fullmatch(value)
            if not quoted:
                raise SettingsError(f"line {number}: the quotes around {name} do not match")
            known = "\\'" if value[0] == "'" else _ESCAPES
            body = quoted.group(1) if value[0] == "'" else quoted.group(2)
            value = re.sub(r"\\(.)", lambda m: _ESCAPES[m[1]] if m[1] in known else m[0], body)
        else:
            value = re.sub(r"\s+#.*", "", value)
        values[name] = value
    return values


def load(root: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    try:
        values = parse_env((root / ".env").read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        values = {}
    except (OSError, UnicodeDecodeError, SettingsError) as error:
        raise SettingsError(f".env: {error}") from None

    def get(name: str, default: str = "") -> str:
        return environment.get(name) or values.get(name) or default

    port = get("PORT", "8000")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise SettingsError("PORT is not a port number (0 to 65535; 0 takes any that is free)")
    return Settings(
        root=root,
        host=get("HOST", "127.0.0.1"),
        port=int(port),
        currency=get("CURRENCY", "EUR"),
        databases={
            "data": root / get("APP_DB", "app/data.db"),
            "auth": root / get("AUTH_DB", "data/auth.db"),
            "chat": root / get("CHAT_DB", "data/chat.db"),
            "market": root / get("MARKET_DB", "data/market.db"),
        },
        integrations={"openai": bool(get("OPENAI_API_KEY")), "market": bool(get("MARKET_API_KEY"))},
    )
