#!/usr/bin/env python3
"""The tables of docs/shipped-plugins.md, made from each plugin.yaml. Run with --write, it puts them into the page."""

import re
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs/shipped-plugins.md"
MARKED = re.compile(r"(<!-- tables of ([a-z0-9-]+) -->\n).*?(<!-- end of tables -->)", re.S)


def descriptions():
    files = sorted((REPOSITORY / "plugins").glob("*/plugin.yaml"))
    return {file.parent.name: yaml.safe_load(file.read_text()) for file in files}


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def default(schema):
    if "default" not in schema:
        return ""
    value = schema["default"]
    return f"`{str(value).lower() if isinstance(value, bool) else value}`".replace("'", "")


def tables(description):
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    required = description["settings"].get("required", [])
    for name, schema in description["settings"]["properties"].items():
        value = "must be given" if name in required else default(schema)
        lines.append(f"| `{name}` | {value} | {cell(schema['description'])} |")
    lines += ["", "| finding | severity | meaning | healing |", "| --- | --- | --- | --- |"]
    for name, kind in description["findings"].items():
        lines.append(f"| `{name}` | {kind['severity']} | {cell(kind['meaning'])} | {cell(kind['healing'])} |")
    return "\n".join(lines) + "\n"


def complete(text):
    """The page with the tables that its plugins have now."""
    known = descriptions()
    return MARKED.sub(lambda match: f"{match[1]}{tables(known[match[2]])}{match[3]}", text)


def examples(text):
    """Each block of YAML: whole manifests, but for `version: 1`."""
    return re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)


if __name__ == "__main__":
    text = complete(PAGE.read_text())
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text)
    else:
        sys.stdout.write(text)
